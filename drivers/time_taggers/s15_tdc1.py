"""S-Fifteen TDC1: four inputs, 2 ns, a USB serial port.

Sources: the vendor's wiki (TDC1 documentation: specifications, commands) and the vendor's Python library
pyS15, ``usb_counter_fpga.py``, for what is sent in which order and for the event words.

Unverified: what ``*IDN?`` answers beyond containing TDC1 (so a real one cannot say that it is not emulated);
how often words without an event come; what happens when nobody reads for long; whether a word shows only
the inputs that rose, as is assumed here, or, as the wiki has it, the state of all inputs.
"""

from __future__ import annotations

from contextlib import suppress

from drivers.errors import BadAnswer, ConnectionFailed, DataLost, InstrumentError, NoAnswer
from drivers.identity import EMULATED_MARK, Finding, Identity, fine, wrong
from drivers.line_instrument import LineInstrument
from drivers.parameters import Parameter
from drivers.time_taggers.tdc1_stream import Tdc1Stream
from drivers.transport.base import Transport
from drivers.transport.silence import drain
from postproc.timetags.types import TagChunk

CLOCKS = ("automatic", "external", "internal")
#: The stream has no end mark: after this long without a byte it has ended.
QUIET_S = 0.05
ABORT_TIMEOUT_S = 2.0
#: How long bytes are gathered before they are looked at.
GATHER_BYTES = 2**18


def _level(text: str) -> float:
    return float(text.split()[0])


def _show_level(value: float) -> str:
    return f"{'NEG' if value < 0 else 'POS'} {value:g}"


def _milliseconds(text: str) -> int:
    """The instrument answers with a signed number of 16 bits."""
    value = int(text.split()[0])
    return value + 65536 if value < 0 else value


class Tdc1(LineInstrument):
    """A TDC1, recording on inputs 1 to 4 as channels 0 to 3."""

    END = b"\r\n"
    resolution_ps = 2000.0
    channels = (0, 1, 2, 3)

    threshold_v = Parameter[float](
        "Level that a pulse has to cross, of all inputs; its sign is that of the pulses.",
        unit="V",
        get="LEVEL?",
        put="{}",
        low=-3.3,
        high=3.3,
        tolerance=0.05,
        parse=_level,
        show=_show_level,
    )
    clock = Parameter[str](
        "Which clock is used: the external 10 MHz if there is one, or one of them whatever happens.",
        unit="",
        get="REFCLK?",
        put="REFCLK {}",
        kind=str,
        choices=CLOCKS,
        parse=lambda text: CLOCKS[int(text.split()[0])],
        show=lambda name: str(CLOCKS.index(name)),
    )
    integration_time_ms = Parameter[int](
        "How long counts are added up.",
        unit="ms",
        get="time?",
        put="time {}",
        kind=int,
        low=1,
        high=65535,
        parse=_milliseconds,
    )

    _stream: Tdc1Stream | None = None

    def identify(self) -> Identity:
        """Ask ``*IDN?``."""
        answer = self.ask("*IDN?")
        if "TDC1" not in answer:
            raise BadAnswer(
                f"{self.name}: is {answer[:60]!r}, and this driver is for a TDC1; check the address"
            )
        serial = [word for word in answer.split() if EMULATED_MARK in word]
        return Identity("S-Fifteen Instruments", "TDC1", *serial[:1])

    def is_identification(self, line: bytes) -> bool:
        """No other answer has its name."""
        return b"TDC1" in line

    def begin(self, line: Transport) -> None:
        """End whatever the last user left running; an empty line ends half a command."""
        super().begin(line)
        _silence(line)

    def synchronise(self, line: Transport) -> None:
        """See :class:`~drivers.line_instrument.LineInstrument`; a stream that was given up may still run."""
        _silence(line)
        super().synchronise(line)

    def ask(self, command: str) -> str:
        """See :class:`~drivers.line_instrument.LineInstrument`; a stream leaves no room for questions."""
        self._require_idle(command)
        return super().ask(command)

    def tell(self, command: str) -> None:
        """Send a command. The instrument says nothing to it; whoever sets a parameter reads it back."""
        self._require_idle(command)
        self.do(command)

    def start(self) -> None:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            self._require_idle("start")
            self.ask("*IDN?")
            self.do("INPKT;time 0;timestamp;counts?;")
            self._stream = Tdc1Stream()

    def read(self, timeout_s: float) -> TagChunk:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            if self._stream is None or self._line is None:
                raise InstrumentError(f"{self.name}: no recording runs; start one first")
            try:
                return self._next(self._line, self._stream, timeout_s)
            except (NoAnswer, ConnectionFailed) as error:
                self._give_up(error)
                raise type(error)(f"{self.name}: the stream of events has stopped ({error})") from None
            except DataLost as error:
                raise DataLost(f"{self.name}: {error}") from None
            except BadAnswer as error:
                raise BadAnswer(f"{self.name}: sends no events ({error}); switch it off and on") from None

    def stop(self) -> None:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            if self._stream is None:
                return
            self._stream = None
            self._suspect = True
            try:
                if self._line is not None:
                    _silence(self._line)
            except ConnectionFailed:
                self.hang_up()

    def count_rates_hz(self, duration_s: float = 0.1) -> tuple[float, ...]:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            self.integration_time_ms = max(round(duration_s * 1000), 1)
            answer = self._in_order("counts?", lambda line: self._count(line, duration_s))
        return tuple(count / (round(duration_s * 1000) / 1000) for count in answer)

    def self_test(self) -> list[Finding]:
        """Look at the clock and at the threshold."""
        present = self.ask("ECLOCK?").split()[:1] == ["1"]
        found = [fine(f"inputs trigger at {self.threshold_v:g} V")]
        if present or self.clock == "internal":
            return [
                *found,
                fine(f"its clock is {'the external 10 MHz' if present else 'its own, as was asked for'}"),
            ]
        remedy = 'connect a 10 MHz reference, or set clock = "internal" if its own (50 ppm) will do'
        return [*found, wrong("there is no external 10 MHz reference", remedy)]

    def make_safe(self) -> None:
        """End the stream."""
        self.stop()

    def _count(self, line: Transport, duration_s: float) -> tuple[int, ...]:
        self.send(line, "singles;counts?")
        answer = self.answer(self.TIMEOUT_S + duration_s)
        try:
            counts = tuple(int(word) for word in answer.split())
        except ValueError:
            counts = ()
        if len(counts) != len(self.channels):
            raise BadAnswer(f"{answer[:60]!r} is not four counts")
        return counts

    def _next(self, line: Transport, stream: Tdc1Stream, timeout_s: float) -> TagChunk:
        deadline = line.now_s() + timeout_s
        stream.feed(_gather(line, timeout_s))
        while (chunk := stream.settled()).stop_ps == chunk.start_ps:
            try:
                stream.feed(_gather(line, max(deadline - line.now_s(), 0.0)))
            except NoAnswer:
                # Something came, so it is alive; what came is not settled yet.
                break
        return chunk

    def _give_up(self, error: NoAnswer | ConnectionFailed) -> None:
        self._stream = None
        self._suspect = True
        if isinstance(error, ConnectionFailed):
            self.hang_up()

    def _require_idle(self, what: str) -> None:
        if self._stream is not None:
            raise InstrumentError(f"{self.name}: {what!r} has to wait until the recording is stopped")


def _gather(line: Transport, timeout_s: float) -> bytes:
    """Take what has come; more at a time is less work."""
    parts = [line.read(timeout_s)]
    length = len(parts[0])
    with suppress(NoAnswer):
        while length < GATHER_BYTES:
            parts.append(line.read(0.0))
            length += len(parts[-1])
    return b"".join(parts)


def _silence(line: Transport) -> None:
    """End half a command and the stream, and drop what comes until nothing has come for a while."""
    line.write(b"\r\nabort\r\n")
    drain(line, QUIET_S, ABORT_TIMEOUT_S)
