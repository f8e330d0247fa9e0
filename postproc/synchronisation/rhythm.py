"""The rhythm of the slots in Bob's clicks: pace and phases, without knowing any state.

Clicks of a pulsed source keep the beat of its slots. The length of the vector sum of their phases (the
Rayleigh statistic) is large at the right pace only. Detectors have delays of their own, so each keeps the
beat with a phase of its own: their sums are added as squares. For clicks at random times each square over n
is exponentially distributed, so that the chance of a false peak is known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.synchronisation.pace import Clicks, Pace, climb
from postproc.synchronisation.scan import first_beat
from postproc.synchronisation.slotclock import SlotClock
from postproc.synchronisation.uncertainty import MAX_RAMP, Uncertainty
from postproc.timetags.types import PICOSECONDS_PER_SECOND

MIN_CLICKS = 16


class Rhythm(NamedTuple):
    """The slots on Bob's clock.

    Attributes
    ----------
    clock : SlotClock
        In Bob's own count: slot 0 lies in the middle of the clicks.
    phase_ps : array of float64, shape (256,)
        By channel: how far its clicks lie behind the centres, within half a period.
    log_chance : array of float64, shape (256,)
        By channel: natural logarithm of the probability that its clicks, at random times, keep so clear a
        beat at this pace.
    uncertainty : Uncertainty
        Of the clock, at slot 0.
    log_false_alarm : float
        Natural logarithm of the probability that clicks at random times show such a beat.
    """

    clock: SlotClock
    phase_ps: NDArray[np.float64]
    log_chance: NDArray[np.float64]
    uncertainty: Uncertainty
    log_false_alarm: float

    @property
    def drift_error(self) -> float:
        """Standard deviation of the relative period, in the middle of the clicks."""
        return float(np.sqrt(self.uncertainty.drift))


def find_rhythm(
    time_ps: NDArray[np.int64],
    channel: NDArray[np.uint8],
    period_ps: float,
    *,
    max_drift: float,
    false_alarm: float,
) -> Rhythm | None:
    """Find the beat of slots with nominally `period_ps` in clicks.

    Parameters
    ----------
    time_ps : array of int64, shape (n,)
        Ascending.
    channel : array of uint8, shape (n,)
    period_ps : float
    max_drift : float
        Largest relative difference of the period, either sign.
    false_alarm : float
        Probability of taking random clicks for a beat that is still acceptable.

    Returns
    -------
    Rhythm or None
        None where clicks at random times would show as strong a beat with more than `false_alarm`.
    """
    if len(time_ps) < MIN_CLICKS:
        return None
    clicks = Clicks((time_ps - time_ps[0]) / period_ps, channel)
    max_ramp = MAX_RAMP / PICOSECONDS_PER_SECOND * period_ps
    bounds = {"max_drift": max_drift, "max_ramp": max_ramp}
    found = first_beat(clicks, **bounds, log_false_alarm=float(np.log(false_alarm)))
    if found is None:
        return None
    pace, used, ramp_within = found.pace, found.clicks, max_ramp
    while used < len(clicks.since):
        seen = clicks.first(used)
        pace = climb(seen, pace, ramp_within, to_the_top=False)
        used, ramp_within = 2 * used, min(max_ramp, 2 / seen.span**2)
    pace = climb(clicks, pace, ramp_within)
    return _rhythm(clicks, pace, int(time_ps[0]), period_ps, found.log_false_alarm)


def _rhythm(clicks: Clicks, pace: Pace, first_ps: int, nominal_ps: float, log_false_alarm: float) -> Rhythm:
    """Measure phases and errors at the final pace; the common phase goes into the origin."""
    turns = pace.turns(clicks.since)
    sums = np.zeros(256, np.complex128)
    np.add.at(sums, clicks.channel, np.exp(2j * np.pi * turns))
    common = np.angle(sums.sum()) / (2 * np.pi)
    phases = np.where(sums == 0, 0.0, np.angle(sums * np.exp(-2j * np.pi * common)) / (2 * np.pi))
    left = np.exp(2j * np.pi * (turns - common - phases[clicks.channel]))
    period = nominal_ps / (1 + pace.rate)
    # The slot nearest to the middle: there the phase is whole again.
    back = (np.float64(pace.at) - np.floor(pace.at) - common) / (1 + pace.rate)
    middle_ps = (pace.at - back) * nominal_ps
    clock = SlotClock(
        0, first_ps + round(middle_ps), middle_ps - round(middle_ps), period, _ramp(pace, nominal_ps)
    )
    log_chance = -(np.abs(sums) ** 2) / np.maximum(np.bincount(clicks.channel, minlength=256), 1)
    error_ps = phase_error(left.sum(), (left**2).sum(), len(left)) * period
    along_ps = (clicks.since - pace.at) * nominal_ps
    return Rhythm(clock, phases * period, log_chance, _uncertainty(along_ps, error_ps), log_false_alarm)


def _ramp(pace: Pace, nominal_ps: float) -> float:
    """Relative change of the period per ps: clicks that turn faster have a shorter one."""
    return -pace.ramp / (1 + pace.rate) / nominal_ps


def _uncertainty(along_ps: NDArray[np.float64], error_ps: float) -> Uncertainty:
    """Covariance of a parabola through phases that together are known to `error_ps`, ramps being bounded."""
    design = np.stack([np.ones_like(along_ps), along_ps, along_ps**2 / 2])
    scale = np.array([1.0, 1 / np.ptp(along_ps), 1 / np.ptp(along_ps) ** 2]) if len(along_ps) else np.ones(3)
    design *= scale[:, None]
    information = design @ design.T / len(along_ps) / error_ps**2
    information[2, 2] += (scale[2] * PICOSECONDS_PER_SECOND / MAX_RAMP) ** 2
    return Uncertainty(np.asarray(np.linalg.inv(information) * np.outer(scale, scale), np.float64))


def phase_error(first: complex, second: complex, n: int) -> float:
    """Standard deviation, in turns, of the direction of a vector sum of `n` phases.

    Parameters
    ----------
    first, second : complex
        The sums of ``exp(i phase)`` and of ``exp(2 i phase)``.

    References
    ----------
    N. I. Fisher, "Statistical Analysis of Circular Data" (1993), eq. 4.21: the circular standard error.
    """
    length = max(abs(first) / n, 1e-9)
    along = (second * np.exp(-2j * np.angle(first))).real / n
    return float(np.sqrt(max(1 - along, 1 / n) / (2 * n)) / length) / (2 * np.pi)
