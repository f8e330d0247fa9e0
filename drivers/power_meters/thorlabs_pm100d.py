"""Thorlabs PM100D and relatives (PM100A, PM100USB, PM160, PM400): optical power meters, SCPI over USBTMC.

Sources: PM100D operation manual, section 6.4 (grammar, ``*IDN?``); PM400 manual, section 5.5, which says
that its commands are those of the PM100 family (``SENSe:CORRection:WAVelength``, ``SENSe:AVERage``,
``MEASure:POWer?``, ``SYSTem:SENSor:IDN?``); the vendor's example ``PMxxx SCPI``.

Unverified: the wording of the error queue beyond ``+0,"No error"``; how long averaging takes. A query must
not be sent before the last answer is read, or the two answers mix (manual); the lock sees to that.
"""

from __future__ import annotations

import re

from drivers.errors import BadAnswer
from drivers.identity import Finding, fine, wrong
from drivers.parameters import Parameter, switch
from drivers.scpi_instrument import ScpiInstrument

MEASURES_POWER = 1


class Pm100D(ScpiInstrument):
    """A PM100D with a photodiode."""

    MODELS = ("PM",)
    TIMEOUT_S = 5.0

    wavelength_nm = Parameter[float](
        "Wavelength that the reading is corrected for.",
        unit="nm",
        get=":SENS:CORR:WAV?",
        put=":SENS:CORR:WAV {}",
        low=185,
        high=25000,
        tolerance=0.6,
    )
    averages = Parameter[int](
        "Measurements that are averaged for one reading.",
        unit="",
        get=":SENS:AVER?",
        put=":SENS:AVER {}",
        kind=int,
        low=1,
        high=1000,
        parse=lambda text: int(float(text)),
    )
    auto_range = switch(
        "Whether it chooses its range itself.", get=":SENS:POW:RANG:AUTO?", put=":SENS:POW:RANG:AUTO {}"
    )
    power_w = Parameter[float]("Optical power, measured now.", unit="W", get=":MEAS:POW?")

    def prepare(self) -> None:
        """Read in watts."""
        super().prepare()
        self.tell(":SENS:POW:UNIT W")

    def self_test(self) -> list[Finding]:
        """Look at the error queue and the sensor."""
        return [*super().self_test(), self._sensor_finding()]

    def _sensor_finding(self) -> Finding:
        answer = self.ask(":SYST:SENS:IDN?")
        fields = [field.strip(' "') for field in answer.split(",")]
        if len(fields) != 6 or not re.fullmatch("[0-9]{1,9}", fields[5]):
            raise BadAnswer(f"{self.name}: asked for its sensor, it answered {answer[:60]!r}")
        if not int(fields[5]) & MEASURES_POWER:
            return wrong(f"its sensor {fields[0]} measures no power", "connect a power sensor")
        return fine(f"sensor {fields[0]}, reading {self.power_w:.3g} W at {self.wavelength_nm:g} nm")
