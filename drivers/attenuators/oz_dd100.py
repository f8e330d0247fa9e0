"""OZ Optics DD-100-MC: motorised attenuator, text on a serial port at 9600 baud.

Sources: QMI's driver and another public one, the vendor's list of commands. A command ends with CR; its answer
is a few lines, then ``Done`` and an empty line.

The instrument has no shutter: closed means as dark as it gets. It takes up to half a minute to find its home.

Unverified: the greatest attenuation of a particular unit; what ``CD`` (its configuration) says: a serial
number is looked for there, without which it cannot say whether it is emulated.
"""

from __future__ import annotations

import re

from drivers.codecs.lines import LineReader
from drivers.errors import BadAnswer, InstrumentError
from drivers.identity import Finding, Identity, fine
from drivers.line_instrument import LineInstrument
from drivers.parameters import Parameter
from drivers.transport.base import Transport
from drivers.transport.silence import drain

DARKEST_DB = 60.0
ERRORS = {
    "-2": "it does not know the command",
    "-5": "its home sensor does not answer",
    "-6": "the value is too large",
    "-7": "its motor has no voltage",
}
HOME_TIMEOUT_S = 30.0
#: Silent for so long, nothing is on its way.
QUIET_S = 0.3
_ATTENUATION = re.compile(r"atten(?:uation)?\s*:\s*([\d.]+)", re.IGNORECASE)


def _attenuation(text: str) -> float:
    found = _ATTENUATION.search(text)
    if found is None:
        raise ValueError(text)
    return float(found[1])


class OzDd100(LineInstrument):
    """A DD-100-MC."""

    END = b"\r"
    ENDS = (b"\r\n", b"\n")
    TIMEOUT_S = 5.0

    attenuation_db = Parameter[float](
        "Attenuation.",
        unit="dB",
        get="D",
        put="A{}",
        low=0,
        high=DARKEST_DB,
        tolerance=0.05,
        parse=_attenuation,
        show=lambda value: f"{value:.2f}",
    )

    _before_db: float | None = None

    @property
    def shutter_open(self) -> bool:
        """Whether light can pass: it has no shutter, and is closed at its highest attenuation."""
        return self.attenuation_db < DARKEST_DB - 0.5

    @shutter_open.setter
    def shutter_open(self, value: bool) -> None:
        with self.lock:
            if self.shutter_open == value:
                return
            before = self.attenuation_db
            if value and self._before_db is None:
                raise InstrumentError(
                    f"{self.name}: has no shutter, and was dark before; set attenuation_db instead"
                )
            self.attenuation_db = DARKEST_DB if not value or self._before_db is None else self._before_db
            self._before_db = None if value else before

    def identify(self) -> Identity:
        """Ask for its configuration, and look for a serial number there."""
        text = self.ask("CD")
        found = re.search(r"(?:S/?N|serial)\W*(\w+)", text, re.IGNORECASE)
        return Identity("OZ Optics", "DD-100-MC", found[1] if found else "")

    def exchange(self, line: Transport, command: str) -> str:
        """Send a command, and read up to ``Done``."""
        self.send(line, command)
        return self._answered(line, self.TIMEOUT_S)

    def synchronise(self, line: Transport) -> None:
        """Wait until nothing comes any more, and forget it."""
        drain(line, QUIET_S, self.TIMEOUT_S)
        self._reader = LineReader(line, *self.ENDS)

    def tell(self, command: str) -> None:
        """Send a command; an error is in its answer."""
        self.ask(command)

    def home(self) -> None:
        """Find its home position again: half a minute at most."""
        self._in_order("H", self._home_on)

    def make_safe(self) -> None:
        """Let through as little light as it can."""
        self.attenuation_db = DARKEST_DB

    def self_test(self) -> list[Finding]:
        """Look at where it stands."""
        return [fine(f"attenuation {self.attenuation_db:g} dB")]

    def _home_on(self, line: Transport) -> None:
        self.send(line, "H")
        self._answered(line, HOME_TIMEOUT_S)

    def _answered(self, line: Transport, timeout_s: float) -> str:
        deadline = line.now_s() + timeout_s
        lines: list[str] = []
        while (text := self.answer(max(deadline - line.now_s(), 0.0))) != "Done":
            if text:
                lines.append(text)
            if len(lines) > 100:
                raise BadAnswer("more than 100 lines and no end")
        answer = "\n".join(lines)
        if found := re.search(r"Error\s*(-\d+)", answer, re.IGNORECASE):
            raise InstrumentError(f"{self.name}: reports that {ERRORS.get(found[1], f'error {found[1]}')}")
        return answer
