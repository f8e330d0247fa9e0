"""An S-Fifteen TDC1 time tagger.

Sources: the vendor's wiki and pyS15. Lines end with ``;`` or CR LF, queries with ``?``, answers with CR LF;
``counts?`` in timestamp mode pours event words until ``abort``. Invented: the text of ``*IDN?`` and of
``LEVEL?`` beyond its first number, that an unknown command is answered by a line, how often words without
an event come, how wrong its own clock is, and that its memory never overflows: it waits for a slow reader as long as it
takes.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
from numpy.typing import NDArray

from drivers.codecs import tdc1_words as codec
from drivers.codecs.lines import LineSplitter
from drivers.emulation.knob import trouble
from drivers.emulation.models.base import Model, OwnPort
from drivers.emulation.models.timebase import Timebase
from drivers.emulation.seams import TaggerSeam
from drivers.transport.memory import Replies

END = b"\r\n"
NIM_V, TTL_V, LIMIT_V = -0.6, 1.6, 3.3
#: A word without an event comes this often: four times in a wrap.
MARK_UNITS = codec.WRAP // 4
LATENCY_S = 0.0005
INTERNAL = 2
#: Its own clock is too fast by so much; 50 are allowed.
FREE_PPM = 23
#: Inputs that pairs mode looks at together.
PAIRS = ((0, 2), (0, 3), (1, 2), (1, 3))


class Tdc1Model(Model):
    """The time tagger, as it is after it was plugged in.

    Parameters
    ----------
    cables : TaggerSeam
    serial : str
    """

    def __init__(self, cables: TaggerSeam, serial: str) -> None:
        self.cables, self._serial = cables, serial
        self.mode, self.time_ms, self.level_v, self._clock = "singles", 1000, NIM_V, 0
        self.reference_present = True
        self.cables.trigger(0.0, self.level_v)
        self.timebase = Timebase(FREE_PPM)
        self.troubles = {"reference_lost": trouble("its external 10 MHz is gone", self._lose_reference)}
        self.ports = {"main": OwnPort(lambda _: Tdc1Line(self))}

    def run(self, command: str, now_s: float) -> str | None:
        """Execute a command other than ``counts?`` and ``abort``; give its answer, if it has one."""
        name, *arguments = command.split()
        answers: dict[str, Callable[[], str]] = {
            "*idn?": lambda: f"TDC1 time-to-digital converter, S-Fifteen Instruments, {self._serial}",
            "mode?": lambda: str({"singles": 0, "pairs": 1, "timestamp": 3}[self.mode]),
            "time?": lambda: str(self.time_ms - 65536 if self.time_ms >= 32768 else self.time_ms),
            "level?": lambda: f"{self.level_v:.3f} V",
            "refclk?": lambda: str(self._clock),
            "eclock?": lambda: str(int(self.reference_present)),
            "help": lambda: "commands: *IDN? MODE? singles pairs timestamp time counts? LEVEL? REFCLK abort",
        }
        if name.lower() in answers:
            return answers[name.lower()]()
        known = self._set(name.lower(), arguments)
        self.cables.trigger(now_s, self.level_v)
        return None if known else f"unknown command: {command}"

    def _set(self, name: str, arguments: list[str]) -> bool:
        """Set something; false if the command is unknown."""
        value = _number(arguments)
        if name in ("singles", "pairs", "timestamp"):
            self.mode = name
        elif name in ("nim", "ttl"):
            self.level_v = NIM_V if name == "nim" else TTL_V
        elif name in ("neg", "pos") and value is not None:
            self.level_v = max(min(abs(value), LIMIT_V), 0.0) * (-1 if name == "neg" else 1)
        elif name == "time" and value is not None and 0 <= value <= 65535:
            self.time_ms = int(value)
        elif name == "refclk" and value in (0, 1, 2):
            self._clock = int(value)
            self._choose_clock()
        elif name == "*rst":
            self.mode, self.time_ms, self.level_v, self._clock = "singles", 1000, NIM_V, 0
        else:
            return name == "inpkt"
        return True

    def _lose_reference(self, now_s: float, value: bool) -> None:
        self.reference_present = not value
        self._choose_clock()

    def _choose_clock(self) -> None:
        """Automatic: the external clock if there is one. Without it, it goes at its own pace even if it is forced."""
        self.timebase.follow(self.reference_present and self._clock != INTERNAL)


def _number(arguments: list[str]) -> float | None:
    try:
        return float(arguments[0]) if len(arguments) == 1 else None
    except ValueError:
        return None


class Tdc1Line:
    """The line to a TDC1."""

    def __init__(self, model: Tdc1Model) -> None:
        self._model = model
        self._splitter = LineSplitter(END, b";", b"\n", b"\r")
        self._streaming = False
        self._ends_s = inf
        self._next_mark: int | None = None

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        replies: Replies = []
        for line in self._splitter.feed(data):
            command = line.decode("ascii", "replace").strip()
            if command:
                replies += self._take(command, now_s)
        return replies

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`: at most one block of the bench at a time."""
        if not self._streaming or now_s < self.next_s(now_s):
            return []
        until_s = min(now_s, self._model.cables.next_s())
        self._streaming = until_s < self._ends_s
        return [(now_s, words)] if (words := self._words(until_s)) else []

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        return min(self._model.cables.next_s(), self._ends_s) if self._streaming else inf

    def hang_up(self) -> None:
        """See :class:`~drivers.transport.memory.Line`: USB makes nobody stop."""

    def _take(self, command: str, now_s: float) -> Replies:
        if command.lower() == "abort":
            self._streaming = False
        elif command.lower() == "counts?":
            return self._count(now_s)
        elif (answer := self._model.run(command, now_s)) is not None:
            return [(now_s + LATENCY_S, answer.encode("ascii", "replace") + END)]
        return []

    def _count(self, now_s: float) -> Replies:
        model, length_s = self._model, self._model.time_ms / 1000
        if model.mode == "timestamp":
            model.cables.begin(now_s)
            self._streaming = True
            self._ends_s = now_s + length_s if length_s else inf
            self._next_mark = None
            return []
        counts = model.cables.pulses(now_s, now_s + length_s)
        if model.mode == "pairs":
            counts += tuple(0 for _ in PAIRS)
        return [(now_s + length_s + LATENCY_S, " ".join(map(str, counts)).encode() + END)]

    def _words(self, until_s: float) -> bytes:
        """Event words of the clicks since the last look, and of no event where none came for long."""
        found = self._model.cables.clicks(until_s)
        timebase = self._model.timebase
        units, patterns = codec.merged(timebase.shown(found.time_ps) // codec.UNIT_PS, found.input)
        last = timebase.instant(found.until_ps) // codec.UNIT_PS
        marks = self._marks(int(units[0]) if len(units) else last, last)
        places = np.searchsorted(units, marks)
        return codec.words_of(np.insert(units, places, marks), np.insert(patterns, places, 0)).tobytes()

    def _marks(self, first: int, last: int) -> NDArray[np.int64]:
        """Times of the words without an event, counted from the first word of the stream on."""
        if self._next_mark is None:
            self._next_mark = -(-first // MARK_UNITS)
        numbers = range(self._next_mark, last // MARK_UNITS + 1)
        self._next_mark += len(numbers)
        return np.array(numbers, np.int64) * np.int64(MARK_UNITS)
