"""Random walks over bench time, on a grid of their own: whoever asks for what, and when, finds the same walk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from drivers.emulation.bench.polarisation import STRAIGHT, Turn
from drivers.emulation.bench.seeds import stream
from drivers.emulation.bench.timeline import BLOCK_PS
from postproc.timetags.types import PICOSECONDS_PER_SECOND

STEP_PS = BLOCK_PS
STEP_S = STEP_PS / PICOSECONDS_PER_SECOND
#: So many steps are drawn at a time.
STRETCH = 1024


class Wander:
    """How far a clock has wandered off, whose rate does a random walk.

    Parameters
    ----------
    ppb_per_root_s : float
        Standard deviation of what its rate has gained after a second.
    seed, party : int, str
        Key of the randomness.
    """

    def __init__(self, ppb_per_root_s: float, seed: int, party: str) -> None:
        self._step = ppb_per_root_s * 1e-9 * np.sqrt(STEP_S)
        self._seed, self._party = seed, party
        self._offsets_ps: NDArray[np.float64] = np.zeros(1)
        self._rate = 0.0

    def offset_ps(self, time_ps: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give what the clock is ahead at instants of bench time, in any order; before time zero it is right."""
        if not self._step or not len(time_ps):
            return np.zeros(len(time_ps), np.int64)
        steps = time_ps / STEP_PS
        while float(steps.max()) >= len(self._offsets_ps) - 1:
            self._walk_on()
        return np.rint(np.interp(steps, np.arange(len(self._offsets_ps)), self._offsets_ps)).astype(np.int64)

    def _walk_on(self) -> None:
        random = stream(self._seed, "wander", self._party, len(self._offsets_ps) // STRETCH)
        rates = self._rate + np.cumsum(random.normal(0, self._step, STRETCH))
        self._rate = float(rates[-1])
        gained = np.cumsum(rates * STEP_PS)
        self._offsets_ps = np.concatenate([self._offsets_ps, self._offsets_ps[-1] + gained])


class Drift:
    """Where a fibre has turned the polarisation to, which does a random walk over the rotations.

    The mean cosine between where a state was and where it is after t is ``exp(-(rate ** 2) * t)``, the rate in
    radians: that of a Brownian motion on the sphere.

    Parameters
    ----------
    deg_per_root_s : float
        Standard deviation of the turn about each axis after a second.
    seed : int
        Key of the randomness.
    """

    def __init__(self, deg_per_root_s: float, seed: int) -> None:
        self._step, self._seed = np.deg2rad(deg_per_root_s) * np.sqrt(STEP_S), seed
        self._turns: NDArray[np.float64] = np.array([STRAIGHT])

    def turn(self, time_ps: int) -> Turn:
        """Give the turn at an instant of bench time."""
        step = max(time_ps // STEP_PS, 0) if self._step else 0
        while step >= len(self._turns):
            self._walk_on()
        return tuple(tuple(float(each) for each in row) for row in self._turns[step])

    def _walk_on(self) -> None:
        random = stream(self._seed, "polarisation drift", len(self._turns) // STRETCH)
        steps = Rotation.from_rotvec(random.normal(0, self._step, (STRETCH, 3))).as_matrix()
        whole = self._turns[-1]
        for place, each in enumerate(steps):
            steps[place] = whole = each @ whole
        self._turns = np.concatenate([self._turns, steps])
