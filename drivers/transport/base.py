"""What a transport offers."""

from __future__ import annotations

import time
from typing import Protocol


class Transport(Protocol):
    """A line to an instrument.

    Streams (TCP, serial, VISA) keep the order of bytes and no boundaries; a ZeroMQ transport keeps whole
    messages, one for each call. Time on the line is the transport's to tell: an emulated instrument in this
    process has its own.
    """

    @property
    def address(self) -> str:
        """Where it leads, as a person would write it."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes, or one message.

        Raises
        ------
        ConnectionFailed
            If the line is dead.
        """
        ...

    def read(self, timeout_s: float) -> bytes:
        """Give what has come, at least one byte or one message, waiting so long for it.

        Raises
        ------
        NoAnswer
            If nothing came in time.
        ConnectionFailed
            If the line is dead.
        """
        ...

    def waiting(self) -> bytes:
        """Give what has come already, without waiting; nothing where a look would disturb the instrument."""
        ...

    def close(self) -> None:
        """Let go of the line; closing twice does no harm."""
        ...

    def now_s(self) -> float:
        """Tell the time on this line, from an arbitrary zero on."""
        ...

    def pause(self, duration_s: float) -> None:
        """Let time pass."""
        ...


class RealTime:
    """What lines that leave this process have in common: their time is everybody's."""

    def now_s(self) -> float:
        """See :class:`Transport`."""
        return time.monotonic()

    def waiting(self) -> bytes:
        """See :class:`Transport`."""
        return b""

    def pause(self, duration_s: float) -> None:
        """See :class:`Transport`."""
        time.sleep(duration_s)
