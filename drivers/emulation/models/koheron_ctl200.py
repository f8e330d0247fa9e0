"""A Koheron CTL200 laser controller.

Source: PyMeasure's driver and tests. Each line is echoed, answered by one line, which is never empty, and followed by
the prompt ``>>``; errors set bits. Invented: that a refused setter answers with the value that stays, what an unknown
command answers, that the line goes on at any rate after ``brate``, the diode's voltage and temperature.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.codecs.lines import LineSplitter
from drivers.emulation.knob import trouble
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.seams import LaserSeam
from drivers.transport.memory import Replies

UNKNOWN_COMMAND, INVALID_ARGUMENT, ON_WHILE_OPEN, INTERLOCK = 1 << 4, 1 << 5, 1 << 6, 1 << 7
COMMAND_BEFORE_PROMPT = 1 << 1
HARDWARE_LIMIT_MA = 1000.0
DIODE_V, OHM = 1.1, 2.0
LATENCY_S = 0.002
LIMITS = {
    "ilmax": (0.0, HARDWARE_LIMIT_MA),
    "ldelay": (10.0, 1e5),
    "rtset": (100.0, 1e5),
    "pgain": (0.0, 0.1),
    "igain": (0.0, 0.1),
    "dgain": (0.0, 0.1),
    "rtmin": (0.0, 1e6),
    "rtmax": (0.0, 1e6),
    "vtmin": (-3.0, 0.0),
    "vtmax": (0.0, 3.0),
    "lmodgain": (-100.0, 100.0),
    "tmodgain": (-1e5, 1e5),
    "brate": (9600.0, 460_800.0),
}
WHOLE = ("brate",)
SWITCHES = ("tecon", "tprot", "lckon")


class Ctl200Model(Model):
    """The controller; at power on the laser is off.

    Parameters
    ----------
    light : LaserSeam
    serial : str
    """

    def __init__(self, light: LaserSeam, serial: str) -> None:
        self._light, self._serial = light, serial
        self._values = dict.fromkeys(LIMITS, 0.0) | {
            "ilmax": 200.0,
            "ldelay": 10.0,
            "rtset": 1e4,
            "vtmax": 3.0,
            "brate": 115_200.0,
        }
        self._switches = dict.fromkeys(SWITCHES, False)
        self._current_ma, self._on = 0.0, False
        self._interlock_closed = True
        self._errors = 0
        self._user_data = ""
        self._turn(False, 0.0)
        self.ports = {"main": OwnPort(lambda _: EchoLine(self.run, self.report))}
        self.troubles = {
            "interlock_open": trouble(
                "its interlock is open; it obeys it if lckon is 1", self._open_interlock
            )
        }

    def _open_interlock(self, now_s: float, value: bool) -> None:
        """Open the door; closing it leaves the laser off."""
        self._interlock_closed = not value
        if value and self._switches["lckon"]:
            self._errors |= INTERLOCK if self._on else 0
            self._turn(False, now_s)

    def report(self, bit: int) -> None:
        """Set an error bit."""
        self._errors |= bit

    def run(self, line: str, now_s: float) -> str:
        """Execute a line and give its answer."""
        name, *arguments = line.split()
        if name in LIMITS and len(arguments) <= 1:
            return self._number(name, arguments)
        if name in SWITCHES and len(arguments) <= 1:
            return self._switch(name, arguments)
        if name in ("ilaser", "lason") and len(arguments) <= 1:
            return (self._current if name == "ilaser" else self._laser)(arguments, now_s)
        if name == "userdata" and arguments[:1] == ["write"]:
            self._user_data = " ".join(arguments[1:])[:31]
            return self._user_data
        if line == "errclr":
            self._errors = 0
            return "ffffffff"
        reading = None if arguments else self._readings(now_s).get(name)
        if reading is None:
            self._errors |= UNKNOWN_COMMAND
        return reading or "0"

    def _readings(self, now_s: float) -> dict[str, str]:
        shown = {
            "vlaser": DIODE_V + OHM * self._current_ma / 1000 if self._on else 0.0,
            "iphd": self._light.photodiode_ma(now_s),
            "rtact": self._values["rtset"],
            "itec": 0.12 if self._switches["tecon"] else 0.0,
            "vtec": 0.35 if self._switches["tecon"] else 0.0,
            "ain1": 0.0,
            "ain2": 0.0,
            "tboard": 31.5,
        }
        order = ("vlaser", "itec", "vtec", "rtact", "iphd", "ain1", "ain2")
        texts = {key: f"{value:.6f}" for key, value in shown.items()}
        return texts | {
            "status": " ".join([str(int(self._on)), *(texts[key] for key in order)]),
            "version": "V0.18",
            "model": "CTL200-0-B",
            "serial": self._serial,
            "userdata": self._user_data,
            "save": "config saved",
            "err": f"{self._errors:02x}",
        }

    def _number(self, name: str, arguments: list[str]) -> str:
        if arguments:
            value = _parsed(arguments[0], *LIMITS[name])
            if value is None:
                self._errors |= INVALID_ARGUMENT
            else:
                self._values[name] = value
        return f"{self._values[name]:.{0 if name in WHOLE else 6}f}"

    def _switch(self, name: str, arguments: list[str]) -> str:
        if arguments:
            if arguments[0] in ("0", "1"):
                self._switches[name] = arguments[0] == "1"
            else:
                self._errors |= INVALID_ARGUMENT
        return str(int(self._switches[name]))

    def _current(self, arguments: list[str], now_s: float) -> str:
        if arguments:
            value = _parsed(arguments[0], 0.0, self._values["ilmax"])
            if value is None:
                self._errors |= INVALID_ARGUMENT
            else:
                self._current_ma = value
                self._turn(self._on, now_s)
        return f"{self._current_ma:.6f}"

    def _laser(self, arguments: list[str], now_s: float) -> str:
        if arguments:
            if arguments[0] not in ("0", "1"):
                self._errors |= INVALID_ARGUMENT
            elif arguments[0] == "1" and self._switches["lckon"] and not self._interlock_closed:
                self._errors |= ON_WHILE_OPEN
            else:
                self._turn(arguments[0] == "1", now_s)
        return str(int(self._on))

    def _turn(self, on: bool, now_s: float) -> None:
        self._on = on
        self._light.drive(now_s, self._current_ma if on else 0.0)


def _parsed(text: str, low: float, high: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if low <= value <= high else None


class EchoLine(QuietLine):
    """A line with echo and prompt.

    Parameters
    ----------
    run : callable
        Executes a line.
    report : callable
        Takes error bits.
    """

    def __init__(self, run: Callable[[str, float], str], report: Callable[[int], None]) -> None:
        self._run, self._report = run, report
        self._splitter = LineSplitter(b"\r\n", b"\n")
        self._busy_until_s = 0.0

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        replies = []
        for line in self._splitter.feed(data):
            if now_s < self._busy_until_s:
                self._report(COMMAND_BEFORE_PROMPT)
            text = line.decode("ascii", "replace").strip()
            answer = [line, self._run(text, now_s).encode("ascii", "replace")] if text else [b""]
            self._busy_until_s = max(now_s, self._busy_until_s) + LATENCY_S
            replies.append((self._busy_until_s, b"\r\n".join([*answer, b">>"])))
        return replies
