"""Agilent (Hewlett-Packard, Keysight) 8156A: 0 to 60 dB with a shutter, SCPI.

Sources: 8156A user's guide, chapters 7 (grammar, error queue) and 8: pages 92 and 93 (table of commands),
97 (``*IDN?``), 106 (``:INPut:ATTenuation``), 114 (``:OUTPut[:STATe]``), 116 (bit 1 of the operation
condition register is set while the filter's motor settles). The modules 8156xA and 8157xA take the same INPut and
OUTPut commands (8163A/B programming guide), but it is their mainframe that answers ``*IDN?``, and nobody has looked
up by which register they and the N77xx family settle: they are refused.

Unverified: how long the motor takes; how many digits are answered. The instrument has GPIB and gives no
serial number, so a real one cannot say that it is not emulated.
"""

from __future__ import annotations

from drivers.errors import BadAnswer, InstrumentError, NotTaken
from drivers.identity import Finding, fine, wrong
from drivers.parameters import Parameter, finite, switch
from drivers.scpi_instrument import ScpiInstrument

SETTLING = 1 << 1
SETTLE_TIMEOUT_S = 10.0
SETTLE_STEP_S = 0.02
NM_PER_M = 1e9


class Hp8156A(ScpiInstrument):
    """An 8156A."""

    MODELS = ("8156A",)

    wavelength_nm = Parameter[float](
        "Wavelength for which the attenuation is calibrated.",
        unit="nm",
        get=":INP:WAV?",
        put=":INP:WAV {}NM",
        low=1200,
        high=1650,
        tolerance=0.1,
        parse=lambda text: finite(text) * NM_PER_M,
        settles=True,
    )
    attenuation_db = Parameter[float](
        "Attenuation, with the offset that the instrument may add.",
        unit="dB",
        get=":INP:ATT?",
        put=":INP:ATT {}DB",
        low=0,
        high=60,
        tolerance=0.02,
        settles=True,
    )
    offset_db = Parameter[float](
        "What the instrument adds to the attenuation of its filter, in what it takes and tells.",
        unit="dB",
        get=":INP:OFFS?",
    )
    shutter_open = switch("Whether light can pass.", get=":OUTP?", put=":OUTP {}")

    def prepare(self) -> None:
        """Take the offset away: with one left at the front panel, the same figure lets other light pass.

        Raises
        ------
        NotTaken
            If it keeps one.
        """
        super().prepare()
        self.tell(":INP:OFFS 0DB")
        if offset := self.offset_db:
            raise NotTaken(
                f"{self.name}: its offset was set to 0 dB and reads {offset:g}; set the offset (CAL) to 0 at its front "
                "panel"
            )

    def settle(self) -> None:
        """Wait until the filter's motor stands still.

        Raises
        ------
        InstrumentError
            If it never does.
        """
        for _ in range(round(SETTLE_TIMEOUT_S / SETTLE_STEP_S)):
            if not self._condition() & SETTLING:
                return
            assert self._line is not None
            self._line.pause(SETTLE_STEP_S)
        raise InstrumentError(
            f"{self.name}: its filter is still moving after {SETTLE_TIMEOUT_S:g} s; switch it off and on"
        )

    def make_safe(self) -> None:
        """Close the shutter."""
        self.shutter_open = False

    def self_test(self) -> list[Finding]:
        """Look at the error queue, the offset and the motor."""
        return [*super().self_test(), self._offset_finding(), self._motor_finding()]

    def _offset_finding(self) -> Finding:
        if offset := self.offset_db:
            return wrong(
                f"it adds an offset of {offset:g} dB", "set the offset (CAL) to 0 at its front panel"
            )
        return fine("it adds no offset")

    def _motor_finding(self) -> Finding:
        if self._condition() & SETTLING:
            return wrong(
                "its filter is moving", "wait a moment and test again; if it does not stop, have it serviced"
            )
        return fine(
            f"attenuation {self.attenuation_db:g} dB, shutter {'open' if self.shutter_open else 'closed'}"
        )

    def _condition(self) -> int:
        answer = self.ask(":STAT:OPER:COND?")
        try:
            return int(float(answer))
        except (ValueError, OverflowError):
            raise BadAnswer(f"{self.name}: asked for its condition, it answered {answer[:60]!r}") from None
