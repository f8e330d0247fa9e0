"""An S-Fifteen SPD, a cooled avalanche diode with a counter.

Source: the vendor's Python library pyS15 (commands; lines end with ``;`` or CR LF; settings have no answer).
Invented: the text of ``*idn?`` and of ``HELP``, that unknown commands are answered by a line, the breakdown
voltage, that it is cold at once, that it keeps an operating bias over power cycles.
"""

from __future__ import annotations

from drivers.codecs.lines import LineSplitter
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.seams import AvalancheSeam
from drivers.transport.memory import Replies

BREAKDOWN_V, ROOM_C = 155.0, 22.0
LATENCY_S = 0.001
#: Range and value at power on.
NUMBERS = {
    "hvolt": (0.0, 250.0, 160.0),
    "threshvolt": (-5.0, 5.0, 0.2),
    "settemp": (-60.0, 30.0, -40.0),
    "pvolt": (-5.0, 5.0, 0.0),
    "constp": (0.0, 1e3, 0.1),
    "consti": (0.0, 1e3, 0.01),
    "loop": (0, 1, 1),
    "time": (1, 65535, 1000),
    "delay": (0, 1023, 0),
}
WHOLE = ("loop", "time", "delay")
#: The pulses behind the comparator, in volts.
PULSE_V = 1.0


class SpdModel(Model):
    """The detector.

    Parameters
    ----------
    diode : AvalancheSeam
    serial : str
    """

    def __init__(self, diode: AvalancheSeam, serial: str) -> None:
        self._diode, self._serial = diode, serial
        self._numbers: dict[str, float] = {name: start for name, (_, _, start) in NUMBERS.items()}
        self._apply(0.0)
        self.ports = {"main": OwnPort(lambda _: SpdLine(self))}

    def run(self, command: str, now_s: float) -> tuple[float, str] | None:
        """Execute a command; give its answer, if it has one, and how long that takes."""
        name, *arguments = command.lower().split()
        if name == "counts?":
            return self._count(now_s)
        if name.endswith("?") or name in ("help", "save"):
            return LATENCY_S, self._tell(name.rstrip("?"))
        if name in NUMBERS and len(arguments) == 1:
            self._set(name, arguments[0], now_s)
            return None
        return LATENCY_S, f"Unknown command {name}"

    def _tell(self, name: str) -> str:
        if name in self._numbers:
            return f"{self._numbers[name]:{'.0f' if name in WHOLE else '.3f'}}"
        told = {
            "*idn": f"SPD single photon detector, S-Fifteen Instruments, {self._serial}",
            "temp": f"{self._temperature_c():.2f}",
            "help": "*idn? hvolt threshvolt settemp temp? loop pvolt constp consti time counts? delay save",
            "save": "settings saved",
        }
        return told.get(name, f"Unknown command {name}?")

    def _set(self, name: str, text: str, now_s: float) -> None:
        low, high, _ = NUMBERS[name]
        try:
            value = float(text)
        except ValueError:
            return
        if low <= value <= high:
            self._numbers[name] = round(value) if name in WHOLE else value
            self._apply(now_s)

    def _count(self, now_s: float) -> tuple[float, str]:
        length_s = self._numbers["time"] / 1000
        seen = 0 < self._numbers["threshvolt"] < PULSE_V
        count = self._diode.counts(now_s, now_s + length_s) if seen else 0
        return length_s + LATENCY_S, str(count)

    def _temperature_c(self) -> float:
        return self._numbers["settemp"] if self._numbers["loop"] else ROOM_C

    def _apply(self, now_s: float) -> None:
        self._diode.set(now_s, self._numbers["hvolt"] - BREAKDOWN_V, self._temperature_c(), None)


class SpdLine(QuietLine):
    """A line to it."""

    def __init__(self, model: SpdModel) -> None:
        self._model = model
        self._splitter = LineSplitter(b"\r\n", b";", b"\n", b"\r")

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        replies = []
        for line in self._splitter.feed(data):
            text = line.decode("ascii", "replace").strip()
            if text and (said := self._model.run(text, now_s)) is not None:
                replies.append((now_s + said[0], said[1].encode("ascii", "replace") + b"\r\n"))
        return replies
