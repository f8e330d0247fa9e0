"""Avalanche diodes on the live bench, in the place of detectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from drivers.emulation.bench.live_parameters import AVALANCHE, Avalanche
from drivers.emulation.bench.parameters import Detector

PS_PER_NS = 1000


@dataclass(frozen=True)
class Diode:
    """How one is set.

    Attributes
    ----------
    excess_v, temperature_c : float
    dead_time_ps : int or None
        None for the one of the bench's detector.
    kind : Avalanche
        What it is like.
    """

    excess_v: float
    temperature_c: float
    dead_time_ps: int | None = None
    kind: Avalanche = AVALANCHE

    def biased(self, detector: Detector) -> Detector:
        """Give the detector that it makes of the bench's."""
        efficiency, dark_hz = self.kind.biased(detector, self.excess_v, self.temperature_c)
        dead_ps = detector.dead_time_ps if self.dead_time_ps is None else self.dead_time_ps
        return replace(detector, efficiency=efficiency, dark_count_rate_hz=dark_hz, dead_time_ps=dead_ps)


class LiveDiode:
    """The place of one detector; see :class:`~drivers.emulation.seams.AvalancheSeam`.

    Parameters
    ----------
    mount : callable
        Takes the time and how the diode is set.
    counts : callable
        Counts all detectors' pulses in a stretch of time.
    number : int
        Which of them it is.
    """

    def __init__(
        self,
        mount: Callable[[float, int, Diode], None],
        counts: Callable[[float, float], tuple[int, ...]],
        number: int,
    ) -> None:
        self._mount, self._counts, self._number = mount, counts, number

    def set(self, now_s: float, excess_v: float, temperature_c: float, dead_time_ns: float | None) -> None:
        """See :class:`~drivers.emulation.seams.AvalancheSeam`."""
        dead_ps = None if dead_time_ns is None else round(dead_time_ns * PS_PER_NS)
        self._mount(now_s, self._number, Diode(excess_v, temperature_c, dead_ps))

    def counts(self, begin_s: float, end_s: float) -> int:
        """See :class:`~drivers.emulation.seams.AvalancheSeam`."""
        return self._counts(begin_s, end_s)[self._number]


class LiveSwitch:
    """An optical switch in a fibre; see :class:`~drivers.emulation.seams.SwitchSeam`.

    Parameters
    ----------
    divert : callable
        Takes the time, and whether the light leaves the link.
    """

    def __init__(self, divert: Callable[[float, bool], None]) -> None:
        self._divert = divert

    def route(self, now_s: float, output: int) -> None:
        """See :class:`~drivers.emulation.seams.SwitchSeam`."""
        self._divert(now_s, output != 1)
