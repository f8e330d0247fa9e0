"""A Toptica DLC pro's command line.

Sources: the vendor's package ``toptica-lasersdk``; QMI's driver (end of the welcome, several parameters at once). A
welcome; after every answer a line end and the prompt ``> ``; Lisp-like requests; ``#t``, numbers, quoted texts.
Invented: the rest of the welcome, the texts and numbers of errors, the laser head, what an open interlock does.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from drivers.codecs.lines import LineSplitter
from drivers.emulation.knob import trouble
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.seams import LaserSeam
from drivers.transport.memory import Replies

PROMPT = b"\n> "
WELCOME = b"\r\nWelcome to DeCoF Command Line\r\n> "
LATENCY_S = 0.002
REQUEST = re.compile(r"\(\s*(param-ref|param-gsv|param-set!|exec|change-ul)\s+'?([\w:.-]+)\s*(.*?)\s*\)$")
SEVERAL = re.compile(r"`\((?:,\([^()]*\))+\)$")
ONE_OF_SEVERAL = re.compile(r",(\([^()]*\))")
CLIP_MA = 250.0
READ_ONLY, UNKNOWN, RANGE, KIND, LOCKED = -2, -3, -4, -5, -6
SET, ON, CLIP = "laser1:dl:cc:current-set", "laser1:dl:cc:enabled", "laser1:dl:cc:current-clip"
Value = bool | int | float | str


class DlcProModel(Model):
    """The controller; at power on the laser is off.

    Parameters
    ----------
    light : LaserSeam
    serial : str
    """

    def __init__(self, light: LaserSeam, serial: str) -> None:
        self._light = light
        self._values: dict[str, Value] = {SET: 0.0, ON: False, CLIP: CLIP_MA, "system-label": ""}
        self._fixed: dict[str, Value] = {
            "system-type": "DLC pro", "serial-number": serial, "fw-ver": "3.0.1", "uptime": 3600, "ul": 3,
            "interlock-open": False, "frontkey-locked": False, "system-health": 0, "system-health-txt": "OK",
            "laser1:type": "DL pro", "laser1:health-txt": "OK", "laser1:dl:tc:temp-act": 22.004,
            "laser1:dl:tc:temp-set": 22.0,
        }  # fmt: skip
        self.troubles = {"interlock_open": trouble("its interlock is open", self._open_interlock)}
        self._live: dict[str, Callable[[], Value]] = {
            "emission": lambda: self._values[ON],
            "laser1:emission": lambda: self._values[ON],
            "laser1:dl:cc:current-act": lambda: self._values[SET] if self._values[ON] else 0.0,
        }
        self._drive(0.0)
        self.ports = {"main": OwnPort(lambda now_s: DlcProLine(self, now_s))}

    def run(self, request: str, now_s: float) -> str:
        """Execute a request and give its answer."""
        if SEVERAL.match(request):
            return f"({' '.join(self.run(each, now_s) for each in ONE_OF_SEVERAL.findall(request))})"
        found = REQUEST.match(request)
        if found is None:
            return "Error: -1 syntax error"
        verb, name, rest = found.groups()
        if verb in ("exec", "change-ul"):
            return "3" if "change-ul" in (verb, name) else f"Error: {UNKNOWN} unknown command"
        if verb == "param-set!":
            return str(self._set(name, rest, now_s))
        value = self._read(name)
        return f"Error: {UNKNOWN} unknown parameter '{name}'" if value is None else _shown(value)

    def _read(self, name: str) -> Value | None:
        if name in self._live:
            return self._live[name]()
        return self._values.get(name, self._fixed.get(name))

    def _set(self, name: str, text: str, now_s: float) -> int:
        if name not in self._values:
            return READ_ONLY if self._read(name) is not None else UNKNOWN
        value = _parsed(text, type(self._values[name]))
        if value is None:
            return KIND
        if name == SET and not 0 <= float(value) <= float(self._values[CLIP]):
            return RANGE
        if name == ON and value and self._fixed["interlock-open"]:
            return LOCKED
        self._values[name] = value
        self._drive(now_s)
        return 0

    def _open_interlock(self, now_s: float, value: bool) -> None:
        self._fixed["interlock-open"] = value
        self._values[ON] = self._values[ON] and not value
        self._drive(now_s)

    def _drive(self, now_s: float) -> None:
        self._light.drive(now_s, float(self._values[SET]) if self._values[ON] else 0.0)


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "#t" if value else "#f"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _parsed(text: str, kind: type) -> Value | None:
    if kind is bool:
        return {"#t": True, "#f": False}.get(text.lower())
    if kind is str:
        return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else None
    try:
        return float(text)
    except ValueError:
        return None


class DlcProLine(QuietLine):
    """A line to its command line."""

    def __init__(self, model: DlcProModel, now_s: float) -> None:
        self._model = model
        self._splitter = LineSplitter(b"\r\n", b"\n")
        self._welcome: Replies = [(now_s, WELCOME)]

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        lines = [line.decode("utf-8", "replace").strip() for line in self._splitter.feed(data)]
        return [(now_s + LATENCY_S, self._model.run(line, now_s).encode() + PROMPT) for line in lines if line]

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        said, self._welcome = self._welcome, []
        return said

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        return now_s if self._welcome else super().next_s(now_s)
