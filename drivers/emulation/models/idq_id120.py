"""An ID Quantique ID120 avalanche diode.

Source: Instrumental's driver (headers, ranges, steps, words). Invented: all texts of ``INFO:…?`` and ``*IDN?``,
what a query of capabilities answers, that what is unknown or out of range is ignored (a query answers ``ERROR``),
the breakdown voltage, how fast it cools.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.codecs.lines import LineSplitter
from drivers.emulation.knob import trouble
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.seams import AvalancheSeam
from drivers.transport.memory import Replies

MICRO, MILLI = 1e-6, 1e-3
BREAKDOWN_UV = 158_000_000
ROOM_C, KELVIN_PER_S = 22.0, 8.0
LATENCY_S = 0.001
OFF = -1.0


@dataclass(frozen=True)
class Span:
    """What a number may be, and how it is rounded."""

    low: int
    high: int
    step: int
    default: int


NUMBERS = {
    "THRESHOLD:VOLTAGE": Span(0, 1_047_000, 500, 200_000),
    "DEADTIME:TIME": Span(40, 1_000_000, 40, 400),
    "BIAS:VOLTAGE": Span(0, 250_000_000, 80_000, 163_040_000),
    "COUNTERS:INTEGRATION_TIME": Span(200, 100_000, 200, 1000),
    "REG:TEMP_SET_POINT": Span(-50_000, -10_000, 1000, -40_000),
}
CAPABILITIES = {
    "THRESHOLD:CAPABILITY": "THRESHOLD:VOLTAGE",
    "DEADTIME:CAPABILITY": "DEADTIME:TIME",
    "BIAS:CAPABILITY": "BIAS:VOLTAGE",
    "COUNTERS:INTEGRATION_TIME_CAPABILITY": "COUNTERS:INTEGRATION_TIME",
    "REG:TEMP_SET_POINT_CAPABILITY": "REG:TEMP_SET_POINT",
}
INFORMATION = {
    "PRODUCT_NAME": "ID120",
    "PRODUCT_DEVELOPMENT_NAME": "ID120",
    "PRODUCT_DESCRIPTION": "Visible single-photon detector",
    "PRODUCT_TYPE": "ID120-500-800",
    "PRODUCT_REVISION": "A",
    "APD_TYPE": "500UM",
    "BOARD_REVISION": "B",
    "BOARD_SERIAL_NUMBER": "0",
    "VENDOR_NAME": "ID Quantique",
    "MANUFACTURER_NAME": "ID Quantique",
    "MANUFACTURING_DATE": "2024-01-01",
    "OUTPUT1_STANDARD": "LVTTL",
    "OUTPUT2_STANDARD": "NIM",
    "FIRMWARE_VERSION": "1.4.0",
    "CONTENT_INTEGRITY": "TRUE",
    "BIAS_BREAKDOWN_VOLTAGE": str(BREAKDOWN_UV),
}
POLARITIES = ("POSITIVE", "NEGATIVE")


class Id120Model(Model):
    """The detector; at power on it is neither cooled nor biased.

    Parameters
    ----------
    diode : AvalancheSeam
    serial : str
    """

    def __init__(self, diode: AvalancheSeam, serial: str) -> None:
        self._diode, self._serial = diode, serial
        self._numbers = {name: span.default for name, span in NUMBERS.items()}
        self._polarities = {"1": "POSITIVE", "2": "POSITIVE"}
        self._running = self._bias_fails = False
        self._since_s, self._from_c = 0.0, ROOM_C
        self._apply(0.0)
        self.ports = {"main": OwnPort(lambda _: Id120Line(self))}
        self.troubles = {"bias_fails": trouble("its bias supply fails", self._fail)}

    def run(self, command: str, now_s: float) -> str | None:
        """Execute a command; give its answer if it is a query."""
        header, _, parameter = command.strip().upper().lstrip(":").partition(" ")
        if header.endswith("?"):
            return self._tell(header.rstrip("?"), now_s)
        self._set(header, parameter.strip(), now_s)
        return None

    def _tell(self, name: str, now_s: float) -> str:
        if name in self._numbers:
            return str(self._numbers[name])
        if name in CAPABILITIES:
            span = NUMBERS[CAPABILITIES[name]]
            return f"{span.low},{span.high},{span.step}"
        told = {
            "*IDN": f"IDQuantique,ID120,{self._serial},1.4.0",
            "INFO:PRODUCT_SERIAL_NUMBER": self._serial,
            "BIAS:ERROR_STATUS": _truth(self._bias_fails),
            "REG:RUN": _truth(self._running),
            "REG:STATE": "RUNNING" if self._running else "IDLE",
            "REG:MEASURED_TEMP": str(round(self._temperature_c(now_s) / MILLI)),
            **{f"INFO:{each}": text for each, text in INFORMATION.items()},
            **{f"OUTPUT{number}:POLARITY": text for number, text in self._polarities.items()},
        }
        if name.startswith("COUNTERS:DETECTION"):
            return self._counted(name, now_s)
        return told.get(name, "ERROR")

    def _counted(self, name: str, now_s: float) -> str:
        length_s = self._numbers["COUNTERS:INTEGRATION_TIME"] * MILLI
        begin_s = max(now_s - length_s, 0.0)
        seen = self._numbers["THRESHOLD:VOLTAGE"] * MICRO < 1.0
        count = self._diode.counts(begin_s, begin_s + length_s) if seen else 0
        return str(round(count / length_s) if name.endswith("FREQ") else count)

    def _set(self, name: str, parameter: str, now_s: float) -> None:
        if name in NUMBERS and (value := _whole(parameter)) is not None:
            span = NUMBERS[name]
            if span.low <= value <= span.high:
                self._numbers[name] = round(value / span.step) * span.step
        elif name == "REG:RUN" and parameter in ("TRUE", "FALSE"):
            self._from_c, self._since_s = self._temperature_c(now_s), now_s
            self._running = parameter == "TRUE"
        elif name in ("OUTPUT1:POLARITY", "OUTPUT2:POLARITY") and parameter in POLARITIES:
            self._polarities[name[6]] = parameter
        self._apply(now_s)

    def _temperature_c(self, now_s: float) -> float:
        """It goes straight to where it should be."""
        aim_c = self._numbers["REG:TEMP_SET_POINT"] * MILLI if self._running else ROOM_C
        step_c = KELVIN_PER_S * (now_s - self._since_s)
        return (
            max(aim_c, self._from_c - step_c) if aim_c < self._from_c else min(aim_c, self._from_c + step_c)
        )

    def _fail(self, now_s: float, value: bool) -> None:
        self._bias_fails = value
        self._apply(now_s)

    def _apply(self, now_s: float) -> None:
        over_v = (self._numbers["BIAS:VOLTAGE"] - BREAKDOWN_UV) * MICRO
        biased = self._running and not self._bias_fails
        aim_c = self._numbers["REG:TEMP_SET_POINT"] * MILLI
        self._diode.set(now_s, over_v if biased else OFF, aim_c, float(self._numbers["DEADTIME:TIME"]))


def _truth(value: bool) -> str:
    return "TRUE" if value else "FALSE"


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


class Id120Line(QuietLine):
    """A line to it."""

    def __init__(self, model: Id120Model) -> None:
        self._model = model
        self._splitter = LineSplitter(b"\r\n", b"\n", b"\r")

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        lines = [line.decode("ascii", "replace") for line in self._splitter.feed(data)]
        answers = [self._model.run(line, now_s) for line in lines if line.strip()]
        return [(now_s + LATENCY_S, answer.encode() + b"\n") for answer in answers if answer is not None]
