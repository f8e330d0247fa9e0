"""Splitting a secret into shares, all of which are needed, and putting it together again where they arrive."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

from qkdctl.network.envelope import xor
from qkdctl.network.letters import worst

PATIENCE_S = 30.0
"""How long shares wait for the others."""

REMEMBERED_S = 2 * PATIENCE_S
"""How long a relay that was called off is remembered: no envelope is on its way for longer."""

MOST_WAITING = 4096


def split(secret: bytes, count: int, random: Callable[[int], bytes]) -> list[bytes]:
    """Give so many shares whose exclusive-or is the secret; any fewer are uniform and say nothing."""
    shares = [random(len(secret)) for _ in range(count - 1)]
    return [*shares, xor(secret, *shares)]


class Whole(NamedTuple):
    """A secret that is together again.

    Attributes
    ----------
    secret : bytes
    label : str
        The worst of all shares.
    """

    secret: bytes
    label: str


@dataclass
class _Waiting:
    """The shares of one relay."""

    count: int
    until: float
    letter: bytes
    label: str = "secret"
    shares: dict[int, bytes] = field(default_factory=dict)


class Assembly:
    """Shares that have arrived, in memory, until all of a relay's are there or it takes too long.

    Parameters
    ----------
    now : callable, optional
        The clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._waiting: dict[str, _Waiting] = {}
        self._dropped: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(
        self, relay: str, letter: bytes, count: int, number: int, share: bytes, label: str
    ) -> Whole | None:
        """Take a share; give the secret once all are there.

        Parameters
        ----------
        relay : str
        letter : bytes
            What came with the share: the same for all.
        count : int
            How many there are.
        number : int
            Which this is, from 0.
        share : bytes
        label : str
            The worst of the link keys that it came under.

        Raises
        ------
        ValueError
            If it came before, does not belong to the others, was called off, or there are too many relays unfinished.
        """
        self.sweep()
        if relay in self._dropped:
            raise ValueError("the relay was called off")
        if relay not in self._waiting and len(self._waiting) >= MOST_WAITING:
            raise ValueError("too many relays are unfinished")
        found = self._waiting.setdefault(relay, _Waiting(count, self._now() + PATIENCE_S, letter))
        if found.letter != letter or found.count != count or number in found.shares:
            raise ValueError("the share came before, or does not belong to the others")
        found.shares[number] = share
        found.label = worst(found.label, label)
        if len(found.shares) < count:
            return None
        del self._waiting[relay]
        return Whole(xor(*found.shares.values()), found.label)

    def drop(self, relay: str) -> None:
        """Forget a relay's shares, and those that may still be on their way."""
        self._waiting.pop(relay, None)
        self._dropped[relay] = self._now() + REMEMBERED_S
        while len(self._dropped) > MOST_WAITING:
            self._dropped.popitem(last=False)

    def sweep(self) -> None:
        """Forget what waits for too long."""
        now = self._now()
        for relay in [name for name, one in self._waiting.items() if one.until < now]:
            del self._waiting[relay]
        for relay in [name for name, until in self._dropped.items() if until < now]:
            del self._dropped[relay]
