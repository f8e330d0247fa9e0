"""A Santec TSL-570 tunable laser.

Sources: PyMeasure's and QMI's drivers. Two sets of commands: legacy in nm and THz, SCPI in m and Hz. Invented:
the head's range, that tuning takes no time, that 10 mW is what the bench's laser gives at its nominal current.
"""

from __future__ import annotations

from drivers.emulation.models.base import Model, OwnPort
from drivers.emulation.models.scpi import ScpiEngine, ScpiLine
from drivers.emulation.models.scpi_headers import Handler
from drivers.emulation.models.scpi_values import Quantity, ScpiError, one, parse_switch
from drivers.emulation.seams import LaserSeam
from drivers.transport.memory import Replies

LIGHT_NM_THZ = 299_792.458
SHORTEST_NM, LONGEST_NM = 1480.0, 1640.0
NOMINAL_MW, LEAST_MW, MOST_MW = 10.0, 0.02, 20.0
WAVELENGTH = Quantity(SHORTEST_NM, LONGEST_NM, 1550.0)
POWER = Quantity(LEAST_MW, MOST_MW, 1.0)
SWEEP = {"STARt": 1500.0, "STOP": 1600.0, "STEP": 1.0, "SPEed": 10.0, "DWELl": 0.0, "DELay": 0.0,
         "CYCLes": 1.0, "MODe": 1.0}  # fmt: skip


class Tsl570Model(Model):
    """The laser; at power on no light comes out.

    Parameters
    ----------
    light : LaserSeam
    serial : str
    """

    def __init__(self, light: LaserSeam, serial: str) -> None:
        self._light, self._serial = light, serial
        self._wavelength_nm, self._power_mw, self._on = 1550.0, 1.0, False
        self._scpi, self._milliwatts, self._coherence = False, True, False
        self._sweep = dict(SWEEP)
        self._apply(0.0)
        commands = self._commands() | self._sweep_commands() | self._range_commands()
        engine = ScpiEngine(commands, positive_sign=False)
        self.ports = {"main": OwnPort(lambda _: Tsl570Line(engine))}

    def _commands(self) -> dict[str, Handler]:
        return {
            "*IDN?": lambda p, _: f"SANTEC,TSL-570,{self._serial},0017.0000.0004",
            ":WAVelength": self._tune,
            ":WAVelength?": lambda p, _: self._length(self._wavelength_nm),
            "[:WAVelength]:FREQuency?": lambda p, _: self._frequency(self._wavelength_nm),
            ":POWer": self._set_power,
            ":POWer[:LEVel]?": lambda p, _: f"{self._power_mw:+.4f}",
            ":POWer:ACTual?": lambda p, _: f"{self._power_mw if self._on else 0.0:+.4f}",
            ":POWer:STATe": self._switch,
            ":POWer:STATe?": lambda p, _: str(int(self._on)),
            ":POWer:UNIT": self._set_unit,
            ":POWer:UNIT?": lambda p, _: str(int(self._milliwatts)),
            ":SYSTem:COMMunicate:CODe": self._set_code,
            ":SYSTem:COMMunicate:CODe?": lambda p, _: str(int(self._scpi)),
            ":SYSTem:ALERt?": lambda p, _: "No alerts.",
            ":WAVelength:UNIT?": lambda p, _: "0",
            ":COHCtrl": self._set_coherence,
            ":COHCtrl?": lambda p, _: str(int(self._coherence)),
        }

    def _range_commands(self) -> dict[str, Handler]:
        """What it can reach, asked for in one manner by PyMeasure and in another by QMI."""
        commands: dict[str, Handler] = {}
        for between in ("", ":SWEep:RANGe"):
            commands |= {
                f":WAVelength{between}:MINimum?": lambda p, _: self._length(SHORTEST_NM),
                f":WAVelength{between}:MAXimum?": lambda p, _: self._length(LONGEST_NM),
                f"[:WAVelength]:FREQuency{between}:MINimum?": lambda p, _: self._frequency(LONGEST_NM),
                f"[:WAVelength]:FREQuency{between}:MAXimum?": lambda p, _: self._frequency(SHORTEST_NM),
            }
        return commands

    def _sweep_commands(self) -> dict[str, Handler]:
        commands: dict[str, Handler] = {":WAVelength:SWEep?": lambda p, _: "0"}
        for name in SWEEP:
            commands[f":WAVelength:SWEep:{name}"] = self._sweep_setter(name)
            commands[f":WAVelength:SWEep:{name}?"] = self._sweep_reader(name)
        return commands

    def _sweep_setter(self, name: str) -> Handler:
        def put(parameters: list[str], now_s: float) -> None:
            value = Quantity(-1e9, 1e9, 0).parse(one(parameters))
            self._sweep[name] = value * (1e9 if self._scpi and name in ("STARt", "STOP", "STEP") else 1)

        return put

    def _sweep_reader(self, name: str) -> Handler:
        def get(parameters: list[str], now_s: float) -> str:
            value = self._sweep[name]
            return self._length(value) if name in ("STARt", "STOP", "STEP") else f"{value:g}"

        return get

    def _length(self, value_nm: float) -> str:
        return f"{value_nm * 1e-9:+.8E}" if self._scpi else f"{value_nm:+.4f}"

    def _frequency(self, value_nm: float) -> str:
        value_thz = LIGHT_NM_THZ / value_nm
        return f"{value_thz * 1e12:+.8E}" if self._scpi else f"{value_thz:+.5f}"

    def _tune(self, parameters: list[str], now_s: float) -> None:
        value = Quantity(-1e9, 1e9, 0).parse(one(parameters)) * (1e9 if self._scpi else 1)
        self._wavelength_nm = WAVELENGTH.parse(f"{value:.6f}")

    def _set_power(self, parameters: list[str], now_s: float) -> None:
        self._power_mw = POWER.parse(one(parameters))
        self._apply(now_s)

    def _switch(self, parameters: list[str], now_s: float) -> None:
        self._on = parse_switch(one(parameters))
        self._apply(now_s)

    def _set_unit(self, parameters: list[str], now_s: float) -> None:
        self._milliwatts = parse_switch(one(parameters))
        if not self._milliwatts:
            self._milliwatts = True
            raise ScpiError(-220)  # dBm is not emulated

    def _set_code(self, parameters: list[str], now_s: float) -> None:
        self._scpi = parse_switch(one(parameters))

    def _set_coherence(self, parameters: list[str], now_s: float) -> None:
        self._coherence = parse_switch(one(parameters))

    def _apply(self, now_s: float) -> None:
        self._light.shine(now_s, self._power_mw / NOMINAL_MW if self._on else 0.0)


class Tsl570Line(ScpiLine):
    """A line to it. What ends a line is a setting of the instrument; here it is whatever the client uses."""

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        self._end = b"\n" if b"\n" in data else b"\r"
        return super().feed(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), now_s)
