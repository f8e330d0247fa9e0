"""Single Quantum Eos: superconducting nanowire detectors behind the WebSQ driver box, JSON over TCP.

Source: the vendor's Python client (``WebSQControl.py``, MIT, and its ``labelProps`` bookkeeping): commands,
labels, units. Whoever asks for ``labelProps`` gets every label; changes are broadcast to all clients at any
time; counts come as lines of text on a second port, one a measurement period.

Unverified: the names inside a label's properties besides ``value``; whether some label tells a serial
number (``SerialNumber`` is looked for: without it a real one cannot say that it is not emulated); whether
a refused value is reported by a label with ``Error`` in its name. The newer Retina has another interface.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from typing import Any

from drivers.codecs.json_objects import ObjectSplitter
from drivers.codecs.lines import LineReader
from drivers.errors import BadAnswer, ConnectionFailed, InstrumentError, NoAnswer
from drivers.identity import Finding, Identity, fine, wrong
from drivers.instrument import AskedInstrument, Connect
from drivers.parameters import Parameter, finite
from drivers.transport.base import Transport
from drivers.transport.silence import drain

#: After this long without a word there is nothing on its way.
QUIET_S = 0.2
REQUEST_ALL = b'{"request": "labelProps", "value": "None"}'


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(each) for each in json.loads(text))


class Eos(AskedInstrument):
    """An Eos with any number of detectors."""

    PORTS = ("control", "counts")

    measurement_period_ms = Parameter[float](
        "How long counts are added up.",
        unit="ms",
        get="InptMeasurementPeriod",
        put="SetMeasurementPeriod InptMeasurementPeriod {}",
        low=10,
        high=10_000,
    )
    bias_current_ua = Parameter[tuple[float, ...]](
        "Bias current of each detector.",
        unit="uA",
        get="BiasCurrent",
        put="SetAllBiasCurrents BiasCurrent {}",
        kind=tuple,
        low=0,
        high=90.9,
        tolerance=0.1,
        parse=_numbers,
        show=lambda values: json.dumps(list(values)),
    )
    trigger_level_mv = Parameter[tuple[float, ...]](
        "Level at which a pulse of each detector is counted.",
        unit="mV",
        get="TriggerLevel",
        put="SetAllTriggerLevels TriggerLevel {}",
        kind=tuple,
        low=-1000,
        high=1000,
        tolerance=1.0,
        parse=_numbers,
        show=lambda values: json.dumps(list(values)),
    )
    enabled = Parameter[bool](
        "Whether the detectors are biased, and see.",
        unit="",
        get="DetectorEnable",
        put="DetectorEnable DetectorEnable {}",
        kind=bool,
        parse=lambda text: {"true": True, "false": False}[text],
        show=lambda value: "true" if value else "false",
    )
    bias_voltage_mv = Parameter[tuple[float, ...]](
        "Voltage that the bias of each detector takes, measured now; a hot nanowire takes many times as much.",
        unit="mV",
        get="BiasVoltage",
        kind=tuple,
        parse=_numbers,
    )
    number_of_detectors = Parameter[int](
        "How many detectors there are.",
        unit="",
        get="NumberOfDetectors",
        kind=int,
        parse=lambda text: int(float(text)),
    )

    def __init__(self, name: str, connect: Connect) -> None:
        self._forget()
        super().__init__(name, connect)

    def begin(self, line: Transport) -> None:
        """Forget what came on an earlier line."""
        self._forget()

    def strays(self, line: Transport) -> bool:
        """It says things unasked all the time."""
        return False

    def synchronise(self, line: Transport) -> None:
        """Wait until nothing comes any more, and forget it."""
        drain(line, QUIET_S, self.TIMEOUT_S)
        self._forget()

    def exchange(self, line: Transport, command: str) -> str:
        """Ask for all labels, and give the value of one, as JSON.

        The answer to the last question may not be read to its end yet: of each label there must be as
        many properties as there were questions.
        """
        line.write(REQUEST_ALL)
        self._questions += 1
        deadline = line.now_s() + self.TIMEOUT_S
        while self._told[command] < self._questions:
            for message in self._splitter.feed(line.read(max(deadline - line.now_s(), 0.0))):
                self._note(message)
        if self._complaints:
            raise InstrumentError(f"{self.name}: reports {self._complaints.popleft()}")
        return json.dumps(self._values[command])

    def tell(self, command: str) -> None:
        """Send ``COMMAND LABEL VALUE``; a refusal comes as a broadcast, before the next answer."""
        name, label, value = command.split(" ", 2)
        message = {"command": name, "label": label, "value": json.loads(value)}
        self._in_order(command, lambda line: self._tell_on(line, json.dumps(message).encode(), label))

    def _tell_on(self, line: Transport, message: bytes, label: str) -> None:
        line.write(message)
        self.exchange(line, label)

    def identify(self) -> Identity:
        """Count the detectors, and look for a serial number."""
        number = self.number_of_detectors
        return Identity("Single Quantum", f"Eos with {number} detectors", self._serial())

    def count_rates_hz(self, timeout_s: float = 5.0) -> tuple[float, ...]:
        """See :class:`drivers.roles.SinglePhotonDetectors`; waits for the next whole measurement."""
        with self.lock:
            period_s = self.measurement_period_ms / 1000
            number = self.number_of_detectors
            line = self._connect("counts")
            try:
                counts = self._next_counts(line, timeout_s + 2 * period_s)
            except (NoAnswer, ConnectionFailed, BadAnswer) as error:
                raise type(error)(f"{self.name}: sends no counts ({error})") from None
            finally:
                line.close()
        if len(counts) != number:
            raise BadAnswer(f"{self.name}: has {number} detectors and sent {len(counts)} counts")
        return tuple(count / period_s for count in counts)

    def make_safe(self) -> None:
        """Take the bias off."""
        self.enabled = False

    def self_test(self) -> list[Finding]:
        """Look at the bias and at what is counted: a latched detector counts nothing."""
        if not self.enabled:
            return [wrong("its detectors are not enabled", "set enabled = true")]
        rates = self.count_rates_hz()
        silent = [str(number) for number, rate in enumerate(rates, 1) if not rate]
        if silent:
            remedy = "it may have latched: set its bias current to 0 and back; or its trigger level is wrong"
            return [wrong(f"detector {', '.join(silent)} counts nothing, not even in the dark", remedy)]
        counted = ", ".join(f"{rate:.0f}" for rate in rates)
        voltages = ", ".join(f"{each:.0f}" for each in self.bias_voltage_mv)
        return [fine(f"it counts {counted} clicks a second, its biases take {voltages} mV")]

    def _forget(self) -> None:
        self._splitter = ObjectSplitter()
        self._values: dict[str, Any] = {}
        self._told: Counter[str] = Counter()
        self._questions = 0
        self._complaints: deque[str] = deque()

    def _note(self, message: dict[str, Any]) -> None:
        """Take note of a label: its properties, which were asked for, or its new value, which was not."""
        label, value = str(message.get("label", "")), message.get("value")
        if "Error" in label:
            self._complaints.append(f"{label}: {str(value)[:80]}")
        elif isinstance(value, dict) and "value" in value:
            self._values[label] = value["value"]
            self._told[label] += 1
        else:
            self._values[label] = value

    def _serial(self) -> str:
        """The labels arrive together, so a short wait tells that there is none."""
        try:
            return str(json.loads(self.ask("SerialNumber")))
        except NoAnswer:
            return ""

    def _next_counts(self, line: Transport, timeout_s: float) -> tuple[float, ...]:
        reader = LineReader(line, b"\n")
        reader.line(timeout_s)
        text = reader.line(timeout_s)
        try:
            counts = tuple(finite(each) for each in text.decode("ascii").split(",")[1:])
        except ValueError:
            counts = (-1.0,)
        if any(count < 0 for count in counts):
            raise BadAnswer(f"{text[:60]!r} is no line of counts")
        return counts
