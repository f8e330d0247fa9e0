"""A Single Quantum Eos with its WebSQ driver box.

Source: the vendor's Python client. Control: bare JSON objects in, JSON objects out, each followed by 0x17;
every change of a label goes to every client. Counts: a line of text each measurement period, the time first.
Invented: the properties of labels besides ``value``, the label ``SerialNumber``, that a refusal is a label
``ErrorMessage``, the least period's refusal, limits of currents and levels.
"""

from __future__ import annotations

import json
from math import inf
from typing import Any

from drivers.codecs.json_objects import ObjectSplitter
from drivers.emulation.knob import trouble
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.seams import DetectorSeam
from drivers.errors import BadAnswer
from drivers.transport.memory import Replies

SEPARATOR = b"\x17"
LATENCY_S = 0.001
LEAST_PERIOD_MS, LONGEST_PERIOD_MS = 10, 60_000
MOST_HZ = 1000.0
MAX_BIAS_UA, MAX_LEVEL_MV = 50.0, 500.0
UNITS = {"InptMeasurementPeriod": "ms", "BiasCurrent": "uA", "TriggerLevel": "mV", "BiasVoltage": "mV"}
#: A pulse is this high; a detector whose level is above it counts nothing.
PULSE_MV = 400.0


class EosModel(Model):
    """The detector system; at power on it is not biased.

    Parameters
    ----------
    wires : DetectorSeam
    serial : str
    """

    def __init__(self, wires: DetectorSeam, serial: str) -> None:
        self._wires = wires
        zeros = [0.0] * wires.count
        self.labels: dict[str, Any] = {
            "NumberOfDetectors": wires.count,
            "SerialNumber": serial,
            "InptMeasurementPeriod": 100,
            "BiasCurrent": zeros,
            "BiasVoltage": zeros,
            "TriggerLevel": [50.0] * wires.count,
            "DetectorEnable": False,
            "StartAutoIV": False,
        }
        self._clients: list[ControlLine] = []
        self._bias(0.0)
        self.broadcasts_hz = 0.0
        self.ports = {
            "control": OwnPort(self._control),
            "counts": OwnPort(lambda now_s: CountsLine(self, now_s)),
        }
        self.troubles = {
            "latch": trouble("this detector latches; its bias brings it back", self._latch, 0, wires.count),
            "broadcasts_hz": trouble("it tells changes unasked, so often", self._broadcast, 0.0, MOST_HZ),
        }

    @property
    def period_s(self) -> float:
        """Measurement period."""
        return float(self.labels["InptMeasurementPeriod"]) / 1000

    def counts(self, begin_s: float, end_s: float) -> list[int]:
        """Count what crosses the trigger levels."""
        counts = self._wires.counts(begin_s, end_s)
        levels = self.labels["TriggerLevel"]
        return [count if 0 < level < PULSE_MV else 0 for count, level in zip(counts, levels, strict=True)]

    def obey(self, command: str, value: Any, now_s: float) -> None:
        """Execute a command; tell everybody what came of it."""
        match command:
            case "SetMeasurementPeriod" if _is_number(value, LEAST_PERIOD_MS, LONGEST_PERIOD_MS):
                self._change("InptMeasurementPeriod", value)
            case "SetAllBiasCurrents" if self._are_numbers(value, 0, MAX_BIAS_UA):
                self._change("BiasCurrent", [float(each) for each in value])
                self._bias(now_s)
            case "SetAllTriggerLevels" if self._are_numbers(value, -MAX_LEVEL_MV, MAX_LEVEL_MV):
                self._change("TriggerLevel", [float(each) for each in value])
            case "DetectorEnable" if isinstance(value, bool):
                self._change("DetectorEnable", value)
                self._bias(now_s)
            case _:
                self._tell_all(
                    {"label": "ErrorMessage", "value": f"{command} cannot take {json.dumps(value)[:40]}"}
                )

    def broadcast(self, number: int) -> dict[str, Any]:
        """Give what changes all the time."""
        return {"label": "CryostatTemperature", "value": 2.5 + (number % 7) / 100}

    def _latch(self, now_s: float, detector: float) -> None:
        if detector >= 1:
            self._wires.latch(now_s, int(detector) - 1)

    def _broadcast(self, now_s: float, value: float) -> None:
        self.broadcasts_hz = value

    def measure(self, now_s: float) -> None:
        """Read what is not set but measured."""
        currents = self.labels["BiasCurrent"] if self.labels["DetectorEnable"] else [0.0] * self._wires.count
        pairs = zip(currents, self._wires.resistances_kohm(now_s), strict=True)
        self.labels["BiasVoltage"] = [current * kohm for current, kohm in pairs]

    def leave(self, client: ControlLine) -> None:
        """Forget a client."""
        if client in self._clients:
            self._clients.remove(client)

    def _control(self, now_s: float) -> ControlLine:
        client = ControlLine(self, now_s)
        self._clients.append(client)
        return client

    def _bias(self, now_s: float) -> None:
        on = self.labels["DetectorEnable"]
        currents = self.labels["BiasCurrent"]
        self._wires.bias(now_s, currents if on else [0.0] * self._wires.count)

    def _change(self, label: str, value: Any) -> None:
        self.labels[label] = value
        self._tell_all({"label": label, "value": value})

    def _tell_all(self, message: dict[str, Any]) -> None:
        for client in self._clients:
            client.outbox.append(message)

    def _are_numbers(self, value: Any, low: float, high: float) -> bool:
        whole = isinstance(value, list) and len(value) == self._wires.count
        return whole and all(_is_number(each, low, high) for each in value)


def _is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


class ControlLine(QuietLine):
    """A client's line to the control port."""

    def __init__(self, model: EosModel, now_s: float) -> None:
        self._model, self._broadcast_s, self._broadcasts = model, now_s, 0
        self._splitter = ObjectSplitter()
        self.outbox: list[dict[str, Any]] = []

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`; what is no JSON is ignored."""
        try:
            messages = self._splitter.feed(data)
        except BadAnswer:
            messages = []
        for message in messages:
            if "command" in message:
                self._model.obey(str(message["command"]), message.get("value"), now_s)
            elif message.get("request") == "labelProps":
                self._model.measure(now_s)
                self.outbox += [
                    {"label": label, "value": self._properties(label)} for label in self._model.labels
                ]
            elif (label := message.get("request")) in self._model.labels:
                self.outbox.append({"label": label, "value": self._model.labels[label]})
        return self._said(now_s + LATENCY_S)

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`: what other clients brought about, and broadcasts."""
        if now_s >= self._due_s(now_s):
            self._broadcast_s, self._broadcasts = now_s, self._broadcasts + 1
            self.outbox.append(self._model.broadcast(self._broadcasts))
        return self._said(now_s)

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        return now_s if self.outbox else self._due_s(now_s)

    def _due_s(self, now_s: float) -> float:
        rate_hz = self._model.broadcasts_hz
        return max(self._broadcast_s + 1 / rate_hz, 0.0) if rate_hz else inf

    def hang_up(self) -> None:
        """See :class:`~drivers.transport.memory.Line`."""
        self._model.leave(self)

    def _properties(self, label: str) -> dict[str, Any]:
        return {"value": self._model.labels[label], "units": UNITS.get(label, "")}

    def _said(self, when_s: float) -> Replies:
        said = b"".join(json.dumps(message).encode() + SEPARATOR for message in self.outbox)
        self.outbox.clear()
        return [(when_s, said)] if said else []


class CountsLine(QuietLine):
    """A client's line to the counts port; it takes nothing."""

    def __init__(self, model: EosModel, now_s: float) -> None:
        self._model = model
        self._begun_s = now_s

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        return []

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        replies: Replies = []
        while (end_s := self.next_s(now_s)) <= now_s:
            counts = self._model.counts(self._begun_s, end_s)
            line = ",".join([f"{end_s:.3f}", *map(str, counts)]) + "\n"
            replies.append((end_s, line.encode()))
            self._begun_s = end_s
        return replies

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        return self._begun_s + self._model.period_s
