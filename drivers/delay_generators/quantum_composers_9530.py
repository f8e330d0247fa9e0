"""Quantum Composers 9530 (and its relatives BNC 575 and 577): pulse generator, text on serial or TCP 2101.

Sources: 9530 series manual (commands, error codes); QMI's driver; public drivers of the BNC 575 and 577 (who they say
they are, and that they keep their clock under another keyword: it is left as it is). Every command is answered, by
``ok``, by a value, or by ``?`` and a number.

Unverified: that the BNC 575 and 577 share all other commands used here; how many digits are answered.
"""

from __future__ import annotations

from types import MappingProxyType

from drivers.errors import InstrumentError
from drivers.identity import Finding, Identity, fine, wrong
from drivers.line_instrument import LineInstrument
from drivers.parameters import Parameter, switch
from drivers.scpi_identity import identity_of

ERRORS = {
    "?1": "incorrect prefix", "?2": "missing keyword", "?3": "invalid keyword", "?4": "missing parameter",
    "?5": "invalid parameter", "?6": "it can only be asked", "?7": "it cannot be asked",
    "?8": "not available in this state",
}  # fmt: skip
CLOCKS = MappingProxyType({"internal": "INT", "external": "EXT", "external with PLL": "XPL"})


def _delay(channel: int) -> Parameter[float]:
    return Parameter(
        f"Delay of channel {channel} after T0.", unit="s", get=f":PULSE{channel}:DEL?",
        put=f":PULSE{channel}:DEL {{}}", low=-99.9, high=999.9, tolerance=1e-11, show=lambda value: f"{value:.11f}",
    )  # fmt: skip


def _width(channel: int) -> Parameter[float]:
    return Parameter(
        f"Width of the pulses of channel {channel}.", unit="s", get=f":PULSE{channel}:WIDT?",
        put=f":PULSE{channel}:WIDT {{}}", low=1e-8, high=999.9, tolerance=1e-11,
        show=lambda value: f"{value:.11f}",
    )  # fmt: skip


def _enabled(channel: int) -> Parameter[bool]:
    return switch(
        f"Whether channel {channel} gives pulses.", get=f":PULSE{channel}:STAT?",
        put=f":PULSE{channel}:STAT {{}}",
    )  # fmt: skip


class QuantumComposers9530(LineInstrument):
    """A 9530, with the channels that all models have."""

    END = b"\r\n"
    SERIAL = MappingProxyType({"baudrate": "38400"})

    clock = Parameter[str](
        "Which clock is used.",
        unit="",
        get=":PULSE0:ICL:MOD?",
        put=":PULSE0:ICL:MOD {}",
        kind=str,
        choices=tuple(CLOCKS),
        parse=lambda text: {short: name for name, short in CLOCKS.items()}[text.strip().upper().rstrip("?")],
        show=lambda name: CLOCKS[name],
    )
    period_s = Parameter[float](
        "Time from one T0 to the next.",
        unit="s",
        get=":PULSE0:PER?",
        put=":PULSE0:PER {}",
        low=5e-8,
        high=5000,
        tolerance=1e-9,
        show=lambda value: f"{value:.9f}",
    )
    running = switch("Whether it gives pulses at all.", get=":PULSE0:STAT?", put=":PULSE0:STAT {}")
    delay1_s, delay2_s, delay3_s, delay4_s = map(_delay, (1, 2, 3, 4))
    width1_s, width2_s, width3_s, width4_s = map(_width, (1, 2, 3, 4))
    enabled1, enabled2, enabled3, enabled4 = map(_enabled, (1, 2, 3, 4))

    def identify(self) -> Identity:
        """Ask ``*IDN?``."""
        return identity_of(self.name, self.ask("*IDN?"), "95", "575", "577")

    def is_identification(self, line: bytes) -> bool:
        """Three commas, and no error."""
        return line.count(b",") == 3 and not line.startswith(b"?")

    def ask(self, command: str) -> str:
        """See :class:`~drivers.instrument.AskedInstrument`; an answer may be an error."""
        answer = super().ask(command)
        if answer.startswith("?"):
            reason = ERRORS.get(answer, f"error {answer}")
            raise InstrumentError(f"{self.name}: did not accept {command!r}: {reason}")
        return answer

    def tell(self, command: str) -> None:
        """Send a command; it is answered by ``ok``."""
        answer = self.ask(command)
        if answer.lower() != "ok":
            raise InstrumentError(f"{self.name}: answered {command!r} by {answer[:40]!r} and not by ok")

    def make_safe(self) -> None:
        """Give no more pulses."""
        self.running = False

    def self_test(self) -> list[Finding]:
        """Look at the clock: with an external one, its loop must have locked."""
        try:
            answer = self.ask(":PULSE0:ICL:MOD?")
        except InstrumentError:
            clock = "as at its front panel"
        else:
            if answer.endswith("?"):
                return [
                    wrong(
                        "its clock has not locked to the external one", "check the reference's level and rate"
                    )
                ]
            clock = self.clock
        state = "on" if self.running else "off"
        return [fine(f"pulses {state}, every {self.period_s:g} s, clock {clock}")]
