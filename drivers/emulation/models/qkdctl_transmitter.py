"""A state transmitter with the protocol of ``docs/state-transmitter-protocol.md``.

It waits for a slow reader as long as it takes, so it drops no frame but those that a fault has told it to.
"""

from __future__ import annotations

from itertools import pairwise
from math import inf, isclose

import numpy as np

from drivers.codecs.lines import LineSplitter
from drivers.codecs.state_frames import GREETING, MAX_SLOTS, Frame, encode
from drivers.emulation.knob import Knob
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.seams import ModulatorSeam
from drivers.roles import Pattern
from drivers.transport.memory import Replies

LATENCY_S = 0.0002
MOST = 1e6
UNKNOWN, BAD_VALUE, RUNNING, IDLE, NO_PATTERN, NOBODY = range(1, 7)
TEXTS = {
    UNKNOWN: "unknown command",
    BAD_VALUE: "bad value",
    RUNNING: "not while running",
    IDLE: "not running",
    NO_PATTERN: "levels and probabilities do not belong together",
    NOBODY: "nobody is connected to the stream",
}


class Refused(Exception):
    """A command that is not obeyed.

    Parameters
    ----------
    code : int
    """

    def __init__(self, code: int) -> None:
        self.code = code


class TransmitterModel(Model):
    """The transmitter.

    Parameters
    ----------
    light : ModulatorSeam
    serial : str
    """

    def __init__(self, light: ModulatorSeam, serial: str) -> None:
        self._light, self._serial = light, serial
        self._numbers = {"SLOT_HZ": 1e6, "KEY_BASIS": 0.5, "FRAME_SLOTS": 2.0**18}
        self._lists: dict[str, tuple[float, ...]] = {"LEVELS": (1.0,), "PROBABILITIES": (1.0,)}
        self._stream: FrameLine | None = None
        self._started_s = 0.0
        self._total: int | None = 0
        self._frames = self._dropped = self._to_drop = 0
        self._abandoned = False
        self.troubles = {
            "drop_frames": Knob(
                "so many of its next frames get lost", lambda: self._to_drop, self._lose, 0, MOST
            )
        }
        self.ports = {"control": OwnPort(lambda _: ControlLine(self)), "stream": OwnPort(self._open_stream)}

    def run(self, line: str, now_s: float) -> str:
        """Execute a line and give its answer."""
        name, _, argument = line.strip().partition(" ")
        try:
            return self._query(name, now_s) if name.endswith("?") else self._obey(name, argument, now_s)
        except Refused as refused:
            return f"ERR {refused.code} {TEXTS[refused.code]}"

    @property
    def frame_slots(self) -> int:
        """Slots in a frame."""
        return int(self._numbers["FRAME_SLOTS"])

    def due_s(self) -> float:
        """Tell when the next frame will be whole."""
        over = self._total is not None and self._frames * self.frame_slots >= self._total
        if over or self._abandoned:
            return inf
        return self._started_s + (self._frames + 1) * self.frame_slots / self._numbers["SLOT_HZ"]

    def next_frame(self) -> bytes:
        """Make the next frame, empty where it gets lost; after the last one, also the end of the run."""
        first = self._frames * self.frame_slots
        if self._to_drop:
            self._to_drop -= 1
            self._dropped += 1
            frame = b""
        else:
            frame = encode(Frame(self._frames, first, self._light.states(first, self.frame_slots)))
        self._frames += 1
        return frame + self._end() if self._frames * self.frame_slots == self._total else frame

    def leave(self, line: FrameLine) -> None:
        """Take note that nobody reads the stream any more; frames are then lost."""
        if line is self._stream:
            self._stream = None

    def _open_stream(self, now_s: float) -> FrameLine:
        # What is left of a run that is over was for whoever listened then.
        self._abandoned = self._total is not None
        self._stream = FrameLine(self)
        return self._stream

    def _query(self, name: str, now_s: float) -> str:
        sent = self._sent(now_s)
        answers = {
            "ID?": f"QKDCTL,ST1,{self._serial},1.0",
            "STATE?": "IDLE" if self._total is not None else "RUNNING",
            "SENT?": str(sent),
            "DROPPED?": str(self._dropped),
            "EXTINCTION?": repr(self._light.extinction_db),
            "FRAME_SLOTS?": str(self.frame_slots),
        }
        key = name.rstrip("?")
        if name in answers:
            return answers[name]
        if key in self._numbers:
            return repr(self._numbers[key])
        if key in self._lists:
            return ",".join(map(repr, self._lists[key]))
        raise Refused(UNKNOWN)

    def _obey(self, name: str, argument: str, now_s: float) -> str:
        if name == "STOP" and not argument:
            return self._stop(now_s)
        if name not in ("START", *self._numbers, *self._lists):
            raise Refused(UNKNOWN)
        if self._total is None:
            raise Refused(RUNNING)
        if name == "START":
            self._start(argument, now_s)
        else:
            self._set(name, argument)
        return "OK"

    def _set(self, name: str, argument: str) -> None:
        try:
            values = tuple(float(each) for each in argument.split(","))
        except ValueError:
            raise Refused(BAD_VALUE) from None
        if not _allowed(name, values):
            raise Refused(BAD_VALUE)
        if name in self._lists:
            self._lists[name] = values
        else:
            self._numbers[name] = values[0]

    def _start(self, argument: str, now_s: float) -> None:
        if argument:
            raise Refused(BAD_VALUE)
        if self._stream is None:
            raise Refused(NOBODY)
        levels, probabilities = self._lists["LEVELS"], self._lists["PROBABILITIES"]
        if len(levels) != len(probabilities):
            raise Refused(NO_PATTERN)
        slot_hz, key_basis = self._numbers["SLOT_HZ"], self._numbers["KEY_BASIS"]
        pattern = Pattern(
            slot_hz=slot_hz, levels=levels, probabilities=probabilities, key_basis_probability=key_basis
        )
        self._started_s = self._light.begin(now_s, pattern)
        self._total, self._frames, self._dropped = None, 0, 0
        self._abandoned = False

    def _lose(self, now_s: float, frames: float) -> None:
        self._to_drop = int(frames)

    def _stop(self, now_s: float) -> str:
        if self._total is not None:
            raise Refused(IDLE)
        frames = max(int(np.ceil(self._sent(now_s) / self.frame_slots)), self._frames, 1)
        self._total = frames * self.frame_slots
        self._light.end(self._total)
        if self._stream is not None and self._frames == frames:
            self._stream.last_words = self._end()
        return f"OK {self._total}"

    def _end(self) -> bytes:
        return encode(Frame(self._frames, self._frames * self.frame_slots, np.empty(0, np.uint8)))

    def _sent(self, now_s: float) -> int:
        if self._total is not None:
            return self._total
        return max(int((now_s - self._started_s) * self._numbers["SLOT_HZ"]), 0)


def _allowed(name: str, values: tuple[float, ...]) -> bool:
    one = values[0] if len(values) == 1 else None
    match name:
        case "SLOT_HZ":
            return one is not None and 1e3 <= one <= 5e9
        case "KEY_BASIS":
            return one is not None and 0 <= one <= 1
        case "FRAME_SLOTS":
            return one is not None and 2 <= one <= MAX_SLOTS and one % 2 == 0
        case "LEVELS":
            descending = all(later < earlier for earlier, later in pairwise(values))
            return len(values) <= 4 and values[0] == 1 and descending and values[-1] >= 0
    return len(values) <= 4 and min(values) >= 0 and isclose(sum(values), 1, abs_tol=1e-6)


class ControlLine(QuietLine):
    """A client's line to the control port."""

    def __init__(self, model: TransmitterModel) -> None:
        self._model = model
        self._splitter = LineSplitter(b"\r\n", b"\n")

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        lines = [line.decode("ascii", "replace") for line in self._splitter.feed(data)]
        return [(now_s + LATENCY_S, self._model.run(line, now_s).encode("ascii") + b"\n") for line in lines]


class FrameLine(QuietLine):
    """A client's line to the stream port; it takes nothing."""

    def __init__(self, model: TransmitterModel) -> None:
        self._model = model
        self.last_words = GREETING

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        return []

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`: one frame at a time."""
        if self.last_words:
            words, self.last_words = self.last_words, b""
            return [(now_s, words)]
        frame = self._model.next_frame() if self._model.due_s() <= now_s else b""
        return [(now_s, frame)] if frame else []

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        return now_s if self.last_words else self._model.due_s()

    def hang_up(self) -> None:
        """See :class:`~drivers.transport.memory.Line`."""
        self._model.leave(self)
