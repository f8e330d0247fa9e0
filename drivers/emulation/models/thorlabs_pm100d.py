"""A Thorlabs PM100D power meter with a photodiode.

Sources: PM100D manual, section 6.4; PM400 manual, section 5.5 (whose commands the PM100 family shares).
Whoever asks a second question before the first answer came gets a mixture, as the manual warns.
``*IDN?`` as the package pyThorlabsPM100x looks for it.
Invented: latencies, the sensor's name, ranges and area, that zeroing takes no time.
"""

from __future__ import annotations

from math import log10

from drivers.emulation.models.base import Model, OwnPort
from drivers.emulation.models.scpi import ScpiEngine, ScpiLine
from drivers.emulation.models.scpi_headers import Handler
from drivers.emulation.models.scpi_registers import RegisterGroup, groups
from drivers.emulation.models.scpi_settings import Settings
from drivers.emulation.models.scpi_values import (
    Quantity,
    none,
    one,
    parse_switch,
    parse_word,
    scientific,
    spellings,
)
from drivers.emulation.seams import PowerSeam
from drivers.transport.memory import Line, Replies

WAVELENGTH = Quantity(800.0, 1700.0, 1550.0, "NM")
MEASURE_S, ANSWER_S = 0.003, 0.001
DARK_W = 2e-11
AMPERES_PER_W = 0.95
RANGE = "[SENSe]:POWer[:DC]:RANGe[:UPPer]"
AVERAGE = "[SENSe]:AVERage[:COUNt]"
#: What is set and told; only averages take time, and nothing else changes what is measured.
PLAIN = {
    RANGE: Quantity(2.4e-7, 2.4e-2, 2.4e-2, "W"),
    AVERAGE: Quantity(1, 10_000, 1, whole=True),
    "[SENSe]:POWer[:DC]:REFerence": Quantity(0.0, 1.0, 1e-3, "W"),
    "[SENSe]:POWer[:DC]:REFerence:STATe": Quantity(0, 1, 0, whole=True),
    "[SENSe]:CURRent[:DC]:RANGe[:UPPer]": Quantity(5e-8, 5e-3, 5e-3, "A"),
    "[SENSe]:CURRent[:DC]:RANGe:AUTO": Quantity(0, 1, 1, whole=True),
    "[SENSe]:CURRent[:DC]:REFerence": Quantity(0.0, 1.0, 1e-3, "A"),
    "[SENSe]:CURRent[:DC]:REFerence:STATe": Quantity(0, 1, 0, whole=True),
    "[SENSe]:FREQuency:RANGe:UPPer": Quantity(1.0, 1e5, 1e5, "HZ"),
    "[SENSe]:FREQuency:RANGe:LOWer": Quantity(1.0, 1e5, 1.0, "HZ"),
    "[SENSe]:CORRection[:LOSS[:INPut[:MAGNitude]]]": Quantity(-60.0, 60.0, 0.0, "DB"),
    "[SENSe]:CORRection:BEAMdiameter": Quantity(0.1, 9.5, 9.5, "MM"),
    "[SENSe]:CORRection:POWer[:PDIOde][:RESPonse]": Quantity(1e-3, 10.0, AMPERES_PER_W),
    "INPut[:PDIOde]:FILTer[:LPASs][:STATe]": Quantity(0, 1, 0, whole=True),
    "SYSTem:LFRequency": Quantity(50, 60, 50, "HZ", whole=True),
    "SYSTem:BEEPer:STATe": Quantity(0, 1, 0, whole=True),
    "DISPlay:BRIGhtness": Quantity(0.0, 1.0, 1.0),
}
GROUPS = ("MEASurement", "AUXillary", "OPERation", "QUEStionable")
#: What it can be told to measure, of what a photodiode can.
KINDS = ("POWer", "CURRent", "FREQuency", "PDENsity")
#: Its sensor is so large, in square centimetres.
AREA_CM2 = 0.709


class Pm100DModel(Model):
    """The power meter.

    Parameters
    ----------
    light : PowerSeam
    serial : str
    """

    def __init__(self, light: PowerSeam, serial: str) -> None:
        self._light, self._serial = light, serial
        self._settings = Settings(PLAIN)
        self._wavelength_nm, self._auto, self._unit, self._kind = WAVELENGTH.default, True, "W", "POW"
        self._takes_s = ANSWER_S
        engine = ScpiEngine(self._commands())
        self.ports = {"main": OwnPort(lambda _: self._line(engine))}

    def _line(self, engine: ScpiEngine) -> Line:
        return MixingLine(engine, self)

    def taken_s(self) -> float:
        """How long the last answer took: a measurement takes its time."""
        taken_s, self._takes_s = self._takes_s, ANSWER_S
        return taken_s

    def _commands(self) -> dict[str, Handler]:
        return {
            **self._settings.commands(),
            **self._measuring_commands(),
            **groups(*(RegisterGroup(name) for name in GROUPS)),
            "*IDN?": lambda p, _: f"Thorlabs,PM100D,{self._serial},2.8.0",
            "*RST": self._reset,
            "SYSTem:SENSor:IDN?": lambda p, _: f'"S154C","{self._serial}","01-JAN-2024",1,18,33',
            "SYSTem:BEEPer[:IMMediate]": lambda p, _: None,
            "CALibration:STRing?": lambda p, _: '"01-JAN-2024"',
            "[SENSe]:CORRection:WAVelength": self._set_wavelength,
            "[SENSe]:CORRection:WAVelength?": self._tell_wavelength,
            "[SENSe]:CORRection:COLLect:ZERO[:INITiate]": lambda p, _: None,
            "[SENSe]:CORRection:COLLect:ZERO:ABORt": lambda p, _: None,
            "[SENSe]:CORRection:COLLect:ZERO:STATe?": lambda p, _: "0",
            "[SENSe]:CORRection:COLLect:ZERO:MAGNitude?": lambda p, _: scientific(DARK_W),
            RANGE: self._set_range,
            "[SENSe]:POWer[:DC]:RANGe:AUTO": self._set_auto,
            "[SENSe]:POWer[:DC]:RANGe:AUTO?": lambda p, _: str(int(self._auto)),
            "[SENSe]:POWer[:DC]:UNIT": self._set_unit,
            "[SENSe]:POWer[:DC]:UNIT?": lambda p, _: self._unit,
        }

    def _measuring_commands(self) -> dict[str, Handler]:
        commands: dict[str, Handler] = {
            "INITiate[:IMMediate]": lambda p, _: None,
            "ABORt": lambda p, _: None,
            "FETCh?": self._measure,
            "READ?": self._measure,
            "CONFigure?": lambda p, _: self._kind,
            "CONFigure[:SCALar][:POWer]": self._configure("POW"),
            "MEASure[:SCALar][:POWer]?": self._configured("POW"),
        }
        for kind in KINDS:
            short = min(spellings(kind), key=len)
            commands[f"CONFigure[:SCALar]:{kind}[:DC]"] = self._configure(short)
            commands[f"MEASure[:SCALar]:{kind}[:DC]?"] = self._configured(short)
        return commands

    def _configure(self, kind: str) -> Handler:
        def configure(parameters: list[str], now_s: float) -> None:
            self._kind = kind

        return configure

    def _configured(self, kind: str) -> Handler:
        def measure(parameters: list[str], now_s: float) -> str:
            self._kind = kind
            return self._measure(parameters, now_s)

        return measure

    def _measure(self, parameters: list[str], now_s: float) -> str:
        self._takes_s = MEASURE_S * self._settings.value(AVERAGE)
        power_w = self._light.power_w(now_s) + DARK_W
        shown = {
            "POW": power_w if self._unit == "W" else 10 * log10(power_w * 1e3),
            "CURR": power_w * AMPERES_PER_W,
            "PDEN": power_w / AREA_CM2,
        }
        return scientific(shown.get(self._kind, 0.0))

    def _set_wavelength(self, parameters: list[str], now_s: float) -> None:
        self._wavelength_nm = WAVELENGTH.parse(one(parameters))

    def _tell_wavelength(self, parameters: list[str], now_s: float) -> str:
        return scientific(WAVELENGTH.told(parameters, self._wavelength_nm))

    def _set_range(self, parameters: list[str], now_s: float) -> None:
        """Whoever chooses a range does not want it chosen."""
        self._settings.put(RANGE, parameters)
        self._auto = False

    def _set_auto(self, parameters: list[str], now_s: float) -> None:
        self._auto = parse_switch(one(parameters))

    def _set_unit(self, parameters: list[str], now_s: float) -> None:
        self._unit = "DBM" if parse_word(one(parameters), "W", "DBM") == "DBM" else "W"

    def _reset(self, parameters: list[str], now_s: float) -> None:
        none(parameters)
        self._settings.reset()
        self._wavelength_nm, self._auto, self._unit, self._kind = WAVELENGTH.default, True, "W", "POW"


class MixingLine(ScpiLine):
    """A line that mixes the answers of those who do not wait for them."""

    def __init__(self, engine: ScpiEngine, meter: Pm100DModel) -> None:
        super().__init__(engine)
        self._meter = meter
        self._due: tuple[float, bytes] = (0.0, b"")

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        replies: Replies = []
        for _, answer in super().feed(data, now_s):
            if now_s < self._due[0]:
                answer = self._due[1][: len(self._due[1]) // 2] + answer
            self._due = (now_s + self._meter.taken_s(), answer)
            replies.append(self._due)
        return replies
