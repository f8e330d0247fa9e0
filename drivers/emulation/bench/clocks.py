"""A party's clock, wander and all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.parameters import Clock
from drivers.emulation.bench.walks import Wander


class PartyClock:
    """One of them.

    Parameters
    ----------
    clock : Clock
    seed, party : int, str
        Key of its wander.

    Attributes
    ----------
    drift_ppm : float
        Its pace now, wander left out.
    """

    def __init__(self, clock: Clock, seed: int, party: str) -> None:
        self._change, self.drift_ppm = clock.change, clock.drift_ppm
        self._wander = Wander(clock.wander_ppb_per_root_s, seed, party)

    def run_on(self, here_ps: int, drift_ppm: float) -> None:
        """Let it go at another pace from an instant of bench time on; what it shows does not jump there."""
        shown_ps = self._change.instant(here_ps)
        offset_ps = shown_ps - here_ps - round(here_ps * drift_ppm * 1e-6)
        self._change = Clock(offset_ps=offset_ps, drift_ppm=drift_ppm).change
        self.drift_ppm = drift_ppm

    def shown(self, time_ps: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give what it shows at instants of bench time."""
        return self._change.apply(time_ps) + self._wander.offset_ps(time_ps)

    def instant(self, time_ps: int) -> int:
        """Give what it shows at one instant."""
        return int(self.shown(np.array([time_ps], np.int64))[0])
