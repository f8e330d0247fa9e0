"""A line that knows word for word what will be said on it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TypeVar

from drivers.errors import NoAnswer
from drivers.instrument import BaseInstrument

D = TypeVar("D", bound=BaseInstrument)


class Dialogue:
    """A transport that expects exact bytes, and answers exactly.

    Parameters
    ----------
    *turns : pairs of bytes, or of None
        What the driver has to write next (None for nothing), and what it then gets.
    """

    address = "dialogue:"

    def __init__(self, *turns: tuple[bytes | None, bytes]) -> None:
        self._turns = list(turns)
        self._coming = b""
        self._time_s = 0.0
        self._unsolicited()

    def write(self, data: bytes) -> None:
        assert self._turns, f"nothing more was expected, and {data!r} was written"
        expected, answer = self._turns.pop(0)
        assert data == expected
        self._coming += answer
        self._unsolicited()

    def read(self, timeout_s: float) -> bytes:
        if not self._coming:
            self._time_s += timeout_s
            raise NoAnswer(f"no answer within {timeout_s:g} s")
        data, self._coming = self._coming, b""
        return data

    def waiting(self) -> bytes:
        return b""

    def close(self) -> None:
        pass

    def now_s(self) -> float:
        return self._time_s

    def pause(self, duration_s: float) -> None:
        self._time_s += duration_s

    def finished(self) -> None:
        """Fail if something was left unsaid or unread."""
        assert not self._turns, f"never written: {self._turns[0][0]!r}"
        assert not self._coming, f"never read: {self._coming!r}"

    def _unsolicited(self) -> None:
        while self._turns and self._turns[0][0] is None:
            self._coming += self._turns.pop(0)[1]


@contextmanager
def talking(kind: Callable[..., D], *turns: tuple[bytes | None, bytes], **ports: Dialogue):
    """Open a driver on a dialogue, which must then be led to its end; closing the driver is not part of it."""
    first = Dialogue(*turns)
    lines = {kind.PORTS[0]: first, **ports}  # type: ignore[attr-defined]
    instrument = kind("bench.thing", lines.__getitem__)
    yield instrument
    for line in lines.values():
        line.finished()
