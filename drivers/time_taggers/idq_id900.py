"""ID Quantique ID900 and ID1000 Time Controllers: four inputs, SCPI over ZeroMQ, tags through a service.

Sources: Time Controller Series user manual, pages 42 to 91 (commands, the DataLinkTarget service, limits);
MSL's driver (answers, word for word); the vendor's examples (order of commands, one message for each channel
and sub-acquisition). The tags come from the DataLinkTarget service, which the vendor's software starts on a
host computer: its address and those of its four streams have to be named as well::

    address = { main = "zmq://192.0.2.7:5555", dlt = "zmq://127.0.0.1:6060",
                stream1 = "zmq://127.0.0.1:4242", stream2 = "zmq://127.0.0.1:4243",
                stream3 = "zmq://127.0.0.1:4244", stream4 = "zmq://127.0.0.1:4245" }

Between sub-acquisitions the instrument is blind for 400 ns, five times a second: these are gaps.

What it loses to its buffers it counts, and does not say when it lost it: every sub-acquisition that had begun
when the count was taken back is a gap, unless it had been read before.

Name the instrument by its number (192.0.2.7): the service names streams by it.

Unverified: the answer to ``*IDN?``; from which firmware on there are ``RECord`` and ``RAW#:SEND`` (an older
one answers an error, which is told); that tags of one message are all of one sub-acquisition below the
instrument's limit of 10 million events a second; that messages are on their way for less than 0.2 s.
"""

from __future__ import annotations

from math import inf
from types import MappingProxyType
from urllib.parse import urlsplit

from drivers.errors import BadAnswer, ConnectionFailed, InstrumentError, NoAnswer
from drivers.identity import Finding, Identity, fine, wrong
from drivers.instrument import AskedInstrument, Connect
from drivers.parameters import Parameter
from drivers.time_taggers.id900_frames import PERIOD_PS, WIDTH_PS, empty, frame
from drivers.time_taggers.id900_messages import Messages
from drivers.time_taggers.id900_service import Service
from drivers.transport.base import Transport
from drivers.transport.silence import drain
from postproc.timetags.types import TagChunk

INPUTS = (1, 2, 3, 4)
STREAMS = tuple(f"stream{channel}" for channel in INPUTS)
#: The sub-acquisition that runs may have lost tags, and one whose messages are on their way.
AHEAD = 2
#: What is left of an earlier recording has come after this.
QUIET_S = 0.05
#: The vendor's example has the stream of channel 1 at this port.
FIRST_STREAM_PORT = 4242
PREPARE = (
    "REC:TRIG:ARM:MODE MANUal", "REC:ENABle ON", "REC:NUM INF", f"REC:PWID {WIDTH_PS};PPER {PERIOD_PS}",
)  # fmt: skip


def _of_all(template: str) -> str:
    return "\n".join(template.format(channel=channel) for channel in INPUTS)


def _alike(text: str) -> str:
    """Give what all inputs answer; they are set together."""
    answers = set(text.split("\n"))
    if len(answers) != 1:
        raise ValueError(text)
    return answers.pop()


class Id900(AskedInstrument):
    """A Time Controller, recording on inputs 1 to 4 as channels 0 to 3."""

    PORTS = ("main", "dlt", *STREAMS)
    PATTERNS = MappingProxyType(dict.fromkeys(STREAMS, "pair"))
    resolution_ps = 1.0
    channels = (0, 1, 2, 3)

    threshold_v = Parameter[float](
        "Level that a pulse has to cross, of all inputs.",
        unit="V",
        get=_of_all("INPU{channel}:THRE?"),
        put=_of_all("INPU{channel}:THRE {{0}}V"),
        low=-2.5,
        high=2.5,
        tolerance=0.02,
        parse=lambda text: float(_alike(text).removesuffix("V")),
    )
    edge = Parameter[str](
        "Edge of a pulse that counts, of all inputs.",
        unit="",
        get=_of_all("INPU{channel}:EDGE?"),
        put=_of_all("INPU{channel}:EDGE {{0}}"),
        kind=str,
        choices=("RISING", "FALLING"),
        parse=lambda text: _alike(text).strip().upper(),
    )
    coupling = Parameter[str](
        "Coupling of all inputs.",
        unit="",
        get=_of_all("INPU{channel}:COUP?"),
        put=_of_all("INPU{channel}:COUP {{0}}"),
        kind=str,
        choices=("AC", "DC"),
        parse=lambda text: _alike(text).strip().upper(),
    )
    clock = Parameter[str](
        "Which clock is used: its own, or the external 10 MHz.",
        unit="",
        get="DEVI:SYNC?",
        put="DEVI:SYNC {}",
        kind=str,
        choices=("internal", "external"),
        parse=lambda text: {"INT": "internal", "EXT": "external"}[text.strip().upper()[:3]],
        show=lambda name: name[:3].upper(),
    )

    _messages: Messages

    def __init__(self, name: str, connect: Connect) -> None:
        self._streams: list[Transport] = []
        self._next: int | None = None
        self._sends = False
        self._keys: list[str] = []
        self._whole_from = 0
        self._service = Service(name, connect, self.TIMEOUT_S)
        super().__init__(name, connect)

    def identify(self) -> Identity:
        """Ask ``*IDN?``."""
        answer = self.ask("*IDN?")
        parts = [part.strip() for part in answer.split(",")]
        if not self._is_identification(answer) or len(parts) != 4:
            raise BadAnswer(
                f"{self.name}: is {answer[:60]!r}, and this driver is for an ID900 or ID1000; check the address"
            )
        return Identity(*parts)

    def exchange(self, line: Transport, command: str) -> str:
        """Send one message after the other, each line of the command one; give the answers, each a line."""
        return "\n".join(self._exchange_one(line, each) for each in command.split("\n"))

    def synchronise(self, line: Transport) -> None:
        """Ask who it is until the answer is to that."""
        line.write(b"*IDN?")
        deadline = line.now_s() + self.TIMEOUT_S
        while not self._is_identification(
            line.read(max(deadline - line.now_s(), 0.0)).decode("ascii", "replace")
        ):
            pass

    def tell(self, command: str) -> None:
        """Send a command; a refusal is in its answer."""
        answer = self.ask(command)
        if "SCPI_ERR" in answer or "No connection" in answer or "not enabled" in answer:
            raise InstrumentError(f"{self.name}: did not accept {command!r}: {answer[:80]}")

    def start(self) -> None:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            if self._next is not None:
                raise InstrumentError(f"{self.name}: a recording runs already; stop it first")
            self._silence()
            self._sends = True
            for command in PREPARE:
                self.tell(command)
            self._keys = [
                self._start_stream(channel, stream)
                for channel, stream in zip(INPUTS, self._open_streams(), strict=True)
            ]
            self.tell("REC:PLAY")
            self._next, self._whole_from = 0, 0
            self._messages = Messages(self._streams)

    def read(self, timeout_s: float) -> TagChunk:
        """See :class:`drivers.roles.TimeTagger`: one sub-acquisition of 0.2 s at a time."""
        with self.lock:
            if self._next is None:
                raise InstrumentError(f"{self.name}: no recording runs; start one first")
            try:
                return self._read(self._next, timeout_s)
            except (NoAnswer, ConnectionFailed, BadAnswer) as error:
                self._next = None
                reason = str(error).removeprefix(f"{self.name}: ")
                raise type(error)(f"{self.name}: the stream of tags has stopped ({reason})") from None

    def stop(self) -> None:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            self._next = None
            if self._sends:
                self._silence()
                self._sends = False

    def count_rates_hz(self, duration_s: float = 0.1) -> tuple[float, ...]:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            length_ms = max(round(duration_s * 1000), 1)
            self.tell(_of_all("INPU{channel}:COUN:MODE CYCL;INTE " + str(length_ms)))
            assert self._line is not None
            self._line.pause(2 * length_ms / 1000)
            answer = self.ask(_of_all("INPU{channel}:COUN?"))
        try:
            return tuple(int(count) / (length_ms / 1000) for count in answer.split("\n"))
        except ValueError:
            raise BadAnswer(f"{self.name}: asked for its counts, it answered {answer[:60]!r}") from None

    def make_safe(self) -> None:
        """End the recording."""
        self.stop()

    def hang_up(self) -> None:
        """Close all lines."""
        for stream in self._streams:
            stream.close()
        self._streams = []
        self._service.hang_up()
        super().hang_up()

    def self_test(self) -> list[Finding]:
        """Look at the inputs' calibration, at the clock and at the service."""
        errors = self.ask(_of_all("INPU{channel}:HIRE:ERRO?")).split("\n")
        found = [
            wrong(
                f"input {channel} reports error {error}", "recalibrate it (DEVI:SAMP:RECA), check its pulses"
            )
            for channel, error in zip(INPUTS, errors, strict=True)
            if error.strip() != "0"
        ]
        running = self._service.running()
        if "SCPI_ERR" in self.ask("RAW1:SEND?"):
            found.append(
                wrong(
                    f"its firmware {self.identity().firmware} speaks the older dialect, without RAW and RECord",
                    "update its firmware",
                )
            )
        return [*found, fine(f"inputs trigger at {self.threshold_v:g} V, clock {self.clock}"), running]

    def _exchange_one(self, line: Transport, command: str) -> str:
        line.write(command.encode("ascii"))
        return _text(line.read(self.TIMEOUT_S))

    def _is_identification(self, answer: str) -> bool:
        return "ID1000" in answer or "ID900" in answer

    def _silence(self) -> None:
        """End what runs on this instrument, whoever began it."""
        self.tell("REC:STOP")
        self.tell(_of_all("RAW{channel}:SEND OFF"))
        self._service.stop(self._host())

    def _open_streams(self) -> list[Transport]:
        """Connect to the streams once, and drop what is left of an earlier recording."""
        if not self._streams:
            self._streams = [self._connect(port) for port in STREAMS]
        for stream in self._streams:
            drain(stream, QUIET_S, inf)
        return self._streams

    def _start_stream(self, channel: int, stream: Transport) -> str:
        # Inputs 1 to 4 are forwarded by the combiners 5 to 8.
        self.tell(f"RAW{channel}:REF:LINK NONE;:RAW{channel}:STOP:LINK TSCO{channel + 4}")
        self.ask(f"RAW{channel}:ERRORS:CLEAR")
        port = urlsplit(stream.address).port or FIRST_STREAM_PORT + channel - 1
        key = self._service.start(self._host(), channel, port)
        self.tell(f"RAW{channel}:SEND ON")
        return key

    def _host(self) -> str:
        assert self._line is not None
        return urlsplit(self._line.address).hostname or "127.0.0.1"

    def _read(self, number: int, timeout_s: float) -> TagChunk:
        if not self._messages.wait(timeout_s):
            return empty(number)
        self._see_whether_it_goes_on(number)
        lost = self._lost(number)
        self._next = number + 1
        return frame(number, self._messages.take(), number >= self._whole_from, lost or None)

    def _see_whether_it_goes_on(self, number: int) -> None:
        """An empty message is that of a sub-acquisition without tags, or a stream's last: the service knows."""
        for key, message in zip(self._keys, self._messages.next(), strict=True):
            if message:
                continue
            try:
                acquired = self._service.acquired(key)
            except InstrumentError as error:
                raise ConnectionFailed(f"somebody has ended the stream {key}: {error}") from None
            if acquired <= number:
                raise BadAnswer(f"{key} has given {number + 1} messages for {acquired} sub-acquisitions")

    def _lost(self, number: int) -> int:
        """Tell how many tags were lost since it was asked last, when the sub-acquisition before this was read."""
        answer = self.ask(_of_all("RAW{channel}:ERRORS?"))
        try:
            lost = sum(int(each) for each in answer.split("\n"))
        except ValueError:
            raise BadAnswer(f"asked for its errors, it answered {answer[:60]!r}") from None
        if lost:
            self.ask(_of_all("RAW{channel}:ERRORS:CLEAR"))
            self._whole_from = number + self._messages.count() + AHEAD
        return lost


def _text(message: bytes) -> str:
    try:
        return message.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise BadAnswer(f"{message[:40]!r} is not plain text") from None
