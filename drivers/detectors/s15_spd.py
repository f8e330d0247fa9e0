"""S-Fifteen Instruments SPD: a cooled avalanche diode with a counter, a USB serial port.

Source: the vendor's Python library pyS15, ``single_photon_detector.py`` and ``serial_connection.py``: commands, and
that queries are ended by ``;`` and settings, which nobody answers, by CR LF.

Unverified: all units but that of ``time``, which is ms (``hvolt`` and ``threshvolt`` are taken for volts,
``settemp`` for degrees Celsius, ``delay`` for the tap of a delay line); what ``*idn?`` answers beyond containing
SPD, so a real one cannot say that it is not emulated; whether it complains about what it does not know.
"""

from __future__ import annotations

from drivers.errors import BadAnswer, InstrumentError
from drivers.identity import EMULATED_MARK, Finding, Identity, fine, wrong
from drivers.line_instrument import LineInstrument
from drivers.parameters import Parameter, switch
from drivers.transport.base import Transport

COUNT_S, SETTLE_S = 0.2, 0.1


class Spd(LineInstrument):
    """An SPD, one detector."""

    IDENTIFY = "*idn?"

    threshold_v = Parameter[float](
        "Level at which a pulse of the diode is counted.",
        unit="V",
        get="threshvolt?",
        put="threshvolt {}",
        low=-5,
        high=5,
        tolerance=0.01,
    )
    temperature_c = Parameter[float](
        "Temperature that the cooler holds.",
        unit="C",
        get="settemp?",
        put="settemp {}",
        low=-60,
        high=30,
        tolerance=0.1,
    )
    cooler_on = switch("Whether the temperature is controlled.", get="loop?", put="loop {}")
    delay = Parameter[int](
        "Delay of the output, in taps of its delay line.",
        unit="",
        get="delay?",
        put="delay {}",
        kind=int,
        low=0,
        high=1023,
        parse=lambda text: int(float(text)),
    )
    bias_v = Parameter[float](
        "Bias voltage of the diode; 0 switches it off.",
        unit="V",
        get="hvolt?",
        put="hvolt {}",
        low=0,
        high=250,
        tolerance=0.5,
        settles=True,
    )
    actual_temperature_c = Parameter[float]("Temperature, measured now.", unit="C", get="temp?")

    _bias_before_v = 0.0

    @property
    def enabled(self) -> bool:
        """See :class:`drivers.roles.SinglePhotonDetectors`: whether there is a bias."""
        return self.bias_v > 0

    @enabled.setter
    def enabled(self, value: bool) -> None:
        with self.lock:
            now_v = self.bias_v
            if value == (now_v > 0):
                return
            if value and not self._bias_before_v:
                raise InstrumentError(
                    f"{self.name}: has no bias, and what it should be is not known; set bias_v"
                )
            self._bias_before_v, self.bias_v = now_v, self._bias_before_v if value else 0.0

    def identify(self) -> Identity:
        """Ask ``*idn?``."""
        answer = self.ask(self.IDENTIFY)
        if "SPD" not in answer:
            raise BadAnswer(
                f"{self.name}: is {answer[:60]!r}, and this driver is for an SPD; check the address"
            )
        serial = [word.strip(",;") for word in answer.split() if EMULATED_MARK in word]
        return Identity("S-Fifteen Instruments", "SPD", *serial[:1])

    def is_identification(self, line: bytes) -> bool:
        """No other answer has its name."""
        return b"SPD" in line

    def send(self, line: Transport, command: str) -> None:
        """Send a query, ended by a semicolon, or a setting, ended by CR LF."""
        line.write(command.encode("ascii") + (b";" if command.endswith("?") else b"\r\n"))

    def tell(self, command: str) -> None:
        """Send a command; whoever sets a parameter reads it back."""
        self.do(command)

    def settle(self) -> None:
        """Wait until the bias is what it should be, as long as the vendor's library does."""
        assert self._line is not None
        self._line.pause(SETTLE_S)

    def count_rates_hz(self, timeout_s: float = 5.0) -> tuple[float, ...]:
        """See :class:`drivers.roles.SinglePhotonDetectors`; counts for 0.2 s."""
        return (self._in_order("counts?", self._count) / COUNT_S,)

    def make_safe(self) -> None:
        """Take the bias off; the cooler stays on."""
        self.enabled = False

    def self_test(self) -> list[Finding]:
        """Look at the temperature, the bias and the counts."""
        found = [self._temperature_finding()]
        if not self.enabled:
            return [*found, wrong("it has no bias and sees nothing", "set bias_v as its data sheet says")]
        (rate,) = self.count_rates_hz()
        if not rate:
            return [
                *found,
                wrong("it counts nothing, not even in the dark", "look at bias_v and threshold_v"),
            ]
        return [*found, fine(f"bias {self.bias_v:g} V, it counts {rate:.0f} clicks a second")]

    def _temperature_finding(self) -> Finding:
        actual, wanted = self.actual_temperature_c, self.temperature_c
        if not self.cooler_on:
            return wrong(f"it is not cooled, at {actual:.1f} C", "set cooler_on = true")
        if abs(actual - wanted) > 2:
            return wrong(f"it is at {actual:.1f} C and not at {wanted:g} C", "wait; then look at its fan")
        return fine(f"cooled to {actual:.1f} C")

    def _count(self, line: Transport) -> int:
        self.send(line, f"time {COUNT_S * 1000:g}")
        self.send(line, "counts?")
        answer = self.answer(self.TIMEOUT_S + COUNT_S)
        try:
            return int(answer)
        except ValueError:
            raise BadAnswer(f"{answer[:60]!r} is no count") from None
