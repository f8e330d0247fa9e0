"""Koheron CTL200: laser diode current source and temperature controller, serial text at 115200 baud.

Source: PyMeasure's driver and its tests (``koheron/ctl200.py`` after version 0.16; commands, units, error
bits, echo and prompt). The controller echoes each line, then answers every command, setters too, with one
line, then gives the prompt ``>>`` without a line end; NULs may be strewn in.

Unverified: what a setter answers (any line is accepted), what an unknown command answers besides setting
its error bit, how the CTL101 differs.
"""

from __future__ import annotations

from contextlib import suppress
from types import MappingProxyType

from drivers.codecs.lines import LineReader
from drivers.errors import BadAnswer, InstrumentError, NoAnswer
from drivers.identity import Finding, Identity, fine, wrong
from drivers.line_instrument import LineInstrument
from drivers.parameters import Parameter, switch
from drivers.transport.base import Transport

PROMPT = b">>"
PROMPT_S = 0.5
ERRORS = (
    "its input buffer overflowed",
    "a command came before the prompt",
    "the laser is too cold",
    "the laser is too hot",
    "the command is unknown",
    "the value is not valid",
    "the laser was switched on while the interlock is open",
    "the interlock was opened",
)


class Ctl200(LineInstrument):
    """A CTL200."""

    END = b"\r\n"
    SERIAL = MappingProxyType({"baudrate": "115200"})

    cooler_on = switch("Whether the temperature is controlled.", get="tecon", put="tecon {}")
    current_limit_ma = Parameter[float](
        "Current that is never exceeded.",
        unit="mA",
        get="ilmax",
        put="ilmax {}",
        low=0,
        high=1000,
        tolerance=0.1,
    )
    current_ma = Parameter[float](
        "Set current of the laser diode.",
        unit="mA",
        get="ilaser",
        put="ilaser {}",
        low=0,
        high=1000,
        tolerance=0.05,
    )
    interlock_used = switch("Whether an open interlock switches the laser off.", get="lckon", put="lckon {}")
    emitting = switch("Whether the current flows.", get="lason", put="lason {}")
    voltage_v = Parameter[float]("Voltage across the laser diode.", unit="V", get="vlaser")
    photodiode_ma = Parameter[float]("Current of the monitor photodiode.", unit="mA", get="iphd")
    thermistor_ohm = Parameter[float](
        "Resistance of the thermistor, which tells the temperature.", unit="ohm", get="rtact"
    )

    def begin(self, line: Transport) -> None:
        """Read from prompt to prompt."""
        self._reader = LineReader(line, PROMPT)

    def exchange(self, line: Transport, command: str) -> str:
        """Send a command; skip what is not its echo; give the line after the echo."""
        self.send(line, command)
        deadline = line.now_s() + self.TIMEOUT_S
        while True:
            said = (
                self._reader.line(max(deadline - line.now_s(), 0.0))
                .replace(b"\0", b"")
                .decode("ascii", "replace")
            )
            lines = [each.strip() for each in said.splitlines() if each.strip()]
            if lines and lines[0] == command:
                return lines[1] if len(lines) > 1 else ""

    def strays(self, line: Transport) -> bool:
        """Whatever it is, it has not the echo of the next question."""
        return False

    def synchronise(self, line: Transport) -> None:
        """Wait for a prompt that is still due, as nothing is obeyed before; the echo tells late answers from others."""
        with suppress(NoAnswer, BadAnswer):
            self._reader.line(PROMPT_S)
        self._reader.drop()

    def identify(self) -> Identity:
        """Ask for model, serial number and firmware."""
        model, serial, firmware = (self.ask(each) for each in ("model", "serial", "version"))
        if not model.upper().startswith("CTL"):
            raise BadAnswer(
                f"{self.name}: is a {model[:40]!r}, and this driver is for a CTL200; check the address"
            )
        return Identity("Koheron", model, serial, firmware)

    def prepare(self) -> None:
        """Forget errors that somebody else made."""
        self.ask("errclr")

    def tell(self, command: str) -> None:
        """Send a command, and look at the error bits."""
        with self.lock:
            self.ask(command)
            if errors := self.errors():
                raise InstrumentError(f"{self.name}: did not accept {command!r}: {'; '.join(errors)}")

    def errors(self) -> list[str]:
        """Read the error bits, and clear them."""
        answer = self.ask("err")
        try:
            bits = int(answer, 16)
        except ValueError:
            raise BadAnswer(f"{self.name}: asked for its errors, it answered {answer[:60]!r}") from None
        found = [text for bit, text in enumerate(ERRORS) if bits >> bit & 1]
        if bits:
            self.ask("errclr")
        return found or ([f"error {answer}"] if bits else [])

    def make_safe(self) -> None:
        """Switch the laser off."""
        self.emitting = False

    def self_test(self) -> list[Finding]:
        """Look at the error bits, the interlock and the currents."""
        found = [
            wrong(f"{error}", "close the interlock, check the temperature, and test again")
            for error in self.errors()
        ]
        if not self.interlock_used:
            found.append(
                wrong("its interlock is not used", "set interlock_used = true, and wire the interlock")
            )
        emitting = self.emitting
        if emitting and not self.cooler_on:
            found.append(
                wrong("its temperature is not controlled", "set cooler_on = true, if the laser has a cooler")
            )
        return [
            *found,
            fine(
                f"laser {'on' if emitting else 'off'}, {self.current_ma:g} mA of at most {self.current_limit_ma:g} mA"
            ),
        ]
