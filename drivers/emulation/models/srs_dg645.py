"""A Stanford Research Systems DG645.

Source: the vendor's package ``srsinst.dg645``; public drivers for the error codes. Lines end with LF, ``;``
chains commands, a query has its index after the question mark; answers end with CR LF. Invented: how numbers
are shown; that the outputs drive nothing.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from math import isfinite

from drivers.codecs.lines import LineSplitter
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.transport.memory import Replies

ILLEGAL_VALUE, ILLEGAL_DELAY, ILLEGAL_LINK, UNDEFINED, ILLEGAL_QUERY, ILLEGAL_SET = 10, 12, 13, 111, 112, 113
EXTRA, MISSING, NO_NUMBER, TOO_MANY = 115, 116, 118, 254
QUEUE = 20
LATENCY_S = 0.001
#: Of each command: how many values its index has, the least and the greatest value, the value at power on.
NUMBERS: dict[str, tuple[int, float, float, float]] = {
    "TSRC": (0, 0, 6, 5), "TRAT": (0, 1e-3, 1e7, 1000.0), "TLVL": (0, -3.5, 3.5, 1.0), "HOLD": (0, 0, 1000, 0),
    "INHB": (0, 0, 5, 0), "ADVT": (0, 0, 1, 0), "BURM": (0, 0, 1, 0), "BURC": (0, 1, 2**31 - 1, 5),
    "BURP": (0, 1e-7, 2000, 1e-4), "BURD": (0, 0, 2000, 0), "BURT": (0, 0, 1, 0), "SHDP": (0, 0, 1, 1),
    "LAMP": (5, 0.5, 5.0, 2.5), "LOFF": (5, -2.0, 2.0, 0.0), "LPOL": (5, 0, 1, 1),
    "PRES": (5, 1, 2**31 - 1, 1), "PHAS": (5, 0, 2**31 - 2, 0),
    "*PSC": (0, 0, 1, 1), "*ESE": (0, 0, 255, 0), "*SRE": (0, 0, 255, 0), "INSE": (0, 0, 255, 0),
}  # fmt: skip
WHOLE = ("TSRC", "INHB", "ADVT", "BURM", "BURC", "BURT", "SHDP", "LPOL", "PRES", "PHAS", "*PSC", "*ESE",
         "*SRE", "INSE")  # fmt: skip
CHANNELS, LONGEST_S = 10, 2000.0
PLACES, DISPLAYS, RECALL_FAILED = 10, 15, 14
SILENT = ("*TRG", "*RST", "*CLS", "*OPC", "*WAI", "LCAL", "REMT")


class Refused(Exception):
    """A command that is not obeyed.

    Parameters
    ----------
    code : int
    """

    def __init__(self, code: int) -> None:
        self.code = code


class Dg645Model(Model):
    """The delay generator."""

    def __init__(self, seam: object, serial: str) -> None:
        self._serial = serial
        self._errors: deque[int] = deque()
        self._kept: dict[int, tuple[dict[tuple[str, int], float], dict[int, tuple[int, float]]]] = {}
        self._display = (11, 2)
        self._reset()
        self.ports = {"main": OwnPort(lambda _: Dg645Line(self))}

    def run(self, command: str) -> str | None:
        """Execute a command; give its answer, if it has one."""
        name, query, rest = command.upper().partition("?")
        if not query:
            name, _, rest = command.upper().partition(" ")
        arguments = [each.strip() for each in rest.split(",")] if rest.strip() else []
        try:
            if query:
                return self._ask(name.strip(), arguments)
            self._tell(name.strip(), arguments)
        except Refused as refused:
            self._errors.append(refused.code if len(self._errors) < QUEUE else TOO_MANY)
        return None

    def _reset(self) -> None:
        self._values = {
            (name, index): start
            for name, (size, _, _, start) in NUMBERS.items()
            for index in range(max(size, 1))
        }
        self._delays = dict.fromkeys(range(CHANNELS), (0, 0.0))

    def _ask(self, name: str, arguments: list[str]) -> str:
        simple: dict[str, Callable[[], str]] = {
            "*IDN": lambda: f"Stanford Research Systems,DG645,s/n{self._serial},ver1.23.012",
            "LERR": lambda: str(self._errors.popleft() if self._errors else 0),
            "*ESR": lambda: "0", "*STB": lambda: "0", "INSR": lambda: "0", "*OPC": lambda: "1",
            "*TST": lambda: "0", "*CAL": lambda: "0", "TIMB": lambda: "0", "EMAC": lambda: "00.19.B3.00.00.01",
            "DISP": lambda: f"{self._display[0]},{self._display[1]}",
        }  # fmt: skip
        if name in simple and not arguments:
            return simple[name]()
        if name in ("DLAY", "LINK"):
            reference, delay_s = self._delays[_index(_only(arguments), CHANNELS)]
            return f"{reference},{delay_s:+.12f}" if name == "DLAY" else str(reference)
        if name not in NUMBERS:
            raise Refused(ILLEGAL_QUERY if name in SILENT else UNDEFINED)
        size = NUMBERS[name][0]
        value = self._values[name, _index(_only(arguments), size) if size else 0]
        return f"{value:.0f}" if name in WHOLE else f"{value:+.6f}"

    def _tell(self, name: str, arguments: list[str]) -> None:
        if name == "DLAY":
            self._set_delay(arguments)
        elif name == "LINK":
            self._link(arguments)
        elif name in ("*SAV", "*RCL"):
            self._keep(name, _index(_only(arguments), PLACES))
        elif name == "DISP":
            self._show(arguments)
        elif name in SILENT:
            if name == "*RST":
                self._reset()
            if name in ("*CLS", "*RST"):
                self._errors.clear()
        elif name in NUMBERS:
            self._set(name, arguments)
        else:
            raise Refused(UNDEFINED)

    def _keep(self, name: str, place: int) -> None:
        """Put all settings away, or take them out again; place 0 holds those of a new instrument."""
        if name == "*SAV":
            self._kept[place] = dict(self._values), dict(self._delays)
        elif place in self._kept:
            self._values, self._delays = (dict(each) for each in self._kept[place])  # type: ignore[assignment]
        else:
            raise Refused(RECALL_FAILED)

    def _show(self, arguments: list[str]) -> None:
        if len(arguments) != 2:
            raise Refused(EXTRA if len(arguments) > 2 else MISSING)
        self._display = _index(arguments[0], DISPLAYS), _index(arguments[1], CHANNELS)

    def _link(self, arguments: list[str]) -> None:
        """Hang a channel on another one, with the delay that it has."""
        if len(arguments) != 2:
            raise Refused(EXTRA if len(arguments) > 2 else MISSING)
        delay_s = self._delays[_index(arguments[0], CHANNELS)][1]
        self._set_delay([*arguments, repr(delay_s)])

    def _set(self, name: str, arguments: list[str]) -> None:
        size, low, high, _ = NUMBERS[name]
        if len(arguments) != (2 if size else 1):
            raise Refused(EXTRA if len(arguments) > (2 if size else 1) else MISSING)
        index = _index(arguments[0], size) if size else 0
        value = _number(arguments[-1])
        if not low <= value <= high:
            raise Refused(ILLEGAL_VALUE)
        self._values[name, index] = value

    def _set_delay(self, arguments: list[str]) -> None:
        if len(arguments) != 3:
            raise Refused(MISSING if len(arguments) < 3 else EXTRA)
        channel, reference = (_index(each, CHANNELS) for each in arguments[:2])
        delay_s = _number(arguments[2])
        if channel < 2 or channel == reference or self._hangs_on(reference, channel):
            raise Refused(ILLEGAL_LINK)
        if not 0 <= delay_s <= LONGEST_S:
            raise Refused(ILLEGAL_DELAY)
        self._delays[channel] = (reference, delay_s)

    def _hangs_on(self, channel: int, other: int) -> bool:
        while channel:
            channel = self._delays[channel][0]
            if channel == other:
                return True
        return False


def _only(arguments: list[str]) -> str:
    if len(arguments) != 1:
        raise Refused(EXTRA if arguments else MISSING)
    return arguments[0]


def _index(text: str, size: int) -> int:
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) >= size:
        raise Refused(ILLEGAL_VALUE)
    return int(text)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise Refused(NO_NUMBER) from None
    if not isfinite(value):
        raise Refused(NO_NUMBER)
    return value


class Dg645Line(QuietLine):
    """A line to it."""

    def __init__(self, model: Dg645Model) -> None:
        self._model = model
        self._splitter = LineSplitter(b"\r\n", b"\n", b";")

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        said = []
        for line in self._splitter.feed(data):
            command = line.decode("ascii", "replace").strip()
            if command and (answer := self._model.run(command)) is not None:
                said.append((now_s + LATENCY_S, answer.encode("ascii") + b"\r\n"))
        return said
