"""Thorlabs MPC320: motorised polarisation controller with three paddles, APT protocol on a USB serial port.

Sources: Thorlabs' APT protocol description, issue 37 (messages, header, data); QMI's driver (170 degrees are 1370
counts, the paddles are channels 1, 2 and 4). Messages about moves that are over come at any time; they are
skipped unless they are waited for.

Unverified: how fast the paddles turn; what the status' current means; how far the paddles really go. Most drivers have
170 degrees, some 160, and one laboratory's goes from 1.5 to 159 and no further: positions from 0 to 1 are within these.
The same one takes 989 counts off the position that it reads, which this one does not.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from types import MappingProxyType
from typing import ClassVar

from drivers.codecs.apt import DEVICE, HOST, Message, MessageReader, encode
from drivers.errors import BadAnswer, InstrumentError, LimitError, NoAnswer
from drivers.identity import EMULATED_MARK, Finding, Identity, fine
from drivers.instrument import AskedInstrument
from drivers.transport.base import Transport

PADDLES = (1, 2, 4)
DEGREES_PER_COUNT = 170 / 1370
FULL_TURN_DEG = 170.0
#: One laboratory's driver goes no further.
FIRST_DEG, LAST_DEG = 1.5, 159.0
REQ_INFO, GET_INFO, ENABLE = 0x0005, 0x0006, 0x0210
MOVE_HOME, HOMED, MOVE_TO, MOVED = 0x0443, 0x0444, 0x0453, 0x0464
REQ_POSITION, GET_POSITION = 0x0411, 0x0412
#: Serial number, model, type, firmware, notes; hardware follows.
INFO = struct.Struct("<I8sH4B48s")
POSITION = struct.Struct("<Hi")
#: A turn from one end to the other takes some seconds.
MOVE_TIMEOUT_S = 10.0
#: The rest of a message that has begun comes within this; what has not is none.
REST_S = 0.02
#: A position beyond its ends by more than this was never one.
BEYOND_COUNTS = 50


class Mpc320(AskedInstrument):
    """An MPC320."""

    SERIAL: ClassVar = MappingProxyType({"baudrate": "115200", "rtscts": "1"})

    _reader: MessageReader

    @property
    def angles_deg(self) -> tuple[float, ...]:
        """Where the paddles stand."""
        with self.lock:
            return tuple(self._angle(paddle) for paddle in PADDLES)

    @angles_deg.setter
    def angles_deg(self, value: tuple[float, ...]) -> None:
        if len(value) != len(PADDLES) or not all(0 <= each <= FULL_TURN_DEG for each in value):
            raise LimitError(
                f"{self.name}: angles_deg must be three numbers from 0 to 170 deg, got {value!r}; nothing was sent"
            )
        with self.lock:
            for paddle, angle in zip(PADDLES, value, strict=True):
                self._move(paddle, round(angle / DEGREES_PER_COUNT))

    @property
    def positions(self) -> tuple[float, ...]:
        """See :class:`drivers.roles.PolarisationController`; beyond its ends a paddle counts as at the end."""
        shares = ((angle - FIRST_DEG) / (LAST_DEG - FIRST_DEG) for angle in self.angles_deg)
        return tuple(min(max(share, 0.0), 1.0) for share in shares)

    @positions.setter
    def positions(self, value: tuple[float, ...]) -> None:
        if len(value) != len(PADDLES) or not all(0 <= each <= 1 for each in value):
            raise LimitError(
                f"{self.name}: positions must be three numbers from 0 to 1, got {value!r}; nothing was sent"
            )
        self.angles_deg = tuple(FIRST_DEG + each * (LAST_DEG - FIRST_DEG) for each in value)

    def begin(self, line: Transport) -> None:
        """Read messages for the host."""
        self._reader = MessageReader(HOST)

    def identify(self) -> Identity:
        """Ask for its model and serial number."""
        data = self._ask("its model", Message(REQ_INFO), GET_INFO)
        serial, model, _, minor, interim, major, _, notes = INFO.unpack_from(data)
        name = model.rstrip(b"\0 ").decode("ascii", "replace")
        if not name.startswith("MPC"):
            raise BadAnswer(
                f"{self.name}: is a {name!r}, and this driver is for an MPC320; check the address"
            )
        # A serial number is a number in this protocol: our emulation's mark stands in the notes.
        mark = EMULATED_MARK if EMULATED_MARK.encode() in notes else ""
        return Identity("Thorlabs", name, f"{mark}{serial}", f"{major}.{interim}.{minor}")

    def prepare(self) -> None:
        """Switch the motors on."""
        self._in_order(
            "enable", lambda line: line.write(encode(Message(ENABLE, sum(PADDLES), 1), DEVICE, HOST))
        )

    def strays(self, line: Transport) -> bool:
        """It says things unasked all the time."""
        return False

    def synchronise(self, line: Transport) -> None:
        """Forget what has come; answers tell what they are about."""
        line.waiting()
        self._reader.clear()

    def home(self) -> None:
        """Find the paddles' home positions again."""
        with self.lock:
            for paddle in PADDLES:
                self._ask(f"home of paddle {paddle}", Message(MOVE_HOME, paddle), HOMED, MOVE_TIMEOUT_S)

    def self_test(self) -> list[Finding]:
        """Tell where the paddles stand."""
        return [fine("paddles at " + ", ".join(f"{angle:.1f}" for angle in self.angles_deg) + " degrees")]

    def _angle(self, paddle: int) -> float:
        data = self._ask(f"angle of paddle {paddle}", Message(REQ_POSITION, paddle), GET_POSITION)
        channel, counts = POSITION.unpack_from(data)
        if channel != paddle:
            raise BadAnswer(f"{self.name}: asked for paddle {paddle}, it answered for {channel}")
        if not -BEYOND_COUNTS <= counts <= FULL_TURN_DEG / DEGREES_PER_COUNT + BEYOND_COUNTS:
            raise BadAnswer(
                f"{self.name}: asked for the angle of paddle {paddle}, it answered {counts} counts"
            )
        return float(counts * DEGREES_PER_COUNT)

    def _move(self, paddle: int, counts: int) -> None:
        wanted = Message(MOVE_TO, data=POSITION.pack(paddle, counts))
        self._ask(f"move of paddle {paddle}", wanted, MOVED, MOVE_TIMEOUT_S)
        if abs(self._angle(paddle) - counts * DEGREES_PER_COUNT) > 1:
            raise InstrumentError(
                f"{self.name}: its paddle {paddle} did not get where it should; look for what blocks it"
            )

    def _finish(self, line: Transport) -> None:
        """Let a message that has begun come to its end, so that no answer is taken for its rest."""
        self._reader.feed(line.waiting())
        if self._reader.partial:
            with suppress(NoAnswer):
                self._reader.feed(line.read(REST_S))
            self._reader.clear()

    def _ask(self, what: str, message: Message, wanted: int, timeout_s: float | None = None) -> bytes:
        """Send a message, and give the data of the one that answers it; others are skipped."""

        def say(line: Transport) -> bytes:
            self._finish(line)
            line.write(encode(message, DEVICE, HOST))
            deadline = line.now_s() + (timeout_s or self.TIMEOUT_S)
            while True:
                for each in self._reader.feed(line.read(max(deadline - line.now_s(), 0.0))):
                    if each.number == wanted:
                        return each.data

        data = self._in_order(what, say)
        shortest = {GET_INFO: INFO.size, GET_POSITION: POSITION.size}.get(wanted, 0)
        if len(data) < shortest:
            raise BadAnswer(
                f"{self.name}: asked for {what}, it answered {len(data)} bytes and not {shortest}"
            )
        return data
