"""What the WebSQ driver box does by itself: it steps the bias through a range and writes down counts and voltages.

Source: the vendor's Python client, ``WebSQControl.py`` (names of labels and of the tables' columns; that the search for
bias currents ends where the dark counts are as many as was asked for). Invented: how long the search stays at each
current, and its steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor
from typing import Any

from drivers.emulation.seams import DetectorSeam

SEARCH_STEP_UA, SEARCH_END_UA, SEARCH_DWELL_S = 0.5, 30.0, 0.1
#: A scan of more steps than this is refused.
MOST_STEPS = 10_000
#: What a latched detector opposes to the bias is more than this many times what it did at first.
LATCHED = 1.5


def currents_ua(start: float, end: float, increment: float) -> tuple[float, ...]:
    """Give the steps of a scan; none where there is no way from start to end."""
    if not increment or (end - start) / increment < 0:
        return ()
    steps = floor((end - start) / increment + 1e-9) + 1
    return tuple(start + number * increment for number in range(steps)) if steps <= MOST_STEPS else ()


@dataclass
class Scan:
    """A scan that runs.

    Attributes
    ----------
    wires : DetectorSeam
    currents_ua : tuple of float
        Bias of all detectors, step by step.
    dwell_s : float
        How long it stays at each.
    begun_s : float
    """

    wires: DetectorSeam
    currents_ua: Sequence[float]
    dwell_s: float
    begun_s: float
    counts: list[tuple[int, ...]] = field(default_factory=list)
    resistances_kohm: list[tuple[float, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._bias(self.begun_s)

    @property
    def done(self) -> bool:
        """Whether all steps are over."""
        return len(self.counts) == len(self.currents_ua)

    @property
    def next_s(self) -> float:
        """When the step that runs is over."""
        return self.begun_s + self.dwell_s * (len(self.counts) + 1)

    def advance(self, now_s: float) -> None:
        """Go on to the step of this time."""
        while not self.done and now_s >= self.next_s:
            end_s = self.next_s
            self.resistances_kohm.append(self.wires.resistances_kohm(end_s))
            self.counts.append(self.wires.counts(end_s - self.dwell_s, end_s))
            if not self.done:
                self._bias(end_s)

    def counts_table(self) -> list[dict[str, Any]]:
        """Give counts against bias."""
        return self._table("y", self.counts)

    def voltage_table(self) -> list[dict[str, Any]]:
        """Give voltages in mV against bias."""
        pairs = zip(self.currents_ua, self.resistances_kohm, strict=False)
        return self._table("v", [tuple(current * each for each in kohm) for current, kohm in pairs])

    def matching(self, wanted_hz: Sequence[float]) -> list[float]:
        """Give each detector's bias at which it first counts as often as wanted, or the last before it latched."""
        return [self._match(number, wanted) for number, wanted in enumerate(wanted_hz)]

    def _match(self, detector: int, wanted_hz: float) -> float:
        cold_kohm, found = self.resistances_kohm[0][detector], self.currents_ua[0]
        steps = zip(self.currents_ua, self.counts, self.resistances_kohm, strict=True)
        for current, counts, kohm in steps:
            if kohm[detector] > LATCHED * cold_kohm:
                break
            found = current
            if counts[detector] >= wanted_hz * self.dwell_s:
                break
        return found

    def _bias(self, now_s: float) -> None:
        self.wires.bias(now_s, [self.currents_ua[len(self.counts)]] * self.wires.count)

    def _table(self, letter: str, rows: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
        return [
            {"biasCurrent": current, **{f"{letter}{n}": value for n, value in enumerate(row, 1)}}
            for current, row in zip(self.currents_ua, rows, strict=False)
        ]
