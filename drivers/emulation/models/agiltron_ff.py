"""An Agiltron FF 1x8 optical switch, which understands Agiltron's SelfAlign commands too.

Sources: QMI's driver (``01 11 00 00`` and ``01 12 00 n``, the fibre counted from 1, the setting comes back as it
was sent); the package agiltron-selfalign (``01 35 00 n``, the fibre counted from 0, answered by ``01 35 FF FF``;
``01 30 00 00`` without an answer). Invented: that a fibre which is not there is answered by the one that is chosen,
that what is unknown is ignored.
"""

from __future__ import annotations

from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.seams import SwitchSeam
from drivers.transport.memory import Replies

FRAME = 4
OUTPUTS = 8
LATENCY_S = 0.003


class AgiltronFfModel(Model):
    """The switch; at power on the light goes to fibre 1."""

    def __init__(self, light: SwitchSeam, serial: str) -> None:
        self._light, self._output = light, 1
        light.route(0.0, 1)
        self.ports = {"main": OwnPort(lambda _: FrameLine(self))}

    def run(self, frame: bytes, now_s: float) -> bytes:
        """Execute a frame; give its answer, which may be none."""
        match frame[0], frame[1]:
            case 1, 0x11:
                return bytes([1, 0x11, 0, self._output])
            case 1, 0x12:
                self._choose(frame[3], now_s)
                return bytes([1, 0x12, 0, self._output])
            case 1, 0x35:
                self._choose(frame[3] + 1, now_s)
                return bytes([1, 0x35, 0xFF, 0xFF])
            case 1, 0x30:
                self._choose(1, now_s)
        return b""

    def _choose(self, output: int, now_s: float) -> None:
        if 1 <= output <= OUTPUTS:
            self._output = output
            self._light.route(now_s, output)


class FrameLine(QuietLine):
    """A line to it; half a frame is forgotten when the next one comes later."""

    STALE_S = 0.1

    def __init__(self, model: AgiltronFfModel) -> None:
        self._model = model
        self._rest, self._came_s = b"", 0.0

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        fresh = now_s - self._came_s < self.STALE_S
        self._rest, self._came_s = (self._rest if fresh else b"") + data, now_s
        replies = []
        while len(self._rest) >= FRAME:
            frame, self._rest = self._rest[:FRAME], self._rest[FRAME:]
            if answer := self._model.run(frame, now_s):
                replies.append((now_s + LATENCY_S, answer))
        return replies
