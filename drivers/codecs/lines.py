"""Lines of text that end in a terminator."""

from __future__ import annotations

import re

from drivers.errors import BadAnswer, NoAnswer
from drivers.transport.base import Transport

MAX_LINE = 2**20


class LineSplitter:
    """Cut a stream of bytes into lines; what is not a whole line yet stays.

    Parameters
    ----------
    *ends : bytes
        Any of these ends a line; the first to occur counts, the longest at the same place.
    """

    def __init__(self, *ends: bytes) -> None:
        longest_first = sorted(ends, key=len, reverse=True)
        self._split = re.compile(b"|".join(map(re.escape, longest_first))).split
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, give the lines they complete, without their ends."""
        lines = self._split(self._rest + data)
        self._rest = lines.pop()
        return lines

    @property
    def rest(self) -> bytes:
        """What has come since the last end."""
        return self._rest

    def clear(self) -> None:
        """Forget what has come since the last end."""
        self._rest = b""


class LineReader:
    """Read lines from a transport, each within a deadline of its own.

    Parameters
    ----------
    transport : Transport
    *ends : bytes
        What ends a line.
    """

    def __init__(self, transport: Transport, *ends: bytes) -> None:
        self._transport = transport
        self._splitter = LineSplitter(*ends)
        self._lines: list[bytes] = []

    def line(self, timeout_s: float) -> bytes:
        """Give the next line, without its end.

        Raises
        ------
        NoAnswer
            If it is not complete in time; says what has come of it.
        BadAnswer
            If it has no end.
        """
        deadline = self._transport.now_s() + timeout_s
        while not self._lines:
            if len(self._splitter.rest) > MAX_LINE:
                raise BadAnswer(f"{self._transport.address}: a line of more than {MAX_LINE} bytes has no end")
            self._lines = self._splitter.feed(self._more(deadline - self._transport.now_s(), timeout_s))
        return self._lines.pop(0)

    def strays(self) -> bool:
        """Tell whether something has come that was not read; on the line it is read and forgotten."""
        came = self._transport.waiting()
        return bool(came or self._lines or self._splitter.rest)

    def drop(self) -> None:
        """Forget what has come and was not read, such as the late answer to an earlier question."""
        self._transport.waiting()
        self._lines.clear()
        self._splitter.clear()

    def _more(self, left_s: float, timeout_s: float) -> bytes:
        try:
            return self._transport.read(max(left_s, 0.0))
        except NoAnswer:
            rest = self._splitter.rest
            came = f"; {rest[:40]!r} came of it" if rest else ""
            raise NoAnswer(
                f"{self._transport.address}: no complete answer within {timeout_s:g} s{came}"
            ) from None
