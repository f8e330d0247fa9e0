"""Thorlabs OSW12 and OSW22: optical switches from one or two fibres to two, a USB serial port at 115200 baud.

Sources: Qudi's driver ``switches/osw12.py`` (``S 1``, ``S 2``, ``S?``, line ends, and that the first ``S?`` after a
change may still tell the old position); a lab's driver of the OSW12-1310E, which agrees.

Unverified: that it takes 0.1 s at most; it says nothing of itself, so a real one cannot say that it is not emulated.
"""

from __future__ import annotations

from types import MappingProxyType

from drivers.codecs.lines import LineReader
from drivers.errors import BadAnswer
from drivers.identity import Finding, Identity, fine
from drivers.line_instrument import LineInstrument
from drivers.parameters import Parameter
from drivers.transport.base import Transport
from drivers.transport.silence import drain

QUIET_S, SETTLE_S = 0.05, 0.1
#: Whoever asks at once may be told the old position once.
LOOKS = 3


class Osw(LineInstrument):
    """An OSW12 or OSW22."""

    SERIAL = MappingProxyType({"baudrate": "115200"})

    output = Parameter[int](
        "The fibre that the light goes to (OSW22: 1 straight, 2 crossed).",
        unit="",
        get="S?",
        put="S {}",
        kind=int,
        low=1,
        high=2,
        parse=int,
        settles=True,
    )

    def identify(self) -> Identity:
        """It answers as an OSW does, and says no more of itself."""
        answer = self.ask("S?")
        if answer not in ("1", "2"):
            raise BadAnswer(
                f"{self.name}: asked for its position, it answered {answer[:40]!r}; check the address"
            )
        return Identity("Thorlabs", "OSW")

    def tell(self, command: str) -> None:
        """Send a command; whoever sets a parameter reads it back."""
        self.do(command)
        self._wanted = command[-1]

    def settle(self) -> None:
        """Wait until it has switched."""
        assert self._line is not None
        for _ in range(LOOKS):
            self._line.pause(SETTLE_S)
            if self.ask("S?") == self._wanted:
                return

    def synchronise(self, line: Transport) -> None:
        """Wait until nothing comes any more, and forget it: its answers all look alike."""
        drain(line, QUIET_S, self.TIMEOUT_S)
        self._reader = LineReader(line, *self.ENDS)

    def self_test(self) -> list[Finding]:
        """Tell where it stands."""
        return [fine(f"light goes to fibre {self.output}")]
