"""Thorlabs ITC4000 series and CLD1015: laser diode and temperature controllers, SCPI over USBTMC.

Sources: Series 4000 SCPI programmer's reference (grammar, ``*IDN?``, the titles of its chapters, page 70: bits of
``STATus:MEASurement``); Thorlabs' own example for the ITC4000 (``source:current:level:amplitude``); two labs'
drivers of the CLD1015 and FIREpyDAQ's, which agree on ``OUTPut1|2``, ``SOURce1:FUNCtion:MODE``,
``SOURce1:CURRent``, ``SOURce1:CURRent:LIMit``, ``SOURce2:TEMPerature:SPOint`` and ``SENSe2|3|4:…:DATA?``.

Unverified: what the controller reports when it is told to switch a laser on while its interlock is open; whether it
takes a limit below the set current. The reference's pages on limits and sensing were not seen, only those drivers.
"""

from __future__ import annotations

from drivers.errors import BadAnswer
from drivers.identity import Finding, fine, wrong
from drivers.parameters import Parameter, switch
from drivers.scaling import taken_in, told_in
from drivers.scpi_instrument import ScpiInstrument

MA_PER_A = 1000.0
CONDITIONS = {
    0: ("its key lock is on", "turn the key"),
    1: ("the laser's compliance voltage is reached", "check the diode and its cable"),
    2: ("its interlock is open", "close the interlock, and switch the laser on again"),
    3: ("the laser's current limit is reached", "lower current_ma, or raise current_limit_ma"),
    4: ("its LD ENABLE input holds the laser off", "look at what is connected to LD ENABLE"),
    5: ("the laser's power limit is reached", "lower the current"),
    8: ("its temperature protection holds the laser off", "wait until the temperature is right"),
    9: ("the temperature is outside its window", "wait, or look at the cooler"),
    10: ("its temperature sensor fails", "check the sensor and its cable"),
    11: ("the cooler's compliance voltage is reached", "check the cooler and its cable"),
    12: ("the cooler is not connected", "connect it, or set cooler_on = false"),
    14: ("it is too hot", "let it cool down, and look at its fan"),
}


class Itc4000(ScpiInstrument):
    """An ITC4001 to ITC4020, or a CLD1011 or CLD1015."""

    MODELS = ("ITC40", "CLD101")

    current_limit_ma = Parameter[float](
        "Current that is never exceeded.",
        unit="mA",
        get=":SOUR1:CURR:LIM?",
        put=":SOUR1:CURR:LIM {}",
        low=0,
        high=20_000,
        tolerance=0.1,
        parse=told_in(MA_PER_A),
        show=taken_in(MA_PER_A),
    )
    current_ma = Parameter[float](
        "Set current of the laser diode.",
        unit="mA",
        get=":SOUR1:CURR?",
        put=":SOUR1:CURR {}",
        low=0,
        high=20_000,
        tolerance=0.1,
        parse=told_in(MA_PER_A),
        show=taken_in(MA_PER_A),
    )
    temperature_c = Parameter[float](
        "Temperature that the cooler holds.",
        unit="C",
        get=":SOUR2:TEMP:SPO?",
        put=":SOUR2:TEMP:SPO {}",
        low=-55,
        high=150,
        tolerance=0.02,
    )
    cooler_on = switch("Whether the temperature is controlled.", get=":OUTP2?", put=":OUTP2 {}")
    emitting = switch("Whether the current flows.", get=":OUTP1?", put=":OUTP1 {}")
    actual_current_ma = Parameter[float](
        "Current through the diode, measured now.",
        unit="mA",
        get=":SENS3:CURR:DATA?",
        parse=told_in(MA_PER_A),
    )
    laser_v = Parameter[float]("Voltage of the diode, measured now.", unit="V", get=":SENS4:VOLT:DATA?")
    actual_temperature_c = Parameter[float]("Temperature, measured now.", unit="C", get=":SENS2:TEMP:DATA?")

    def prepare(self) -> None:
        """Hold the current, not the power; an output that is on is not touched."""
        super().prepare()
        if not self.ask(":SOUR1:FUNC:MODE?").upper().startswith("CURR"):
            self.tell(":SOUR1:FUNC:MODE CURR")

    def make_safe(self) -> None:
        """Switch the laser off; its temperature is held on."""
        self.emitting = False

    def self_test(self) -> list[Finding]:
        """Look at the errors, at what protects the laser, and at its current and temperature."""
        bits = self._conditions()
        trouble = [wrong(*words) for bit, words in CONDITIONS.items() if bits >> bit & 1]
        state = "on" if self.emitting else "off"
        current = (
            f"laser {state}, {self.current_ma:g} mA of at most {self.current_limit_ma:g} mA, "
            f"{self.actual_current_ma:.1f} mA measured"
        )
        return [*super().self_test(), *trouble, fine(current), self._temperature_finding()]

    def _temperature_finding(self) -> Finding:
        if not self.cooler_on:
            return wrong(
                "its temperature is not controlled", "set cooler_on = true, if the laser has a cooler"
            )
        return fine(f"{self.actual_temperature_c:.2f} deg C of {self.temperature_c:g}")

    def _conditions(self) -> int:
        answer = self.ask(":STAT:MEAS:COND?")
        try:
            return int(answer)
        except ValueError:
            raise BadAnswer(f"{self.name}: asked for its condition, it answered {answer[:60]!r}") from None
