"""From light on a detector to clicks: dark counts, jitter, dead time, afterpulses, echo, delay."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.avalanches import avalanches
from drivers.emulation.bench.parameters import Detector
from drivers.emulation.bench.seeds import stream

Times = NDArray[np.int64]

#: Tells of instants whether a detector sees.
Gate = Callable[[Times], NDArray[np.bool_]]

#: Jitter is cut off at so many standard deviations, which one click in 10**15 reaches.
_JITTER_REACH = 8

_PICOSECOND_S = 1e-12


def always_open(times: Times) -> NDArray[np.bool_]:
    """Be the gate that there is not."""
    return np.ones(len(times), bool)


class DetectorModel:
    """One detector under a seed, fed block after block of bench time.

    Parameters
    ----------
    detector : Detector
        What it is like.
    seed : int
        Of the scene.
    *name : str
        Party and detector.

    Attributes
    ----------
    detector : Detector
        May be exchanged between blocks, as long as its jitter does not grow.
    """

    def __init__(self, detector: Detector, seed: int, *name: str) -> None:
        self.detector = detector
        self._seed = seed
        self._name = name
        self._early: Times = np.empty(0, np.int64)
        self._last_click: int | None = None
        self.guard_ps = ceil(_JITTER_REACH * detector.jitter_rms_ps)

    def clicks(
        self, block: int, light_ps: Times, begin_ps: int, end_ps: int, gate: Gate = always_open
    ) -> Times:
        """Give the clicks of a block, cable and all.

        Parameters
        ----------
        block : int
            Number of the block; blocks come in order.
        light_ps : array of int64
            When photons arrive that this detector registers.
        begin_ps, end_ps : int
            The block. Clicks in the last `guard_ps` of it come with the next block, because light that
            arrives then may still overtake them.
        gate : callable
            Tells of instants whether the detector sees; where it does not, nothing dark happens either.

        Returns
        -------
        array of int64
            Before the cable's delay they ascend and lie before ``end_ps - guard_ps``; echoes are appended.
        """
        random = stream(self._seed, *self._name, block)
        dark = self._dark(begin_ps, end_ps, random)
        fresh = np.concatenate([self._jittered(light_ps, random), dark[gate(dark)]])
        times = np.sort(np.concatenate([self._early, fresh]))
        settled = int(np.searchsorted(times, end_ps - self.guard_ps))
        self._early = times[settled:]
        return self._through_cable(self._awake(times[:settled], end_ps - self.guard_ps, random), random)

    def _jittered(self, light_ps: Times, random: np.random.Generator) -> Times:
        reach = _JITTER_REACH * self.detector.jitter_rms_ps
        jitter = random.normal(0, self.detector.jitter_rms_ps, len(light_ps)).clip(-reach, reach)
        late: Times = np.rint(jitter).astype(np.int64)
        return light_ps + late

    def _dark(self, begin_ps: int, end_ps: int, random: np.random.Generator) -> Times:
        mean = self.detector.dark_count_rate_hz * (end_ps - begin_ps) * _PICOSECOND_S
        dark: Times = random.integers(begin_ps, end_ps, int(random.poisson(mean)), np.int64)
        return dark

    def _awake(self, times: Times, until_ps: int, random: np.random.Generator) -> Times:
        """Leave out what falls into the dead time of a click, and put in what clicks bring about."""
        detector = self.detector
        if not (detector.dead_time_ps or detector.recovery_ps or detector.afterpulse_probability):
            return times
        found = avalanches(times, until_ps, detector, self._last_click, random)
        self._early = np.sort(np.concatenate([self._early, found.later]))
        self._last_click = int(found.clicks[-1]) if len(found.clicks) else self._last_click
        return found.clicks

    def _through_cable(self, times: Times, random: np.random.Generator) -> Times:
        repeated = times[random.random(len(times)) < self.detector.echo_probability]
        return np.concatenate([times, repeated + self.detector.echo_delay_ps]) + self.detector.delay_ps
