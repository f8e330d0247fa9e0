"""OZ Optics EPC: electric polarisation controller with four fibre squeezers, text on a serial port.

Source: QMI's driver and its tests, with answers word for word. Each command is answered by a line, then ``Done``.

Unverified: the baud rate (9600 is assumed); how fast the squeezers follow. It says nothing about itself, so it
cannot say whether it is emulated.
"""

from __future__ import annotations

import re

from drivers.codecs.lines import LineReader
from drivers.errors import BadAnswer
from drivers.identity import Finding, Identity, fine
from drivers.line_instrument import LineInstrument
from drivers.parameters import Parameter
from drivers.transport.base import Transport
from drivers.transport.silence import drain

STAGES = 4
MOST_MV = 5000.0
QUIET_S = 0.2
_VALUE = re.compile(r"CH\d\s*([+-]?\d+)")
_MODE = re.compile(r"\b(AC|DC)\b")


def _values(text: str) -> tuple[float, ...]:
    found = tuple(float(each) for each in _VALUE.findall(text))
    if len(found) != STAGES:
        raise ValueError(text)
    return found


def _mode(text: str) -> str:
    (found,) = _MODE.findall(text)
    return str(found)


class OzEpc(LineInstrument):
    """An EPC with four stages."""

    END = b"\r\n"

    voltages_mv = Parameter[tuple[float, ...]](
        "Voltage at each squeezer.",
        unit="mV",
        get="V?",
        put="{}",
        kind=tuple,
        low=-MOST_MV,
        high=MOST_MV,
        tolerance=1,
        parse=_values,
        show=lambda values: "\n".join(f"V{n},{round(value)}" for n, value in enumerate(values, 1)),
    )
    mode = Parameter[str](
        "DC holds the voltages, AC scrambles the polarisation.",
        unit="",
        get="M?",
        put="M{}",
        kind=str,
        choices=("DC", "AC"),
        parse=_mode,
    )

    @property
    def positions(self) -> tuple[float, ...]:
        """See :class:`drivers.roles.PolarisationController`."""
        return tuple((value + MOST_MV) / (2 * MOST_MV) for value in self.voltages_mv)

    @positions.setter
    def positions(self, value: tuple[float, ...]) -> None:
        self.voltages_mv = tuple((each * 2 - 1) * MOST_MV for each in value)

    def identify(self) -> Identity:
        """It answers as an EPC does, and says no more of itself."""
        try:
            _values(self.ask("V?"))
        except ValueError as error:
            raise BadAnswer(
                f"{self.name}: asked for its voltages, it answered {str(error)[:60]!r}; check the address"
            ) from None
        return Identity("OZ Optics", "EPC")

    def exchange(self, line: Transport, command: str) -> str:
        """Send each line of a command, and read its answer and ``Done``; give the last answer."""
        answer = ""
        for each in command.split("\n"):
            self.send(line, each)
            answer, done = self.answer(), self.answer()
            if done != "Done":
                raise BadAnswer(f"{done[:40]!r} where 'Done' is due")
        return answer

    def synchronise(self, line: Transport) -> None:
        """Wait until nothing comes any more, and forget it."""
        drain(line, QUIET_S, self.TIMEOUT_S)
        self._reader = LineReader(line, *self.ENDS)

    def tell(self, command: str) -> None:
        """Send a command; whoever sets a parameter reads it back."""
        self.ask(command)

    def self_test(self) -> list[Finding]:
        """Tell the voltages."""
        shown = ", ".join(f"{value:g}" for value in self.voltages_mv)
        return [fine(f"mode {self.mode}, squeezers at {shown} mV")]
