"""Messages of the ID900's streams as they come: one for each channel and sub-acquisition, in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from drivers.errors import NoAnswer
from drivers.transport.base import Transport

#: Silent for so long, the stream has stalled: five sub-acquisitions.
STALLED_S = 1.0


class Messages:
    """What has come of one recording, and was not taken yet.

    Parameters
    ----------
    streams : sequence of Transport
        One for each channel.
    """

    def __init__(self, streams: Sequence[Transport]) -> None:
        self._streams = streams
        self._come: list[deque[bytes]] = [deque() for _ in streams]
        self._heard_s = streams[0].now_s()

    def wait(self, timeout_s: float) -> bool:
        """Wait for a message of each channel; false if they are late, and the instrument may still be alive.

        Raises
        ------
        NoAnswer
            If nothing has come for too long.
        """
        deadline = self._streams[0].now_s() + timeout_s
        for stream, come in zip(self._streams, self._come, strict=True):
            if not come:
                try:
                    come.append(stream.read(max(deadline - stream.now_s(), 0.0)))
                except NoAnswer:
                    if stream.now_s() - self._heard_s > STALLED_S:
                        raise
                    return False
                self._heard_s = stream.now_s()
        return True

    def next(self) -> list[bytes]:
        """Show each channel's next message, which must have come."""
        return [come[0] for come in self._come]

    def take(self) -> list[bytes]:
        """Give them."""
        return [come.popleft() for come in self._come]

    def count(self) -> int:
        """Tell how many messages have come of the channel that is furthest."""
        for stream, come in zip(self._streams, self._come, strict=True):
            with suppress(NoAnswer):
                while True:
                    come.append(stream.read(0.0))
        return max(map(len, self._come))
