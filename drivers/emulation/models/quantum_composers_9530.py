"""A Quantum Composers 9530.

Sources: 9530 series manual; QMI's driver; PyMoDAQ's of the BNC 575, its twin (gates, the label). Every command is
answered, by ``ok``, a value, or ``?`` and a number. Short and long keywords, any case; a channel that was spoken to
stays the one that is meant. Invented: how numbers are shown; that the outputs drive nothing.
"""

from __future__ import annotations

import re
from math import isfinite

from drivers.codecs.lines import LineSplitter
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.models.scpi_values import spellings
from drivers.transport.memory import Replies

PREFIX, KEYWORD, PARAMETER, INVALID, QUERY_ONLY, NO_QUERY = 1, 3, 4, 5, 6, 7
LATENCY_S = 0.005
CHANNELS = 4
COMMON = ("*IDN?", "*RST", "*TRG", "*LBL", "*LBL?", "*SAV", "*RCL")
NAMES = ("T0", "CHA", "CHB", "CHC", "CHD")
SWITCH: tuple[str, ...] = ("0", "1")
#: Least and greatest value and that at power on, or the words there are.
SYSTEM: dict[str, tuple[float, float, float] | tuple[str, ...]] = {
    "STATe": SWITCH, "PERiod": (5e-8, 5000.0, 1e-3), "MODe": ("NORM", "SING", "BURS", "DCYC"),
    "BCOunter": (1, 1e6, 5), "PCOunter": (1, 1e6, 4), "OCOunter": (1, 1e6, 2),
    "ICLock:MODe": ("INT", "EXT", "XPL"), "ICLock:RATe": (10, 100, 10), "ICLock:LEVel": (0.02, 2.5, 1.0),
    "TRIGger:MODe": ("DIS", "TRIG", "DUAL"), "TRIGger:EDGe": ("RIS", "FALL"), "TRIGger:LEVel": (0.2, 15.0, 2.5),
    "GATe:MODe": ("DIS", "PULS", "OUTP", "CHAN"), "GATe:LOGic": ("LOW", "HIGH"), "GATe:LEVel": (0.2, 15.0, 2.5),
}  # fmt: skip
CHANNEL: dict[str, tuple[float, float, float] | tuple[str, ...]] = {
    "STATe": SWITCH, "WIDTh": (1e-8, 999.9, 1e-6), "DELay": (-99.9, 999.9, 0.0),
    "POLarity": ("NORM", "INV", "COMP"), "CMODe": ("NORM", "SING", "BURS", "DCYC"),
    "BCOunter": (1, 1e6, 5), "PCOunter": (1, 1e6, 4), "OCOunter": (1, 1e6, 2),
    "OUTPut:MODe": ("TTL", "ADJ"), "OUTPut:AMPLitude": (2.0, 20.0, 4.0),
    "CGATe": ("DIS", "PULS", "OUTP"), "CLOGic": ("LOW", "HIGH"),
    "SYNC": ("T0", "CHA", "CHB", "CHC", "CHD"), "MUX": (0, 15, 0),
}  # fmt: skip
WHOLE = ("BCOunter", "PCOunter", "OCOunter", "ICLock:RATe", "MUX")


class Refused(Exception):
    """A command that is not obeyed.

    Parameters
    ----------
    code : int
    """

    def __init__(self, code: int) -> None:
        self.code = code


class Qc9530Model(Model):
    """The pulse generator."""

    def __init__(self, seam: object, serial: str) -> None:
        self._serial = serial
        self._channel, self._label = 0, ""
        self._values: dict[tuple[int, str], str] = {}
        self.ports = {"main": OwnPort(lambda _: Qc9530Line(self))}

    def run(self, line: str) -> str:
        """Execute a line and give its answer."""
        try:
            return self._run(line.strip())
        except Refused as refused:
            return f"?{refused.code}"

    def _run(self, line: str) -> str:
        header, _, text = line.partition(" ")
        if header.upper() in COMMON:
            return self._common(header.upper(), text.strip())
        if not header.startswith(":"):
            raise Refused(PREFIX)
        if header.upper() in (":INST:CAT?", ":INSTRUMENT:CATALOG?"):
            return ", ".join(NAMES)
        if header.upper().rstrip("?") == ":DISP:ENAB":
            return "1" if header.endswith("?") else "ok"
        if header.upper().startswith((":INST", ":INSTRUMENT")):
            return self._instrument(header.upper().partition(":INST")[2].removeprefix("RUMENT"), text.strip())
        name = self._find(header.rstrip("?").lstrip(":"))
        if header.endswith("?"):
            return self._value(name)
        if not text.strip():
            raise Refused(PARAMETER)
        self._values[self._channel, name] = self._taken(name, text.strip())
        return "ok"

    def _common(self, header: str, text: str) -> str:
        if header in ("*IDN?", "*LBL?"):
            return f"QC,9534,{self._serial},2.4.1-2.0.11" if header == "*IDN?" else self._label
        if header == "*LBL":
            self._label = text.strip('"')[:14]
        if header == "*RST":
            self._values.clear()
        return "ok"

    def _instrument(self, rest: str, text: str) -> str:
        """Choose the channel that is meant from now on, or switch everything on."""
        match rest:
            case ":NSEL?" | ":SEL?" | ":SELECT?":
                return str(self._channel) if rest == ":NSEL?" else NAMES[self._channel]
            case ":NSEL" | ":SEL" | ":SELECT":
                names = [str(number) for number in range(CHANNELS + 1)] if rest == ":NSEL" else NAMES
                if text.upper() not in names:
                    raise Refused(INVALID)
                self._channel = list(names).index(text.upper())
                return "ok"
            case ":STAT?" | ":STATE?":
                return self._values.get((0, "STATe"), "0")
            case ":STAT" | ":STATE":
                self._values[0, "STATe"] = self._taken("STATe", text)
                return "ok"
        raise Refused(KEYWORD)

    def _table(self) -> dict[str, tuple[float, float, float] | tuple[str, ...]]:
        return CHANNEL if self._channel else SYSTEM

    def _find(self, header: str) -> str:
        found = re.fullmatch(r"(?:PULSE?|SPULSE)(\d+):(.*)", header, re.IGNORECASE)
        if found:
            if int(found[1]) > CHANNELS:
                raise Refused(KEYWORD)
            self._channel, header = int(found[1]), found[2]
        for name in self._table():
            known, given = name.split(":"), header.upper().split(":")
            if len(known) == len(given) and all(
                word in spellings(part) for part, word in zip(known, given, strict=True)
            ):
                return name
        raise Refused(KEYWORD)

    def _value(self, name: str) -> str:
        limits = self._table()[name]
        start = limits[0] if isinstance(limits[0], str) else self._shown(name, float(limits[2]))
        return self._values.get((self._channel, name), start)

    def _taken(self, name: str, text: str) -> str:
        limits = self._table()[name]
        if isinstance(limits[0], str):
            words = {"ON": "1", "OFF": "0"} if limits == SWITCH else {}
            word = words.get(text.upper(), text.upper())
            if word not in limits:
                raise Refused(INVALID)
            return word
        try:
            value = float(text)
        except ValueError:
            raise Refused(INVALID) from None
        if not isfinite(value) or not limits[0] <= value <= float(limits[1]):
            raise Refused(INVALID)
        return self._shown(name, value)

    def _shown(self, name: str, value: float) -> str:
        return f"{value:.0f}" if name in WHOLE else f"{value:.11f}"


class Qc9530Line(QuietLine):
    """A line to it."""

    def __init__(self, model: Qc9530Model) -> None:
        self._model = model
        self._splitter = LineSplitter(b"\r\n", b"\n")

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        lines = [line.decode("ascii", "replace") for line in self._splitter.feed(data)]
        return [
            (now_s + LATENCY_S, self._model.run(line).encode("ascii") + b"\r\n")
            for line in lines
            if line.strip()
        ]
