"""Agiltron FF 1x4 and 1x8: optical switches from one fibre to several, frames of four bytes at 9600 baud.

Source: QMI's driver (``agiltron/_ff_optical_switch.py``), which follows Agiltron's command list for its CL and LB
switches of 5-20-2020: ``01 11 00 00`` asks for the fibre, ``01 12 00 n`` chooses it and comes back as it was sent.

Unverified: what it answers when there is no such fibre; it says nothing of itself, so a real one cannot say that it is
not emulated. Agiltron's SelfAlign switches have other commands (``01 35 00 n``).
"""

from __future__ import annotations

from types import MappingProxyType

from drivers.errors import BadAnswer, InstrumentError, NoAnswer
from drivers.identity import Finding, Identity, fine
from drivers.instrument import AskedInstrument
from drivers.parameters import Parameter
from drivers.transport.base import Transport
from drivers.transport.silence import drain

FRAME = 4
MOST = 8
QUIET_S = 0.05
ASK, CHOOSE = "01 11 00 00", "01 12 00 {}"


def _fibre(frame: str) -> int:
    first, second, _, number = frame.split()
    if (first, second) != ("01", "11") or not 1 <= int(number, 16) <= MOST:
        raise ValueError(frame)
    return int(number, 16)


class AgiltronFf(AskedInstrument):
    """An FF switch; commands and answers are written as pairs of hexadecimal digits."""

    SERIAL = MappingProxyType({"baudrate": "9600"})

    output = Parameter[int](
        "The fibre that the light goes to.",
        unit="",
        get=ASK,
        put=CHOOSE,
        kind=int,
        low=1,
        high=MOST,
        parse=_fibre,
        show=lambda value: f"{value:02x}",
    )

    def identify(self) -> Identity:
        """It answers as an FF switch does, and says no more of itself."""
        answer = self.ask(ASK)
        if not answer.startswith("01 11"):
            raise BadAnswer(f"{self.name}: asked for its fibre, it answered {answer}; check the address")
        return Identity("Agiltron", "FF")

    def exchange(self, line: Transport, command: str) -> str:
        """Send a frame, and read one."""
        line.write(bytes.fromhex(command))
        deadline = line.now_s() + self.TIMEOUT_S
        came = b""
        while len(came) < FRAME:
            came += self._more(line, max(deadline - line.now_s(), 0.0), came)
        if len(came) > FRAME:
            raise BadAnswer(f"{came[:16].hex(' ')} is longer than a frame of four bytes")
        return came.hex(" ")

    def tell(self, command: str) -> None:
        """Send a command, which must come back as it was sent."""
        answer = self.ask(command)
        if answer != command:
            raise InstrumentError(
                f"{self.name}: did not accept {command} and answered {answer}; is there such a fibre?"
            )

    def synchronise(self, line: Transport) -> None:
        """Wait until nothing comes any more, and forget it."""
        drain(line, QUIET_S, self.TIMEOUT_S)

    def self_test(self) -> list[Finding]:
        """Tell where it stands."""
        return [fine(f"light goes to fibre {self.output}")]

    def _more(self, line: Transport, left_s: float, came: bytes) -> bytes:
        try:
            return line.read(left_s)
        except NoAnswer as error:
            raise NoAnswer(f"{error}; {came.hex(' ')} came of it" if came else str(error)) from None
