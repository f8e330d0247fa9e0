"""ID Quantique ID120: silicon avalanche diode for visible light, SCPI-like text over USB.

Source: Instrumental's driver (``drivers/spad/id120.py``): headers, units, ranges and steps, all as whole numbers of
millionths or thousandths. Headers are in long form.

Unverified: that the dead time is in ns (that driver says microseconds, yet 40 to 1,000,000 in steps of 40 are ns); what
``*IDN?`` answers beyond containing ID120, so the serial number is asked for on its own; that ``REG:RUN`` switches the
detector on with its cooler; whether errors can be asked for at all: what is set is read back instead.
"""

from __future__ import annotations

from drivers.errors import BadAnswer
from drivers.identity import Finding, Identity, fine, wrong
from drivers.line_instrument import LineInstrument
from drivers.parameters import Parameter, finite
from drivers.scaling import taken_in_steps, told_in

MICRO, MILLI = 1e-6, 1e-3


def _truth(text: str) -> bool:
    return {"TRUE": True, "1": True, "FALSE": False, "0": False}[text.strip().upper()]


class Id120(LineInstrument):
    """An ID120, one detector."""

    threshold_v = Parameter[float](
        "Level at which a pulse of the diode is counted.",
        unit="V",
        get="THRESHOLD:VOLTAGE?",
        put="THRESHOLD:VOLTAGE {}",
        low=0,
        high=1.047,
        tolerance=0.0003,
        parse=told_in(MICRO),
        show=taken_in_steps(MICRO, 500),
    )
    dead_time_ns = Parameter[float](
        "How long it is blind after a pulse.",
        unit="ns",
        get="DEADTIME:TIME?",
        put="DEADTIME:TIME {}",
        low=40,
        high=1_000_000,
        tolerance=20.1,
        show=taken_in_steps(1.0, 40),
    )
    bias_v = Parameter[float](
        "Bias voltage of the diode.",
        unit="V",
        get="BIAS:VOLTAGE?",
        put="BIAS:VOLTAGE {}",
        low=0,
        high=250,
        tolerance=0.041,
        parse=told_in(MICRO),
        show=taken_in_steps(MICRO, 80_000),
    )
    temperature_c = Parameter[float](
        "Temperature that the cooler holds.",
        unit="C",
        get="REG:TEMP_SET_POINT?",
        put="REG:TEMP_SET_POINT {}",
        low=-50,
        high=-10,
        tolerance=0.51,
        parse=told_in(MILLI),
        show=taken_in_steps(MILLI, 1000),
    )
    integration_time_ms = Parameter[float](
        "How long counts are added up.",
        unit="ms",
        get="COUNTERS:INTEGRATION_TIME?",
        put="COUNTERS:INTEGRATION_TIME {}",
        low=200,
        high=100_000,
        tolerance=100.1,
        show=taken_in_steps(1.0, 200),
    )
    enabled = Parameter[bool](
        "Whether it is cooled and sees.",
        unit="",
        get="REG:RUN?",
        put="REG:RUN {}",
        kind=bool,
        parse=_truth,
        show=lambda value: "TRUE" if value else "FALSE",
    )
    actual_temperature_c = Parameter[float](
        "Temperature, measured now.", unit="C", get="REG:MEASURED_TEMP?", parse=told_in(MILLI)
    )
    breakdown_v = Parameter[float](
        "Breakdown voltage of the diode.", unit="V", get="INFO:BIAS_BREAKDOWN_VOLTAGE?", parse=told_in(MICRO)
    )
    bias_fails = Parameter[bool](
        "Whether its bias supply fails.", unit="", get="BIAS:ERROR_STATUS?", kind=bool, parse=_truth
    )
    rate_hz = Parameter[float](
        "Clicks a second, over the last integration time.", unit="Hz", get="COUNTERS:DETECTION_FREQ?"
    )

    def identify(self) -> Identity:
        """Ask ``*IDN?``, and for its serial number and firmware."""
        answer = self.ask("*IDN?")
        if "ID120" not in answer.upper():
            raise BadAnswer(
                f"{self.name}: is {answer[:60]!r}, and this driver is for an ID120; check the address"
            )
        serial, firmware = (
            self.ask(f"INFO:{name}?") for name in ("PRODUCT_SERIAL_NUMBER", "FIRMWARE_VERSION")
        )
        return Identity("ID Quantique", "ID120", serial, firmware)

    def is_identification(self, line: bytes) -> bool:
        """No other answer has its name."""
        return b"ID120" in line.upper()

    def tell(self, command: str) -> None:
        """Send a command; whoever sets a parameter reads it back."""
        self.do(command)

    def count_rates_hz(self, timeout_s: float = 5.0) -> tuple[float, ...]:
        """See :class:`drivers.roles.SinglePhotonDetectors`; waits until a whole integration time is of now."""
        with self.lock:
            length_s = self.integration_time_ms * MILLI
            assert self._line is not None
            # The one that runs began before.
            self._line.pause(2 * length_s)
            return (self.rate_hz,)

    def make_safe(self) -> None:
        """Switch it off."""
        self.enabled = False

    def self_test(self) -> list[Finding]:
        """Look at the bias, the temperature and the counts."""
        found = [self._bias_finding()]
        if not self.enabled:
            return [*found, wrong("it is off", "set enabled = true")]
        return [*found, self._temperature_finding(), self._count_finding()]

    def _bias_finding(self) -> Finding:
        if self.bias_fails:
            return wrong(
                "its bias supply fails", "switch it off and on; if that does not help, have it serviced"
            )
        over_v = self.bias_v - self.breakdown_v
        if over_v <= 0:
            return wrong(
                f"its bias is {-over_v:.1f} V below breakdown: it sees nothing",
                f"set bias_v above {self.breakdown_v:.1f} V",
            )
        return fine(f"biased {over_v:.1f} V above breakdown, threshold {self.threshold_v:g} V")

    def _temperature_finding(self) -> Finding:
        actual, wanted = self.actual_temperature_c, self.temperature_c
        if abs(actual - wanted) > 2:
            return wrong(f"it is at {actual:.1f} C and not at {wanted:g} C", "wait; then look at its fan")
        return fine(f"cooled to {actual:.1f} C")

    def _count_finding(self) -> Finding:
        rate = finite(str(self.count_rates_hz()[0]))
        if not rate:
            return wrong("it counts nothing, not even in the dark", "look at its threshold and its bias")
        return fine(f"it counts {rate:.0f} clicks a second, dead time {self.dead_time_ns:g} ns")
