"""Stanford Research Systems DG645: digital delay generator, text on TCP port 5025 or a serial port.

Source: the vendor's Python package ``srsinst.dg645`` (commands, ranges, channels, the error register) and
four public drivers that agree on the error codes. Commands are silent; what went wrong waits for ``LERR?``.

Unverified: how many digits are answered; that ``*CLS`` empties the errors.
"""

from __future__ import annotations

from drivers.errors import BadAnswer, InstrumentError
from drivers.identity import Finding, Identity, fine, wrong
from drivers.line_instrument import LineInstrument
from drivers.parameters import Parameter

ERRORS = {
    10: "illegal value", 11: "illegal mode", 12: "illegal delay", 13: "illegal link", 14: "recall failed",
    15: "not allowed", 16: "self-test failed", 17: "auto calibration failed", 30: "lost data",
    32: "nobody listens", 110: "illegal command", 111: "undefined command", 112: "illegal query",
    113: "illegal set", 114: "no parameter", 115: "too many parameters", 116: "too few parameters",
    117: "parameter overflow", 118: "no number", 120: "no whole number", 121: "whole number overflow",
    122: "no hexadecimal number", 126: "syntax error", 170: "communication error", 171: "input overrun",
    254: "too many errors",
}  # fmt: skip
MAX_ERRORS = 32
#: Register of the instrument's status: the phase-locked loop, the rubidium clock.
PLL_UNLOCKED, RUBIDIUM_UNLOCKED = 1 << 6, 1 << 7
SOURCES = (
    "internal", "external rising", "external falling", "single external rising", "single external falling",
    "single", "line",
)  # fmt: skip


def _delay(channel: str) -> Parameter[float]:
    number = "ABCDEFGH".index(channel) + 2
    return Parameter(
        f"Delay of edge {channel} after T0.",
        unit="s",
        get=f"DLAY?{number}",
        put=f"DLAY {number},0,{{}}",
        low=0,
        high=2000,
        tolerance=1e-11,
        parse=lambda text: _after_t0(text),
        show=lambda value: f"{value:.12f}",
    )


def _after_t0(text: str) -> float:
    reference, _, delay = text.partition(",")
    if int(reference) != 0:
        raise ValueError(text)
    return float(delay)


def _amplitude(name: str, number: int) -> Parameter[float]:
    return Parameter(
        f"Amplitude of output {name}.",
        unit="V",
        get=f"LAMP?{number}",
        put=f"LAMP {number},{{}}",
        low=0.5,
        high=5.0,
        tolerance=0.02,
    )


class Dg645(LineInstrument):
    """A DG645."""

    trigger = Parameter[str](
        "What triggers it.",
        unit="",
        get="TSRC?",
        put="TSRC {}",
        kind=str,
        choices=SOURCES,
        parse=lambda text: SOURCES[int(text)],
        show=lambda name: str(SOURCES.index(name)),
    )
    trigger_rate_hz = Parameter[float](
        "Rate of the internal trigger.",
        unit="Hz",
        get="TRAT?",
        put="TRAT {}",
        low=1e-3,
        high=1e7,
        tolerance=1e-3,
        show=repr,
    )
    delay_a_s, delay_b_s, delay_c_s, delay_d_s = map(_delay, "ABCD")
    delay_e_s, delay_f_s, delay_g_s, delay_h_s = map(_delay, "EFGH")
    amplitude_ab_v = _amplitude("AB", 1)
    amplitude_cd_v = _amplitude("CD", 2)
    amplitude_ef_v = _amplitude("EF", 3)
    amplitude_gh_v = _amplitude("GH", 4)

    def identify(self) -> Identity:
        """Ask ``*IDN?``."""
        answer = self.ask("*IDN?")
        parts = [part.strip() for part in answer.split(",")]
        if len(parts) != 4 or "DG645" not in parts[1]:
            raise BadAnswer(
                f"{self.name}: is {answer[:60]!r}, and this driver is for a DG645; check the address"
            )
        return Identity(parts[0], parts[1], parts[2].removeprefix("s/n").strip(), parts[3])

    def prepare(self) -> None:
        """Forget errors that somebody else made."""
        self.do("*CLS")

    def is_identification(self, line: bytes) -> bool:
        """No other answer has its name."""
        return b"DG645" in line

    def tell(self, command: str) -> None:
        """Send a command, and look for errors."""
        with self.lock:
            self.do(command)
            if errors := self.errors():
                raise InstrumentError(f"{self.name}: did not accept {command!r}: {'; '.join(errors)}")

    def errors(self) -> list[str]:
        """Empty the queue of errors."""
        found: list[str] = []
        while (code := self._number("LERR?")) and len(found) < MAX_ERRORS:
            found.append(ERRORS.get(code, f"error {code}"))
        return found

    def trigger_once(self) -> None:
        """Trigger now; the trigger must be ``single``."""
        self.tell("*TRG")

    def make_safe(self) -> None:
        """Trigger no more."""
        self.trigger = "single"

    def self_test(self) -> list[Finding]:
        """Look at the errors and at the clock."""
        found = [wrong(error, "see its manual; the errors are cleared now") for error in self.errors()]
        if self._number("INSR?") & (PLL_UNLOCKED | RUBIDIUM_UNLOCKED):
            found.append(
                wrong("its clock has lost its lock", "check the reference, or let it warm up, and test again")
            )
        return [*found, fine(f"trigger {self.trigger}, {self.trigger_rate_hz:g} Hz")]

    def _number(self, query: str) -> int:
        answer = self.ask(query)
        try:
            return int(answer)
        except ValueError:
            raise BadAnswer(f"{self.name}: asked {query!r}, it answered {answer[:60]!r}") from None
