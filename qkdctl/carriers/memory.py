"""Two ends in one thread."""

from __future__ import annotations

from collections import deque

CAPACITY = 1000


class MemoryCarrier:
    """One end of a pair; see :func:`memory_pair`."""

    def __init__(self, incoming: deque[bytes], outgoing: deque[bytes]) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def send(self, packet: bytes) -> None:
        """See :class:`~qkdctl.carriers.base.Carrier`."""
        if len(self._outgoing) < CAPACITY:
            self._outgoing.append(packet)

    def receive(self) -> bytes | None:
        """See :class:`~qkdctl.carriers.base.Carrier`."""
        return self._incoming.popleft() if self._incoming else None

    def close(self) -> None:
        """See :class:`~qkdctl.carriers.base.Carrier`."""


def memory_pair() -> tuple[MemoryCarrier, MemoryCarrier]:
    """Give both ends."""
    there: deque[bytes] = deque()
    back: deque[bytes] = deque()
    return MemoryCarrier(back, there), MemoryCarrier(there, back)
