"""What a tagger's inputs make of pulses: those above the threshold, and noise that crosses it by itself.

Pulse heights are spread as a Gaussian. The noise is Gaussian too, and crosses a level v upwards at the rate
``f exp(-v**2 / 2 s**2)``: S. O. Rice, Bell Syst. Tech. J. 23, 282 (1944), with all of the bandwidth in f.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, sqrt

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.detection import Times
from postproc.timetags.types import PICOSECONDS_PER_SECOND

Inputs = NDArray[np.uint8]


@dataclass(frozen=True)
class Comparator:
    """The inputs.

    Attributes
    ----------
    pulse_v : float
        Mean height of pulses; its sign is theirs.
    spread : float
        Relative standard deviation of the heights.
    noise_v : float
        Standard deviation of the voltage without a pulse.
    noise_hz : float
        How often the noise crosses zero; no input counts more than that.
    """

    pulse_v: float
    spread: float = 0.05
    noise_v: float = 0.04
    noise_hz: float = 2e5

    def share(self, level_v: float) -> float:
        """Share of the pulses that cross a level."""
        if self.pulse_v * level_v <= 0:
            return 0.0
        room = (abs(self.pulse_v) - abs(level_v)) / (self.spread * abs(self.pulse_v))
        return erfc(-room / sqrt(2)) / 2

    def noise(self, level_v: float) -> float:
        """How often noise crosses a level, in Hz."""
        rate_hz = self.noise_hz * exp(-0.5 * min(level_v / self.noise_v, 30.0) ** 2)
        return rate_hz if rate_hz > 1e-6 else 0.0

    def seen(
        self,
        level_v: float,
        times: Times,
        inputs: Inputs,
        begin_ps: int,
        end_ps: int,
        random: np.random.Generator,
    ) -> tuple[Times, Inputs]:
        """Give the clicks that cross a level in a stretch of time, and the noise among them, in order."""
        share, noise_hz = self.share(level_v), self.noise(level_v)
        if share < 1 - 1e-9:
            kept = random.random(len(times)) < share
            times, inputs = times[kept], inputs[kept]
        if not noise_hz:
            return times, inputs
        mean = 4 * noise_hz * (end_ps - begin_ps) / PICOSECONDS_PER_SECOND
        false = random.integers(begin_ps, end_ps, random.poisson(mean), np.int64)
        times = np.concatenate([times, false])
        inputs = np.concatenate([inputs, random.integers(0, 4, len(false)).astype(np.uint8)])
        order = np.argsort(times, kind="stable")
        return times[order], inputs[order]
