"""A Single Quantum Eos with its WebSQ driver box.

Source: the vendor's Python client. Control: bare JSON objects in, JSON objects out, each followed by 0x17;
every change of a label goes to every client. Counts: a line of text each measurement period, the time first.
Invented: the properties of labels besides ``value``, the label ``SerialNumber``, that a refusal is a label
``ErrorMessage``, the least period's refusal, limits of levels, temperatures.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from math import inf
from typing import Any

from drivers.emulation.knob import trouble
from drivers.emulation.models.base import Model, OwnPort
from drivers.emulation.models.single_quantum_lines import ControlLine, CountsLine
from drivers.emulation.models.single_quantum_scans import (
    SEARCH_DWELL_S,
    SEARCH_END_UA,
    SEARCH_STEP_UA,
    Scan,
    currents_ua,
)
from drivers.emulation.seams import DetectorSeam

LEAST_PERIOD_MS, LONGEST_PERIOD_MS = 10, 60_000
MOST_HZ = 1000.0
MAX_BIAS_UA, MAX_LEVEL_MV = 90.9, 500.0
SCAN_RANGE = ("IVScanStart", "IVScanEnd", "IVScanIncrement")
#: Temperatures are remembered so often, and so many of them.
TEMPERATURE_EVERY_S, TEMPERATURES = 10.0, 200
BOARD = {"V_avrg": 1.2, "BoardTemp1": 31.5, "BoardTemp2": 32.0}
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
            "DarkCountsAutoIV": [100.0] * wires.count,
            "BiasCurrentAutoIV": zeros,
            "IVScanEnable": False,
            "IVScanStart": 0.0,
            "IVScanEnd": 30.0,
            "IVScanIncrement": 0.5,
            "ic_scan_history": [],
            "iv_scan_history": [],
        }
        self._scan: Scan | None = None
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
            case "SetAllBiasCurrents" if self._are_numbers(value, -MAX_BIAS_UA, MAX_BIAS_UA):
                self._change("BiasCurrent", [float(each) for each in value])
                self._bias(now_s)
            case "SetAllTriggerLevels" if self._are_numbers(value, -MAX_LEVEL_MV, MAX_LEVEL_MV):
                self._change("TriggerLevel", [float(each) for each in value])
            case "DetectorEnable" if isinstance(value, bool):
                self._change("DetectorEnable", value)
                self._bias(now_s)
            case "DarkCountsAutoIV" if self._are_numbers(value, 0, 1e9):
                self._change("DarkCountsAutoIV", [float(each) for each in value])
            case "AutoCaliBiasCurrents" | "IVScanEnable" if isinstance(value, bool):
                self._begin_scan(
                    "StartAutoIV" if command == "AutoCaliBiasCurrents" else command, value, now_s
                )
            case _:
                self._refuse(command, value)

    def fill_in(self, label: str, value: Any) -> None:
        """Take a value of the range of scans, which needs no command."""
        if label in SCAN_RANGE and _is_number(value, -MAX_BIAS_UA, MAX_BIAS_UA):
            self._change(label, float(value))
        else:
            self._refuse(label, value)

    def go_on(self, now_s: float) -> None:
        """Let a scan go on until now."""
        scan = self._scan
        if scan is None:
            return
        scan.advance(now_s)
        if scan.done:
            self._end_scan(scan, now_s)

    def next_s(self) -> float:
        """Tell when a scan goes on."""
        return self._scan.next_s if self._scan is not None else inf

    def temperatures(self, now_s: float) -> dict[str, Any]:
        """Give the history of temperatures."""
        last = int(now_s / TEMPERATURE_EVERY_S)
        numbers = range(max(last - TEMPERATURES + 1, 0), last + 1)
        times = [datetime.fromtimestamp(number * TEMPERATURE_EVERY_S, UTC) for number in numbers]
        cold = [self.broadcast(number)["value"] for number in numbers]
        history = {
            "x": [time.strftime("%d-%b-%y %H:%M:%S.%f") for time in times],
            "T": cold,
            "T2": [each * 15 for each in cold],
            **{name: [value] * len(cold) for name, value in BOARD.items()},
        }
        return {"label": "temperature_long_memory", "value": history}

    def _begin_scan(self, label: str, on: bool, now_s: float) -> None:
        """Begin one, or end the one that runs."""
        self.go_on(now_s)
        if self._scan is not None and not on:
            self._end_scan(self._scan, now_s)
        if not on:
            self._change(label, False)
            return
        start, end, increment = (self.labels[name] for name in SCAN_RANGE)
        search = label == "StartAutoIV"
        steps = (
            currents_ua(0, SEARCH_END_UA, SEARCH_STEP_UA) if search else currents_ua(start, end, increment)
        )
        if self._scan is not None or not steps:
            self._refuse(label, on)
            return
        self._change(label, True)
        self._scan = Scan(self._wires, steps, SEARCH_DWELL_S if search else self.period_s, now_s)

    def _end_scan(self, scan: Scan, now_s: float) -> None:
        self._scan = None
        if self.labels["StartAutoIV"] and scan.done:
            self._change("BiasCurrentAutoIV", scan.matching(self.labels["DarkCountsAutoIV"]))
            self._change("BiasCurrent", self.labels["BiasCurrentAutoIV"])
        self.labels["ic_scan_history"], self.labels["iv_scan_history"] = (
            scan.counts_table(),
            scan.voltage_table(),
        )
        # Without bias for a moment, so that none stays latched.
        self._wires.bias(now_s, [0.0] * self._wires.count)
        self._bias(now_s)
        for label in ("StartAutoIV", "IVScanEnable"):
            if self.labels[label]:
                self._change(label, False)

    def _refuse(self, what: str, value: Any) -> None:
        self._tell_all({"label": "ErrorMessage", "value": f"{what} cannot take {json.dumps(value)[:40]}"})

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
