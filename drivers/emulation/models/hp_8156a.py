"""An Agilent 8156A attenuator.

Source: 8156A user's guide, pages 85 and 86 (grammar, error queue of 30), 92 and 93 (table), 97, 106, 114, 116.
Recalled, not looked up: ``DISPlay`` and ``INPut:LCMode``, which change nothing here, and ``INPut:OFFSet:DISPlay``,
which makes the attenuation of the moment the zero. Invented, because the guide does not say: the motor's speed, the
number of digits in answers.
"""

from __future__ import annotations

from drivers.emulation.models.base import Model, OwnPort
from drivers.emulation.models.scpi import ScpiEngine, ScpiLine
from drivers.emulation.models.scpi_headers import Handler
from drivers.emulation.models.scpi_registers import RegisterGroup, groups
from drivers.emulation.models.scpi_settings import Settings
from drivers.emulation.models.scpi_values import Quantity, none, one, parse_switch, scientific
from drivers.emulation.seams import AttenuatorSeam

FILTER_DB = 60.0
SETTLING = 1 << 1
START_S = 0.03
S_PER_DB = 0.004
WAVELENGTH = Quantity(1.2e-6, 1.65e-6, 1.31e-6, "M")
PANEL = {
    ":DISPlay:BRIGhtness": Quantity(0.0, 1.0, 1.0),
    ":DISPlay:ENABle": Quantity(0, 1, 1, whole=True),
    ":INPut:LCMode": Quantity(0, 1, 0, whole=True),
}
OFFSET = Quantity(-99.999, 99.999, 0.0, "DB")


class Hp8156AModel(Model):
    """The attenuator; at power on its filter is at 0 dB and its shutter closed.

    Parameters
    ----------
    light : AttenuatorSeam
    serial : str
    """

    def __init__(self, light: AttenuatorSeam, serial: str) -> None:
        self._light, self._serial = light, serial
        self._filter_db, self._offset_db, self._wavelength_m = 0.0, 0.0, 1.55e-6
        self._open = self._open_at_power_on = False
        self._settled_s = 0.0
        self._panel = Settings(PANEL)
        self._apply(0.0)
        engine = ScpiEngine(self._commands())
        self.ports = {"main": OwnPort(lambda _: ScpiLine(engine))}

    def _commands(self) -> dict[str, Handler]:
        return {
            "*IDN?": lambda p, _: f"HEWLETT-PACKARD,HP8156A,{self._serial},1.02",
            "*RST": self._reset,
            ":INPut:ATTenuation": self._attenuate,
            ":INPut:ATTenuation?": self._tell_attenuation,
            ":INPut:OFFSet": self._set_offset,
            ":INPut:OFFSet?": lambda p, _: scientific(self._offset_db),
            ":INPut:OFFSet:DISPlay": self._call_it_zero,
            ":INPut:WAVelength": self._set_wavelength,
            ":INPut:WAVelength?": self._tell_wavelength,
            ":OUTPut[:STATe]": self._switch,
            ":OUTPut[:STATe]?": lambda p, _: str(int(self._open)),
            ":OUTPut[:STATe]:APOWeron": self._set_power_on,
            ":OUTPut[:STATe]:APOWeron?": lambda p, _: str(int(self._open_at_power_on)),
            **self._panel.commands(),
            **groups(RegisterGroup("OPERation", self._condition), RegisterGroup("QUEStionable")),
        }

    def _condition(self, now_s: float) -> int:
        return SETTLING if now_s < self._settled_s else 0

    def _attenuation(self) -> Quantity:
        return Quantity(self._offset_db, self._offset_db + FILTER_DB, self._offset_db, "DB")

    def _attenuate(self, parameters: list[str], now_s: float) -> None:
        wanted = self._attenuation().parse(one(parameters)) - self._offset_db
        self._move(wanted, now_s)

    def _move(self, filter_db: float, now_s: float) -> None:
        if filter_db != self._filter_db:
            self._settled_s = now_s + START_S + S_PER_DB * abs(filter_db - self._filter_db)
        self._filter_db = filter_db
        self._apply(now_s)

    def _apply(self, now_s: float) -> None:
        self._light.attenuate(now_s, self._filter_db, self._open)

    def _tell_attenuation(self, parameters: list[str], now_s: float) -> str:
        if parameters:
            value = self._attenuation().named(one(parameters))
            return scientific(self._attenuation().parse(parameters[0]) if value is None else value)
        return scientific(self._filter_db + self._offset_db)

    def _set_offset(self, parameters: list[str], now_s: float) -> None:
        self._offset_db = OFFSET.parse(one(parameters))

    def _call_it_zero(self, parameters: list[str], now_s: float) -> None:
        none(parameters)
        self._offset_db = -self._filter_db

    def _set_wavelength(self, parameters: list[str], now_s: float) -> None:
        self._wavelength_m = WAVELENGTH.parse(one(parameters))
        self._settled_s = max(self._settled_s, now_s + START_S)

    def _tell_wavelength(self, parameters: list[str], now_s: float) -> str:
        return scientific(WAVELENGTH.parse(one(parameters)) if parameters else self._wavelength_m)

    def _switch(self, parameters: list[str], now_s: float) -> None:
        self._open = parse_switch(one(parameters))
        self._apply(now_s)

    def _set_power_on(self, parameters: list[str], now_s: float) -> None:
        self._open_at_power_on = parse_switch(
            {"DIS": "0", "LAST": "1"}.get(one(parameters).upper(), parameters[0])
        )

    def _reset(self, parameters: list[str], now_s: float) -> None:
        none(parameters)
        self._open, self._offset_db, self._wavelength_m = False, 0.0, WAVELENGTH.default
        self._move(0.0, now_s)
