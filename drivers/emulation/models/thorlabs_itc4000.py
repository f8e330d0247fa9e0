"""A Thorlabs ITC4001 laser diode and temperature controller.

Sources: Series 4000 SCPI programmer's reference (grammar, ``*IDN?``, page 70: ``STATus:MEASurement``); drivers of the
CLD1015, FIREpyDAQ's among them (headers). Invented: error -221 for a laser that must not go on, and for a limit below
the set current; that the temperature is right at once; the diode's and cooler's voltages.
"""

from __future__ import annotations

from drivers.emulation.knob import trouble
from drivers.emulation.models.base import Model, OwnPort
from drivers.emulation.models.scpi import ScpiEngine, ScpiLine
from drivers.emulation.models.scpi_headers import Handler
from drivers.emulation.models.scpi_registers import RegisterGroup, groups
from drivers.emulation.models.scpi_settings import Settings
from drivers.emulation.models.scpi_values import Quantity, ScpiError, none, one, parse_switch, scientific
from drivers.emulation.seams import LaserSeam

MOST_A = 1.0
ROOM_C, DIODE_V, OHM = 23.4, 1.1, 2.0
MA_PER_A = 1000.0
OTHER_GROUPS = ("OPERation", "QUEStionable", "AUXiliary")
KEY, INTERLOCK, LIMIT, WINDOW = 1 << 0, 1 << 2, 1 << 3, 1 << 9
LIMIT_A = Quantity(0.0, MOST_A, 0.2, "A")
#: What is set and told, and changes nothing else.
PLAIN = {
    "OUTPut:DELay": Quantity(0.0, 30.0, 0.0, "S"),
    "OUTPut:PROTection:VOLTage": Quantity(0.1, 10.0, 10.0, "V"),
    "SOURce:POWer[:LEVel][:IMMediate][:AMPLitude]": Quantity(0.0, 1.0, 0.0, "W"),
    "SOURce:POWer:LIMit[:AMPLitude]": Quantity(0.0, 1.0, 1.0, "W"),
    "SOURce2:CURRent[:LIMit][:AMPLitude]": Quantity(0.1, 15.0, 1.0, "A"),
    "SOURce2:TEMPerature:LIMit[:HIGH]": Quantity(-55.0, 150.0, 60.0),
    "SOURce2:TEMPerature:LIMit:UPPer": Quantity(-55.0, 150.0, 60.0),
    "SOURce2:TEMPerature:LIMit:LOWer": Quantity(-55.0, 150.0, 5.0),
    "SOURce2:TEMPerature:LCONstants[:GAIN]": Quantity(0.0, 100.0, 8.0),
    "SOURce2:TEMPerature:LCONstants:INTegral": Quantity(0.0, 100.0, 3.7),
    "SOURce2:TEMPerature:LCONstants:DERivative": Quantity(0.0, 100.0, 3.2),
    "SOURce2:TEMPerature:LCONstants:PERiod": Quantity(0.1, 100.0, 2.0, "S"),
}


class Itc4000Model(Model):
    """The controller; at power on laser and cooler are off.

    Parameters
    ----------
    light : LaserSeam
    serial : str
    """

    def __init__(self, light: LaserSeam, serial: str) -> None:
        self._light, self._serial = light, serial
        self._interlock_open = self._key_locked = False
        self._settings = Settings(PLAIN)
        self._start(0.0)
        commands = (
            self._settings.commands()
            | self._laser_commands()
            | self._cooler_commands()
            | self._protection_commands()
        )
        self._engine = ScpiEngine(commands)
        self.ports = {"main": OwnPort(lambda _: ScpiLine(self._engine))}
        self.troubles = {
            "interlock_open": trouble("its interlock is open", self._open_interlock),
            "key_locked": trouble("its key is turned off", self._lock),
        }

    def _start(self, now_s: float) -> None:
        self._settings.reset()
        self._limit_a, self._current_a, self._set_c = LIMIT_A.default, 0.0, 25.0
        self._on = self._cooling = self._power_mode = self._modulated = False
        self._apply(now_s)

    def _laser_commands(self) -> dict[str, Handler]:
        return {
            "*IDN?": lambda p, _: f"THORLABS,ITC4001,{self._serial},1.4.0/2.0.3/1.6.0",
            "*RST": self._reset,
            "OUTPut[:STATe]": self._switch,
            "OUTPut[:STATe]?": lambda p, _: str(int(self._on)),
            "OUTPut:CONDition?": lambda p, _: str(int(self._on)),
            "OUTPut:POLarity?": lambda p, _: "CG",
            "SOURce:FUNCtion:MODE": self._set_mode,
            "SOURce:FUNCtion:MODE?": lambda p, _: "POW" if self._power_mode else "CURR",
            "SOURce:CURRent[:LEVel][:IMMediate][:AMPLitude]": self._set_current,
            "SOURce:CURRent[:LEVel][:IMMediate][:AMPLitude]?": self._tell_current,
            "SOURce:CURRent:LIMit[:AMPLitude]": self._set_limit,
            "SOURce:CURRent:LIMit[:AMPLitude]?": lambda p, _: scientific(LIMIT_A.told(p, self._limit_a)),
            "SOURce:CURRent:LIMit:TRIPped?": lambda p, _: str(int(bool(self._condition() & LIMIT))),
            "SOURce:AM[:STATe]": self._modulate,
            "SOURce:AM[:STATe]?": lambda p, _: str(int(self._modulated)),
            "SENSe3:CURRent[:DC][:DATA]?": self._measure_current,
            "SENSe4:VOLTage[:DC][:DATA]?": self._measure_voltage,
            "MEASure[:SCALar]:CURRent[:DC]?": self._measure_current,
            "MEASure[:SCALar]:VOLTage[:DC]?": self._measure_voltage,
            "MEASure[:SCALar]:CURRent2[:DC]?": self._measure_photodiode,
        }

    def _cooler_commands(self) -> dict[str, Handler]:
        span = Quantity(-55.0, 150.0, 25.0)

        def put(parameters: list[str], now_s: float) -> None:
            self._set_c = span.parse(one(parameters))

        return {
            "OUTPut2[:STATe]": self._cool,
            "OUTPut2[:STATe]?": lambda p, _: str(int(self._cooling)),
            "SOURce2:TEMPerature[:SPOint]": put,
            "SOURce2:TEMPerature[:SPOint]?": lambda p, _: scientific(span.told(p, self._set_c)),
            "SENSe2:TEMPerature[:DATA]?": lambda p, _: scientific(self._temperature_c()),
            "MEASure[:SCALar]:TEMPerature?": lambda p, _: scientific(self._temperature_c()),
        }

    def _protection_commands(self) -> dict[str, Handler]:
        tripped = {"INTLock": INTERLOCK, "KEYLock": KEY, "OTEMp": 1 << 14, "CONNection": 0, "VOLTage": 1 << 1}
        commands: dict[str, Handler] = {
            f"OUTPut:PROTection:{name}:TRIPped?": self._tell_condition(bit) for name, bit in tripped.items()
        }
        measurement = RegisterGroup("MEASurement", lambda _: self._condition())
        return commands | groups(measurement, *(RegisterGroup(name) for name in OTHER_GROUPS))

    def _tell_condition(self, bit: int) -> Handler:
        return lambda p, _: str(int(bool(self._condition() & bit)))

    def _condition(self) -> int:
        bits = INTERLOCK if self._interlock_open else 0
        bits |= KEY if self._key_locked else 0
        bits |= LIMIT if self._on and self._current_a >= self._limit_a > 0 else 0
        return bits | (WINDOW if self._cooling and abs(self._temperature_c() - self._set_c) > 1 else 0)

    def _switch(self, parameters: list[str], now_s: float) -> None:
        wanted = parse_switch(one(parameters))
        if wanted and (self._interlock_open or self._key_locked):
            raise ScpiError(-221)
        self._on = wanted
        self._apply(now_s)

    def _set_mode(self, parameters: list[str], now_s: float) -> None:
        word = one(parameters).upper()
        if word not in ("CURR", "CURRENT", "POW", "POWER"):
            raise ScpiError(-224)
        self._power_mode = word.startswith("POW")

    def _set_current(self, parameters: list[str], now_s: float) -> None:
        self._current_a = self._current().parse(one(parameters))
        self._apply(now_s)

    def _tell_current(self, parameters: list[str], now_s: float) -> str:
        return scientific(self._current().told(parameters, self._current_a))

    def _current(self) -> Quantity:
        return Quantity(0.0, self._limit_a, 0.0, "A")

    def _set_limit(self, parameters: list[str], now_s: float) -> None:
        wanted = LIMIT_A.parse(one(parameters))
        if wanted < self._current_a:
            raise ScpiError(-221)
        self._limit_a = wanted

    def _modulate(self, parameters: list[str], now_s: float) -> None:
        self._modulated = parse_switch(one(parameters))

    def _cool(self, parameters: list[str], now_s: float) -> None:
        self._cooling = parse_switch(one(parameters))

    def _temperature_c(self) -> float:
        return self._set_c if self._cooling else ROOM_C

    def _measure_current(self, parameters: list[str], now_s: float) -> str:
        return scientific(self._current_a if self._on else 0.0)

    def _measure_voltage(self, parameters: list[str], now_s: float) -> str:
        return scientific(DIODE_V + OHM * self._current_a if self._on else 0.0)

    def _measure_photodiode(self, parameters: list[str], now_s: float) -> str:
        return scientific(self._light.photodiode_ma(now_s) / MA_PER_A)

    def _reset(self, parameters: list[str], now_s: float) -> None:
        none(parameters)
        self._start(now_s)

    def _open_interlock(self, now_s: float, value: bool) -> None:
        self._interlock_open = value
        self._protect(now_s, value)

    def _lock(self, now_s: float, value: bool) -> None:
        self._key_locked = value
        self._protect(now_s, value)

    def _protect(self, now_s: float, tripped: bool) -> None:
        self._on = self._on and not tripped
        self._apply(now_s)

    def _apply(self, now_s: float) -> None:
        self._light.drive(now_s, self._current_a * MA_PER_A if self._on else 0.0)
