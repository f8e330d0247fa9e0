"""An OZ Optics DD-100-MC attenuator.

Sources: QMI's driver, the vendor's list of commands. Commands end with CR (LF is tolerated); answers are lines,
then ``Done`` and an empty line. Invented: steps for each dB, the motor's speed, what ``CD`` says.
"""

from __future__ import annotations

from math import isfinite

from drivers.codecs.lines import LineSplitter
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.seams import AttenuatorSeam
from drivers.transport.memory import Replies

STEPS_PER_DB, DARKEST_DB = 100, 60.0
UNKNOWN, TOO_LARGE = "Error-2", "Error-6"
LATENCY_S, S_PER_DB, HOME_S = 0.005, 0.002, 0.5


class OzDd100Model(Model):
    """The attenuator; at power on it stands at home, which lets all light pass.

    Parameters
    ----------
    light : AttenuatorSeam
    serial : str
    """

    def __init__(self, light: AttenuatorSeam, serial: str) -> None:
        self._light, self._serial = light, serial
        self._steps = 0
        self._light.attenuate(0.0, 0.0, True)
        self.ports = {"main": OwnPort(lambda _: OzDd100Line(self))}

    def run(self, command: str, now_s: float) -> tuple[list[str], float]:
        """Execute a command; give the lines of its answer, and how long it takes."""
        name, rest = command[:1].upper(), command[1:].strip()
        if command.upper() == "CD":
            return [f"DD-100-MC SN: {self._serial}", "IL: 0.00", f"MAX ATTEN: {DARKEST_DB:.2f}"], LATENCY_S
        if command.upper() == "D":
            return [f"DPos:{self._steps}", f"ATTEN:{self._db():.2f}"], LATENCY_S
        if command.upper() in ("A?", "S?"):
            return [f"Atten:{self._db():.2f}(dB)" if name == "A" else f"Pos:{self._steps}"], LATENCY_S
        if command.upper() == "H":
            self._move(0, now_s)
            return ["Diff=0"], HOME_S
        if name in ("A", "S"):
            return self._go(name, rest, now_s)
        return ([], LATENCY_S) if command.upper() in ("E0", "E1", "RST", "L", "W") else ([UNKNOWN], LATENCY_S)

    def _go(self, name: str, text: str, now_s: float) -> tuple[list[str], float]:
        try:
            value = float(text)
        except ValueError:
            return [UNKNOWN], LATENCY_S
        steps = value * STEPS_PER_DB if name == "A" else value + (self._steps if text[0] in "+-" else 0)
        if not isfinite(steps) or not 0 <= steps <= DARKEST_DB * STEPS_PER_DB:
            return [TOO_LARGE], LATENCY_S
        taken_s = abs(steps - self._steps) / STEPS_PER_DB * S_PER_DB
        self._move(round(steps), now_s)
        return [f"Pos:{self._steps}"], LATENCY_S + taken_s

    def _move(self, steps: int, now_s: float) -> None:
        self._steps = steps
        self._light.attenuate(now_s, self._db(), True)

    def _db(self) -> float:
        return self._steps / STEPS_PER_DB


class OzDd100Line(QuietLine):
    """A line to it."""

    def __init__(self, model: OzDd100Model) -> None:
        self._model = model
        self._splitter = LineSplitter(b"\r\n", b"\r", b"\n")

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        replies = []
        for line in self._splitter.feed(data):
            if command := line.decode("ascii", "replace").strip():
                lines, taken_s = self._model.run(command, now_s)
                text = "".join(f"{each}\r\n" for each in [*lines, "Done", ""])
                replies.append((now_s + taken_s, text.encode("ascii")))
        return replies
