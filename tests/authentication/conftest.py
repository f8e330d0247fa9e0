"""The same contract for every pool: in memory, and in a key store."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from postproc.authentication.memory_pool import MemoryPool
from qkdctl.keystore.store import KeyStore

SHARED_KEY = np.random.default_rng(11).bytes(48 + 32 * 100)

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands still unless it is put forward."""

    seconds: float = 0.0

    @property
    def passed(self) -> timedelta:
        """How far it was put forward."""
        return timedelta(seconds=self.seconds)


@pytest.fixture
def clock():
    """What the pools think of the time."""
    return Clock()


@pytest.fixture(params=["memory", "stored"])
def make_pool(request, tmp_path, clock):
    """Give a function that makes a pool of a pre-shared key."""
    with ExitStack() as stack:
        count = iter(range(1000))

        def make(shared_key=SHARED_KEY):
            if request.param == "memory":
                return MemoryPool(shared_key, now=lambda: clock.seconds)
            path = tmp_path / f"{next(count)}.sqlite"
            store = stack.enter_context(KeyStore(path, "alice", lambda: BEGINNING + clock.passed))
            store.pool.import_shared_key(shared_key)
            return store.pool

        yield make
