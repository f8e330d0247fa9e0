"""The first look for a beat: all rates within the drift, in few clicks at first and twice as many each time.

A click at time t turns by ``rate * t`` as the trial rate changes, slowly: so clicks are binned, and one FFT
gives the vector sums at all trial rates. For clicks at random times the chance of a peak is known, and a beat
counts only if chance does not explain it; so a strong one is found in few clicks, which no ramp has bent yet.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from postproc.synchronisation.chance import log_beat_tail
from postproc.synchronisation.pace import Clicks, Pace, trial_ramps

MAX_BINS = 2**20
"""Clicks beyond so many bins are left to the climb."""

OVERSAMPLING = 4
"""Trial frequencies a resolution element."""

FINENESS = 8
"""Bins in which the fastest trial rate turns once."""

FIRST_CLICKS = 64


class Found(NamedTuple):
    """A beat, how many clicks showed it, and the logarithm of the probability that chance did."""

    pace: Pace
    clicks: int
    log_false_alarm: float


def first_beat(clicks: Clicks, *, max_drift: float, max_ramp: float, log_false_alarm: float) -> Found | None:
    """Give the strongest beat in the fewest first clicks that show one; None if none do.

    Parameters
    ----------
    clicks : Clicks
    max_drift, max_ramp : float
        Bounds of the pace: relative, and relative per slot.
    log_false_alarm : float
        Natural logarithm of the acceptable probability that chance makes the beat.
    """
    width = 1 / (FINENESS * max_drift)
    most = max(int(np.searchsorted(clicks.since, MAX_BINS * width)), 1)
    sizes = [size for k in range(64) if (size := FIRST_CLICKS << k) < most] + [most]
    for size in sizes:
        pace, log_chance = _scan(clicks.first(size), width, max_drift, max_ramp)
        if (log_chance := log_chance + float(np.log(len(sizes)))) <= log_false_alarm:
            return Found(pace, size, log_chance)
    return None


def _scan(clicks: Clicks, width: float, max_drift: float, max_ramp: float) -> tuple[Pace, float]:
    """Give the pace with the strongest beat of all, and the logarithm of its chance."""
    size = scipy.fft.next_fast_len(OVERSAMPLING * (int(clicks.since[-1] / width) + 1))
    rates = scipy.fft.fftfreq(size, width)
    inside = np.abs(rates) <= max_drift
    groups, ramps = clicks.by_channel(), trial_ramps(clicks.span, 0.0, max_ramp)
    best, best_pace = -1.0, Pace(clicks.middle, 0.0)
    for ramp in ramps:
        bent = Pace(clicks.middle, 0.0, float(ramp))
        power = np.sum([_powers(since, bent, width, size, inside) for since in groups], axis=0)
        place = int(np.argmax(power))
        if power[place] > best:
            best, best_pace = float(power[place]), bent._replace(rate=float(rates[inside][place]))
    log_trials = float(np.log(np.count_nonzero(inside) * len(ramps)))
    return best_pace, log_trials + log_beat_tail(best, len(groups))


def _powers(
    since: NDArray[np.float64], bent: Pace, width: float, size: int, inside: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Squares of the vector sums over n, at each trial rate."""
    place, turn = (since / width).astype(np.int64), 2 * np.pi * bent.turns(since)
    bins = np.bincount(place, np.cos(turn), size) + 1j * np.bincount(place, np.sin(turn), size)
    # The sums wanted turn forward with the rate: the inverse transform's sign.
    sums = scipy.fft.ifft(bins, norm="forward")[inside]
    return np.asarray(np.abs(sums) ** 2 / len(since))
