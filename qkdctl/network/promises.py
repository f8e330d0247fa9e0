"""Link key that is spoken for: promised to relays on their way, and not yet cut.

A promise costs nothing and binds nobody for long: cutting is exact and durable, promises only keep two relays
from setting out for the same bytes. One that nobody comes for lapses.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic

VALID_S = 10.0


class Promises:
    """The promises of one link's end.

    Parameters
    ----------
    now : callable, optional
        The clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._promised: dict[Hashable, tuple[int, float]] = {}

    def total(self) -> int:
        """Bytes that are promised."""
        now = self._now()
        self._promised = {name: one for name, one in self._promised.items() if one[1] >= now}
        return sum(length for length, _ in self._promised.values())

    def hold(self, name: Hashable, length: int, free: int) -> bool:
        """Promise bytes out of those that are free; tell whether there were enough."""
        if name in self._promised or self.total() + length > free:
            return False
        self._promised[name] = (length, self._now() + VALID_S)
        return True

    def release(self, name: Hashable) -> None:
        """Take a promise back, or keep it: its bytes are being cut."""
        self._promised.pop(name, None)
