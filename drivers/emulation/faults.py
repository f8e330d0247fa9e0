"""What can go wrong on a line: an instrument that falls silent or slow, bytes that get lost, a power cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from drivers.transport.memory import Line, Port, Replies


@dataclass
class Faults:
    """What is wrong with the lines of one instrument; all zero when nothing is.

    Attributes
    ----------
    mute : bool
        It takes no notice and says nothing.
    delay_s : float
        Everything it says comes so much later.
    split_s : float
        Everything it says comes in two halves, so far apart.
    drop_bytes : int
        So many bytes of what it says next get lost.
    """

    mute: bool = False
    delay_s: float = 0.0
    split_s: float = 0.0
    drop_bytes: int = 0


@dataclass
class Power:
    """An instrument's power.

    Attributes
    ----------
    boots : int
        How often it was switched off and on.
    back_s : float
        Until then it is busy with itself.
    """

    boots: int = 0
    back_s: float = -inf


class FaultyPort:
    """A port whose lines suffer from faults.

    Parameters
    ----------
    port : callable
        Gives the port of the instrument as it is since it was last switched on.
    faults : Faults
        May change at any time.
    power : Power
        Likewise.
    """

    def __init__(self, port: Callable[[], Port], faults: Faults, power: Power) -> None:
        self._port, self._faults, self._power = port, faults, power

    def connect(self, now_s: float) -> Line:
        """See :class:`~drivers.transport.memory.Port`."""
        return FaultyLine(self._port, now_s, self._faults, self._power)


class FaultyLine:
    """A line that suffers from faults; whatever they are, it keeps the order of what is said.

    It outlasts its instrument's power cuts, as a cable does.
    """

    def __init__(self, port: Callable[[], Port], now_s: float, faults: Faults, power: Power) -> None:
        self._port, self._faults, self._power = port, faults, power
        self._line, self._boots = port().connect(now_s), power.boots
        self._said_s = -inf

    @property
    def wanted_port(self) -> int:
        """Where a reader looks for what this line says; 0 for nowhere in particular."""
        return int(getattr(self._line, "wanted_port", 0))

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        return self._suffered(self._live(now_s).feed(data, now_s)) if self._listens(now_s) else []

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        return self._suffered(self._live(now_s).poll(now_s)) if self._listens(now_s) else []

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        return self._live(now_s).next_s(now_s) if self._listens(now_s) else inf

    def hang_up(self) -> None:
        """See :class:`~drivers.transport.memory.Line`."""
        self._line.hang_up()

    def _listens(self, now_s: float) -> bool:
        return not self._faults.mute and now_s >= self._power.back_s

    def _live(self, now_s: float) -> Line:
        if self._boots != self._power.boots:
            self._line, self._boots = self._port().connect(now_s), self._power.boots
        return self._line

    def _suffered(self, replies: Replies) -> Replies:
        if not replies:
            return replies
        suffered: Replies = []
        for when_s, data in replies:
            rest = self._shortened(data)
            half = len(rest) // 2 if self._faults.split_s else 0
            due_s = max(when_s + self._faults.delay_s, self._said_s)
            self._said_s = due_s + self._faults.split_s
            halves = [(due_s, rest[:half]), (self._said_s, rest[half:])] if half else [(self._said_s, rest)]
            # What was said without a word, as messages may be, stays.
            suffered += [(due_s, part) for due_s, part in halves if part or not data]
        return suffered

    def _shortened(self, data: bytes) -> bytes:
        lost = min(self._faults.drop_bytes, len(data))
        self._faults.drop_bytes -= lost
        return data[lost:]
