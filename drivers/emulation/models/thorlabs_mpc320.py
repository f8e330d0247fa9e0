"""A Thorlabs MPC320 polarisation controller.

Sources: Thorlabs' APT protocol description, issue 37; PnPQ's driver, tried on an MPC320 (a short message ends a jog,
channels are switched off by a mask without them, and a status follows); QMI's driver (a long one ends a move).
Invented: how fast the paddles turn, that they turn without being enabled, that the light turns at once to where they
go, the status' speed and current.
"""

from __future__ import annotations

import struct
import zlib
from math import inf

from drivers.codecs.apt import DEVICE, HOST, Message, MessageReader, encode
from drivers.emulation.knob import trouble
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.seams import Plate, PolarisationSeam
from drivers.identity import EMULATED_MARK
from drivers.transport.memory import Replies

PADDLES = (1, 2, 4)
#: Where its paddles stop. Some say that real ones reach less.
LEAST_COUNTS, MOST_COUNTS = 0, 1370
#: For each percent of its speed.
COUNTS_PER_S = 274.0
LATENCY_S = 0.002
DEG_PER_COUNT = 170 / MOST_COUNTS
#: A quarter, a half and a quarter of a wave: with all paddles at 0 they leave the light as it is.
RETARDANCES_DEG = (90.0, 180.0, 90.0)
#: After START_UPDATES it tells its status so often.
UPDATES_HZ, MOST_HZ = 10.0, 1000.0
INFO = struct.Struct("<I8sHI60sHHH")
POSITION, STATUS, SETTINGS = struct.Struct("<Hi"), struct.Struct("<HiHhI"), struct.Struct("<6H")
BITS = struct.Struct("<HI")
FORWARD, BACKWARD, CONNECTED, HOMED, ENABLED = 1 << 4, 1 << 5, 1 << 8, 1 << 10, 1 << 31
JOG_BACKWARD, SWITCH_OFF = 2, 2
SPEED, CURRENT = 50, 120


class Paddle:
    """One paddle, which takes its time to turn."""

    def __init__(self) -> None:
        self._from = self._to = 0
        self._since_s, self._counts_per_s = 0.0, COUNTS_PER_S

    @property
    def aim(self) -> int:
        """Where it goes."""
        return self._to

    def counts(self, now_s: float) -> int:
        """Tell where it stands."""
        gone = min(round((now_s - self._since_s) * self._counts_per_s), abs(self._to - self._from))
        return self._from + (gone if self._to > self._from else -gone)

    def turn(self, counts: int, now_s: float, speed_percent: int) -> float:
        """Turn it, not beyond its ends; tells how long that takes."""
        self._from, self._to, self._since_s = self.counts(now_s), _within_ends(counts), now_s
        self._counts_per_s = COUNTS_PER_S * max(speed_percent, 1)
        return LATENCY_S + abs(self._to - self._from) / self._counts_per_s

    def bits(self, now_s: float) -> int:
        """Tell which way it turns."""
        if self.counts(now_s) == self._to:
            return 0
        return FORWARD if self._to > self._from else BACKWARD


def _within_ends(counts: int) -> int:
    return min(max(counts, LEAST_COUNTS), MOST_COUNTS)


class Mpc320Model(Model):
    """The controller."""

    def __init__(self, light: PolarisationSeam, serial: str) -> None:
        self._light = light
        # A serial number is a number in this protocol: the mark stands in the notes.
        self._number = zlib.crc32(serial.encode()) % 10**8
        self._paddles = {number: Paddle() for number in PADDLES}
        self._enabled = dict.fromkeys(PADDLES, False)
        # Speed in percent, home position, a jog's length for each paddle.
        self._settings = (0, 50, 0, 82, 82, 82)
        self.updates_hz = 0.0
        self.ports = {"main": OwnPort(lambda now_s: Mpc320Line(self, now_s))}
        self.troubles = {
            "broadcasts_hz": trouble("it tells its status unasked, so often", self._broadcast, 0.0, MOST_HZ)
        }

    def take(self, message: Message, now_s: float) -> list[tuple[float, Message]]:
        """Execute a message; give what is said to it, and how much later."""
        answers = self._take(message, now_s)
        plates = zip(RETARDANCES_DEG, self._paddles.values(), strict=True)
        self._light.retard(now_s, [Plate(paddle.aim * DEG_PER_COUNT, each) for each, paddle in plates])
        return answers

    def _take(self, message: Message, now_s: float) -> list[tuple[float, Message]]:
        match message.number:
            case 0x0005:
                info = INFO.pack(self._number, b"MPC320", 44, 0x00010003, EMULATED_MARK.encode(), 3, 0, 3)
                return [(LATENCY_S, Message(0x0006, data=info))]
            case 0x0011 | 0x0012:
                self.updates_hz = UPDATES_HZ if message.number == 0x0011 else 0.0
            case 0x0210:
                return self._enable(message.first, message.second, now_s)
            case 0x0530 if len(message.data) == SETTINGS.size:
                self._settings = SETTINGS.unpack(message.data)
            case 0x0531:
                return [(LATENCY_S, Message(0x0532, data=SETTINGS.pack(*self._settings)))]
            case 0x0453 | 0x0448 if len(message.data) == POSITION.size:
                paddle, counts = POSITION.unpack(message.data)
                return self._move(paddle, counts, now_s, relative=message.number == 0x0448)
        return self._of_paddle(message, message.first, now_s) if message.first in PADDLES else []

    def status(self, paddle: int, now_s: float) -> bytes:
        """Tell a paddle's status."""
        bits = self._paddles[paddle].bits(now_s)
        speed, current = (SPEED, CURRENT) if bits else (0, 0)
        return STATUS.pack(
            paddle, self._paddles[paddle].counts(now_s), speed, current, self._bits(paddle, now_s)
        )

    def _bits(self, paddle: int, now_s: float) -> int:
        enabled = ENABLED if self._enabled[paddle] else 0
        return CONNECTED | HOMED | enabled | self._paddles[paddle].bits(now_s)

    def _of_paddle(self, message: Message, paddle: int, now_s: float) -> list[tuple[float, Message]]:
        match message.number:
            case 0x0211:
                return [(LATENCY_S, Message(0x0212, paddle, 1 if self._enabled[paddle] else 2))]
            case 0x0411:
                data = POSITION.pack(paddle, self._paddles[paddle].counts(now_s))
                return [(LATENCY_S, Message(0x0412, data=data))]
            case 0x0429:
                return [(LATENCY_S, Message(0x042A, data=BITS.pack(paddle, self._bits(paddle, now_s))))]
            case 0x0490:
                return [(LATENCY_S, Message(0x0491, data=self.status(paddle, now_s)))]
            case 0x0443:
                return [(self._turn(paddle, self._settings[2], now_s), Message(0x0444, paddle))]
            case 0x0465:
                self._turn(paddle, self._paddles[paddle].counts(now_s), now_s)
                return [(LATENCY_S, Message(0x0466, data=self.status(paddle, now_s)))]
            case 0x046A:
                return self._jog(paddle, message.second, now_s)
        return []

    def _enable(self, mask: int, state: int, now_s: float) -> list[tuple[float, Message]]:
        """Switch on whose bits are set, and off the others; or off whose bits are set."""
        before = dict(self._enabled)
        for paddle in PADDLES:
            chosen = bool(mask & paddle)
            self._enabled[paddle] = before[paddle] and not chosen if state == SWITCH_OFF else chosen
        changed = [paddle for paddle in PADDLES if self._enabled[paddle] != before[paddle]]
        return [(LATENCY_S, Message(0x0491, data=self.status(paddle, now_s))) for paddle in changed]

    def _move(self, paddle: int, counts: int, now_s: float, relative: bool) -> list[tuple[float, Message]]:
        if paddle not in PADDLES:
            return []
        begin = self._paddles[paddle].counts(now_s) if relative else 0
        taken_s = self._turn(paddle, begin + counts, now_s)
        return [(taken_s, Message(0x0464, data=self.status(paddle, now_s + taken_s)))]

    def _jog(self, paddle: int, direction: int, now_s: float) -> list[tuple[float, Message]]:
        length = self._settings[3 + PADDLES.index(paddle)]
        counts = self._paddles[paddle].counts(now_s) + (-length if direction == JOG_BACKWARD else length)
        return [(self._turn(paddle, counts, now_s), Message(0x0464, paddle))]

    def _turn(self, paddle: int, counts: int, now_s: float) -> float:
        return self._paddles[paddle].turn(counts, now_s, self._settings[1])

    def _broadcast(self, now_s: float, value: float) -> None:
        self.updates_hz = value


class Mpc320Line(QuietLine):
    """A line to it."""

    def __init__(self, model: Mpc320Model, now_s: float) -> None:
        self._model, self._told_s = model, now_s
        self._reader = MessageReader(DEVICE)

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        return [
            (now_s + after_s, encode(answer, HOST, DEVICE))
            for message in self._reader.feed(data)
            for after_s, answer in self._model.take(message, now_s)
        ]

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`: the status of all paddles, where that is wanted."""
        if now_s < self.next_s(now_s):
            return []
        self._told_s = now_s
        return [
            (now_s, encode(Message(0x0491, data=self._model.status(paddle, now_s)), HOST, DEVICE))
            for paddle in PADDLES
        ]

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        rate_hz = self._model.updates_hz
        return self._told_s + 1 / rate_hz if rate_hz else inf
