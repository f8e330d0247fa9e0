"""Drivers of instruments that speak in lines of text."""

from __future__ import annotations

from typing import ClassVar

from drivers.codecs.lines import LineReader
from drivers.errors import BadAnswer
from drivers.instrument import AskedInstrument
from drivers.transport.base import Transport


class LineInstrument(AskedInstrument):
    """An instrument that takes a line and answers a query with a line.

    Attributes
    ----------
    END : bytes
        What ends a line that is sent.
    ENDS : tuple of bytes
        What may end a line that is received.
    IDENTIFY : str
        The question whose answer is unlike any other: it tells where late answers end.
    """

    END: ClassVar[bytes] = b"\n"
    ENDS: ClassVar[tuple[bytes, ...]] = (b"\r\n", b"\n")
    IDENTIFY: ClassVar[str] = "*IDN?"

    _reader: LineReader

    def begin(self, line: Transport) -> None:
        """See :class:`~drivers.instrument.AskedInstrument`."""
        self._reader = LineReader(line, *self.ENDS)

    def exchange(self, line: Transport, command: str) -> str:
        """See :class:`~drivers.instrument.AskedInstrument`."""
        self.send(line, command)
        return self.answer()

    def send(self, line: Transport, command: str) -> None:
        """Send a line."""
        line.write(command.encode("ascii") + self.END)

    def answer(self, timeout_s: float | None = None) -> str:
        """Read a line of plain text."""
        text = self._reader.line(self.TIMEOUT_S if timeout_s is None else timeout_s)
        try:
            return text.decode("ascii").strip()
        except UnicodeDecodeError:
            raise BadAnswer(f"{text[:40]!r} is not plain text") from None

    def strays(self, line: Transport) -> bool:
        """See :class:`~drivers.instrument.AskedInstrument`."""
        return self._reader.strays()

    def do(self, command: str) -> None:
        """Send a command that has no answer."""
        self._in_order(command, lambda line: self.send(line, command))

    def synchronise(self, line: Transport) -> None:
        """Ask who it is, and skip lines up to the answer."""
        self._reader.drop()
        self.send(line, self.IDENTIFY)
        deadline = line.now_s() + self.TIMEOUT_S
        while not self.is_identification(self._reader.line(max(deadline - line.now_s(), 0.0))):
            pass

    def is_identification(self, line: bytes) -> bool:
        """Tell the answer to the question who it is from anything else."""
        raise NotImplementedError
