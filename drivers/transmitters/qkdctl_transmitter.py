"""A state transmitter that speaks the protocol of ``docs/state-transmitter-protocol.md``.

The protocol is ours, because no vendor's is public; nothing in it is verified on anybody's hardware.
"""

from __future__ import annotations

import re
from collections import deque
from itertools import pairwise
from math import isclose

from drivers.codecs.state_frames import GREETING, Frame, FrameReader
from drivers.errors import BadAnswer, ConnectionFailed, DataLost, InstrumentError, LimitError, NoAnswer
from drivers.identity import Finding, Identity, fine, wrong
from drivers.instrument import Connect
from drivers.line_instrument import LineInstrument
from drivers.parameters import Parameter
from drivers.roles import Pattern
from drivers.transport.base import Transport
from postproc.timetags.types import StateChunk


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(each) for each in text.split(","))


def _show_numbers(values: tuple[float, ...]) -> str:
    return ",".join(repr(float(each)) for each in values)


class Transmitter(LineInstrument):
    """A transmitter."""

    PORTS = ("control", "stream")
    IDENTIFY = "ID?"

    slot_hz = Parameter[float](
        "Slots a second.", unit="Hz", get="SLOT_HZ?", put="SLOT_HZ {}", low=1e3, high=5e9, show=repr
    )
    levels = Parameter[tuple[float, ...]](
        "Pulse energy of each intensity in units of the brightest, brightest first.",
        unit="",
        get="LEVELS?",
        put="LEVELS {}",
        kind=tuple,
        low=0,
        high=1,
        parse=_numbers,
        show=_show_numbers,
    )
    probabilities = Parameter[tuple[float, ...]](
        "How often each intensity is sent.",
        unit="",
        get="PROBABILITIES?",
        put="PROBABILITIES {}",
        kind=tuple,
        low=0,
        high=1,
        parse=_numbers,
        show=_show_numbers,
    )
    key_basis_probability = Parameter[float](
        "How often the key basis is sent.",
        unit="",
        get="KEY_BASIS?",
        put="KEY_BASIS {}",
        low=0,
        high=1,
        show=repr,
    )
    frame_slots = Parameter[int](
        "Slots in a frame.",
        unit="",
        get="FRAME_SLOTS?",
        put="FRAME_SLOTS {}",
        kind=int,
        low=2,
        high=2**22,
        parse=int,
    )
    extinction_db = Parameter[float](
        "Lowest level that the modulators reach, below the brightest.", unit="dB", get="EXTINCTION?"
    )

    def __init__(self, name: str, connect: Connect) -> None:
        self._stream: Transport | None = None
        self._frames: deque[Frame] = deque()
        self._reading = FrameReader()
        self._next_frame = self._next_slot = 0
        super().__init__(name, connect)

    def identify(self) -> Identity:
        """Ask ``ID?``."""
        answer = self.ask("ID?")
        parts = answer.split(",")
        if len(parts) != 4 or parts[:2] != ["QKDCTL", "ST1"]:
            raise BadAnswer(
                f"{self.name}: is {answer[:60]!r}, and this driver is for a QKDCTL,ST1; check the address"
            )
        return Identity(*parts)

    def is_identification(self, line: bytes) -> bool:
        """No other answer begins like it."""
        return line.startswith(b"QKDCTL,ST1,")

    def ask(self, command: str) -> str:
        """See :class:`~drivers.instrument.AskedInstrument`; an answer may be a refusal."""
        answer = super().ask(command)
        if answer.startswith("ERR"):
            raise InstrumentError(f"{self.name}: did not accept {command!r}: {answer.removeprefix('ERR ')}")
        return answer

    def tell(self, command: str) -> None:
        """Send a command."""
        answer = self.ask(command)
        if answer != "OK":
            raise BadAnswer(f"{self.name}: answered {command!r} by {answer[:60]!r} and not by OK")

    def configure(self, pattern: Pattern) -> None:
        """See :class:`drivers.roles.StateTransmitter`."""
        self._check(pattern)
        with self.lock:
            self.slot_hz = pattern.slot_hz
            self.levels = pattern.levels
            self.probabilities = pattern.probabilities
            self.key_basis_probability = pattern.key_basis_probability

    def start(self) -> None:
        """See :class:`drivers.roles.StateTransmitter`; a new stream drops what is left of an old one."""
        with self.lock:
            self._close_stream()
            self._frames.clear()
            self._reading = FrameReader()
            self._next_frame = self._next_slot = 0
            self._stream = self._connect("stream")
            self._after_greeting(self._stream)
            self.tell("START")

    def read(self, timeout_s: float) -> StateChunk:
        """See :class:`drivers.roles.StateTransmitter`; after `stop`, what is left can still be read."""
        with self.lock:
            frame = self._frame(timeout_s)
            self._check_order(frame)
            if not len(frame.states):
                self._close_stream()
                raise InstrumentError(f"{self.name}: has stopped, and all states of the run are read")
            self._next_frame, self._next_slot = frame.number + 1, frame.first_slot + len(frame.states)
            return StateChunk(frame.first_slot, frame.states)

    def stop(self) -> int:
        """See :class:`drivers.roles.StateTransmitter`."""
        answer = self.ask("STOP")
        sent = re.fullmatch(r"OK ([0-9]{1,19})", answer)
        if sent is None:
            raise BadAnswer(
                f"{self.name}: answered 'STOP' by {answer[:60]!r} and not by OK and the slots sent"
            )
        return int(sent[1])

    def make_safe(self) -> None:
        """Send nothing any more."""
        if self.ask("STATE?") == "RUNNING":
            self.stop()

    def hang_up(self) -> None:
        """Close both lines."""
        self._close_stream()
        super().hang_up()

    def self_test(self) -> list[Finding]:
        """Look at what it dropped, and at the extinction."""
        dropped = self.ask("DROPPED?")
        state = self.ask("STATE?").lower()
        found = [fine(f"{state}, modulators reach {self.extinction_db:g} dB")]
        if dropped != "0":
            found.append(wrong(f"it dropped {dropped} frames", "read faster, or send fewer slots a second"))
        return found

    def _after_greeting(self, stream: Transport) -> None:
        """Wait until the transmitter knows that it is listened to."""
        said = b""
        try:
            while len(said) < len(GREETING):
                said += stream.read(self.TIMEOUT_S)
        except (NoAnswer, ConnectionFailed) as error:
            raise type(error)(f"{self.name}: does not greet on its stream port ({error})") from None
        if not said.startswith(GREETING):
            raise BadAnswer(
                f"{self.name}: begins its stream with {said[:16]!r}; check the stream port's address"
            )
        self._take(said[len(GREETING) :])

    def _check(self, pattern: Pattern) -> None:
        for name in ("slot_hz", "levels", "probabilities", "key_basis_probability"):
            getattr(type(self), name).check(self.name, getattr(pattern, name))
        levels, probabilities = pattern.levels, pattern.probabilities
        descending = all(later < earlier for earlier, later in pairwise(levels))
        if not 1 <= len(levels) <= 4 or levels[0] != 1 or not descending:
            raise LimitError(f"{self.name}: levels must be 1 and then descend, four at most, got {levels}")
        if len(probabilities) != len(levels) or not isclose(sum(probabilities), 1, abs_tol=1e-6):
            raise LimitError(
                f"{self.name}: each level needs a probability, and they sum to 1, got {probabilities}"
            )

    def _frame(self, timeout_s: float) -> Frame:
        if not self._frames and self._stream is None:
            raise InstrumentError(f"{self.name}: sends nothing; start it first")
        try:
            while not self._frames:
                assert self._stream is not None
                self._take(self._stream.read(timeout_s))
        except (NoAnswer, ConnectionFailed) as error:
            raise type(error)(f"{self.name}: the stream of states has stopped ({error})") from None
        return self._frames.popleft()

    def _take(self, data: bytes) -> None:
        try:
            self._frames.extend(self._reading.feed(data))
        except BadAnswer as error:
            raise BadAnswer(
                f"{self.name}: its stream makes no sense ({error}); stop it and start again"
            ) from None

    def _check_order(self, frame: Frame) -> None:
        """Say it once if frames are missing; the one at hand can then be read."""
        found, due = (frame.number, frame.first_slot), (self._next_frame, self._next_slot)
        if found == due:
            return
        self._next_frame, self._next_slot = found
        if frame.number <= due[0] or frame.first_slot <= due[1]:
            raise BadAnswer(
                f"{self.name}: sends frame {found} where {due} is due (frame, slot); switch it off and on"
            )
        self._frames.appendleft(frame)
        lost = f"{found[1] - due[1]} slots from slot {due[1]} on"
        raise DataLost(
            f"{self.name}: dropped the states of {lost}; read faster, or send fewer slots a second"
        )

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = None
