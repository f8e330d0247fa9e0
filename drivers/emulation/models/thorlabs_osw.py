"""A Thorlabs OSW12 optical switch.

Sources: Qudi's driver (``S 1``, ``S 2``, ``S?``, and that the first ``S?`` after a change may tell the old position);
PnPQ's (``T?``, the board's type; ``I?``, its name and firmware). Invented: that it is so for 50 ms, the texts that
``T?`` and ``I?`` give, and that what is unknown is ignored.
"""

from __future__ import annotations

from drivers.codecs.lines import LineSplitter
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.seams import SwitchSeam
from drivers.transport.memory import Replies

SWITCHING_S, LATENCY_S = 0.05, 0.002
TYPE = "3"


class OswModel(Model):
    """The switch; at power on the light goes to fibre 1."""

    def __init__(self, light: SwitchSeam, serial: str) -> None:
        self._light = light
        self._texts = {"T?": TYPE, "I?": f"OSW12 {serial} V1.0"}
        self._output = self._before = 1
        self._switched_s = 0.0
        light.route(0.0, 1)
        self.ports = {"main": OwnPort(lambda _: OswLine(self))}

    def run(self, command: str, now_s: float) -> str | None:
        """Execute a command; give its answer, if it has one."""
        words = command.upper().split()
        if words == ["S?"]:
            return str(self._output if now_s >= self._switched_s else self._before)
        if words in (["S", "1"], ["S", "2"]):
            self._before, self._output = self._output, int(words[1])
            self._switched_s = now_s + SWITCHING_S
            self._light.route(now_s, self._output)
        return self._texts.get(" ".join(words))


class OswLine(QuietLine):
    """A line to it."""

    def __init__(self, model: OswModel) -> None:
        self._model = model
        self._splitter = LineSplitter(b"\r\n", b"\n", b"\r")

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        lines = [line.decode("ascii", "replace") for line in self._splitter.feed(data)]
        answers = [self._model.run(line, now_s) for line in lines]
        return [(now_s + LATENCY_S, answer.encode() + b"\r\n") for answer in answers if answer is not None]
