"""Santec TSL-570: tunable laser, SCPI over USB, LAN or GPIB.

Sources: PyMeasure's driver and QMI's (commands, units, the two sets of commands, errors and alerts). The driver
chooses the legacy set, in which wavelengths are in nm, and powers in mW.

Unverified: that its delimiter, which is a setting, is CR as in QMI's driver; the range of wavelengths and
powers of a particular head, which is asked for in the self-test.
"""

from __future__ import annotations

from drivers.identity import Finding, fine, wrong
from drivers.parameters import Parameter, switch
from drivers.scpi_instrument import ScpiInstrument

NO_ALERT = "No alerts."
MAX_ALERTS = 16


class Tsl570(ScpiInstrument):
    """A TSL-570."""

    MODELS = ("TSL-570",)
    END = b"\r"
    ENDS = (b"\r",)

    wavelength_nm = Parameter[float](
        "Wavelength.", unit="nm", get=":WAV?", put=":WAV {}", low=1240, high=1680, tolerance=0.001
    )
    power_mw = Parameter[float](
        "Set power.", unit="mW", get=":POW?", put=":POW {}", low=0.02, high=30, tolerance=0.01
    )
    emitting = switch("Whether light comes out.", get=":POW:STAT?", put=":POW:STAT {}")
    actual_power_mw = Parameter[float]("Power that comes out, measured now.", unit="mW", get=":POW:ACT?")

    def prepare(self) -> None:
        """Speak in nm and mW."""
        super().prepare()
        self.tell(":SYST:COMM:COD 0")
        self.tell(":POW:UNIT 1")

    def make_safe(self) -> None:
        """Switch the light off."""
        self.emitting = False

    def self_test(self) -> list[Finding]:
        """Look at errors and alerts, and tell its range."""
        found = super().self_test()
        for _ in range(MAX_ALERTS):
            if (alert := self.ask(":SYST:ALER?")) == NO_ALERT:
                break
            found.append(wrong(f"it alerts: {alert}", "see its manual, and test again"))
        low, high = (self.ask(f":WAV:SWE:RANG:{end}?") for end in ("MIN", "MAX"))
        state = "on" if self.emitting else "off"
        return [*found, fine(f"light {state}, {self.wavelength_nm:g} nm of {low} to {high}")]
