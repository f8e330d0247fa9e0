"""Stores, keys and clocks for the tests of the key store."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from postproc.bits import Bits
from postproc.secretsink import SecretKey
from qkdctl.keystore.access import make_private
from qkdctl.keystore.entry import Origin
from qkdctl.keystore.sink import sink_for
from qkdctl.keystore.store import KeyStore

SESSION = b"0123456789abcdef"
ORIGIN = Origin("a scenario", "bbm92", "tomamichel2012", ("qubit-measurement",))


def filler(label: str, length: int) -> bytes:
    """Bytes that look random and are known."""
    return hashlib.shake_256(label.encode()).digest(length)


def shared_key(label: str = "shared", length: int = 48 + 32 * 40) -> bytes:
    return filler(label, length)


def make_key(block: int, n_bits: int = 203, refill=(2, 1), session: bytes = SESSION) -> SecretKey:
    return SecretKey(
        session=session,
        block=block,
        bits=Bits.from_bytes(filler(f"key {block}", (n_bits + 7) // 8), n_bits),
        refill={
            role: filler(f"{role} {block}", 16 * count)
            for role, count in zip(("alice", "bob"), refill, strict=True)
        },
        disclosed_bits=1000 + block,
        authentication_bits=384,
        epsilon=2e-10,
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request):
    """What a store stands on. A module that is about one of them says so by this name."""
    return request.param


@pytest.fixture
def path(tmp_path, engine, request):
    """Where Alice's store is, or will be."""
    path = tmp_path / "keys" / "alice.sqlite"
    if engine == "postgresql":
        name_server(path, request.getfixturevalue("postgres").emptied())
    return path


def name_server(path, conninfo):
    """Write the file that names a store's server."""
    file = path.with_suffix(".postgresql")
    make_private(file)
    file.write_text(conninfo)


@pytest.fixture
def store(path):
    """Alice's store, with a clock that ticks once a minute."""
    minutes = iter(range(10**6))
    now = lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=next(minutes))  # noqa: E731
    with KeyStore(path, "alice", now, wait_s=0.1) as opened:
        opened.pool.import_shared_key(shared_key())
        yield opened


@pytest.fixture
def sink(store):
    return sink_for(store, "recorded", ORIGIN)
