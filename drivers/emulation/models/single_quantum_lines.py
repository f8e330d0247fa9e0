"""Lines to a Single Quantum Eos: the control port, and the one that counts come from.

Source: the vendor's Python client. What a client asks for goes to it alone; what changes goes to all.
"""

from __future__ import annotations

import json
from math import inf
from typing import Any, Protocol

from drivers.codecs.json_objects import ObjectSplitter
from drivers.emulation.models.base import QuietLine
from drivers.errors import BadAnswer
from drivers.transport.memory import Replies

SEPARATOR = b"\x17"
LATENCY_S = 0.001
UNITS = {"InptMeasurementPeriod": "ms", "BiasCurrent": "uA", "TriggerLevel": "mV", "BiasVoltage": "mV"}


class Box(Protocol):
    """What its lines need of the driver box; see :class:`drivers.emulation.models.single_quantum_eos.EosModel`."""

    labels: dict[str, Any]
    broadcasts_hz: float

    @property
    def period_s(self) -> float:
        """Measurement period."""
        ...

    def counts(self, begin_s: float, end_s: float) -> list[int]:
        """Count what crosses the trigger levels."""
        ...

    def obey(self, command: str, value: Any, now_s: float) -> None:
        """Execute a command."""
        ...

    def fill_in(self, label: str, value: Any) -> None:
        """Take a value that needs no command."""
        ...

    def go_on(self, now_s: float) -> None:
        """Let a scan go on until now."""
        ...

    def next_s(self) -> float:
        """Tell when a scan goes on."""
        ...

    def measure(self, now_s: float) -> None:
        """Read what is not set but measured."""
        ...

    def temperatures(self, now_s: float) -> dict[str, Any]:
        """Give the history of temperatures."""
        ...

    def broadcast(self, number: int) -> dict[str, Any]:
        """Give what changes all the time."""
        ...

    def leave(self, client: ControlLine) -> None:
        """Forget a client."""
        ...


class ControlLine(QuietLine):
    """A client's line to the control port."""

    def __init__(self, model: Box, now_s: float) -> None:
        self._model, self._broadcast_s, self._broadcasts = model, now_s, 0
        self._splitter = ObjectSplitter()
        self.outbox: list[dict[str, Any]] = []

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`; what is no JSON is ignored."""
        try:
            messages = self._splitter.feed(data)
        except BadAnswer:
            messages = []
        self._model.go_on(now_s)
        for message in messages:
            if "command" in message:
                self._model.obey(str(message["command"]), message.get("value"), now_s)
            elif "request" in message:
                self.outbox += self._answers(message["request"], now_s)
            elif "label" in message:
                self._model.fill_in(str(message["label"]), message.get("value"))
        return self._said(now_s + LATENCY_S)

    def _answers(self, request: Any, now_s: float) -> list[dict[str, Any]]:
        labels = self._model.labels
        match request:
            case "labelProps":
                self._model.measure(now_s)
                return [{"label": label, "value": self._properties(label)} for label in labels]
            case "IVHistory":
                return [
                    {"label": label, "value": labels[label]}
                    for label in ("ic_scan_history", "iv_scan_history")
                ]
            case "TemperatureHistory":
                return [self._model.temperatures(now_s)]
            case str() if request in labels:
                self._model.measure(now_s)
                return [{"label": request, "value": labels[request]}]
        return []

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`: what other clients brought about, and broadcasts."""
        self._model.go_on(now_s)
        if now_s >= self._due_s(now_s):
            self._broadcast_s, self._broadcasts = now_s, self._broadcasts + 1
            self.outbox.append(self._model.broadcast(self._broadcasts))
        return self._said(now_s)

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        return now_s if self.outbox else min(self._due_s(now_s), self._model.next_s())

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

    def __init__(self, model: Box, now_s: float) -> None:
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
