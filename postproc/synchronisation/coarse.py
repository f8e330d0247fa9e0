"""A first, coarse lock of two tag streams: the lag at which too many tags fall together.

One FFT correlation of binned tags covers every lag. An unknown drift smears the peak over
``drift x segment``, so bins start as wide as that; if no lag stands out, bins shrink and the drift is
scanned in steps that keep the smear within a bin. Passes that take long come last, and only if there are clicks
enough for few pairs to show.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from postproc.synchronisation.chance import log_poisson_tail
from postproc.synchronisation.clock import DriftingClock

MAX_BINS, MAX_WORK = 2**24, 2**26
"""Bins of one correlation, and of all correlations of a pass: what memory and patience bear."""

DEEPER = 16
"""So much more work is done in a pass in which few pairs would show."""

FEW_PAIRS = 0.01
"""Share of the stream with fewer clicks that pairs are expected to make at least."""

SHOWS = 12.0
"""Standard deviations of accidental coincidences above which pairs show, with a margin: such a pass takes a minute."""

NEIGHBOURS = 8
"""Drifts that are still tried after one has shown the lag: its neighbours are among them, on either side."""

MIN_BIN_PS = 1000
MAX_DRIFT_STEPS = 256

BACKGROUND_BINS = 33
"""Bins over which the accidental coincidences are averaged, to compare one bin with its surroundings: few,
because their number has kinks where one stream begins or ends to overlap the other."""


class CoarseLock(NamedTuple):
    """Where two streams fall together.

    Attributes
    ----------
    clock : DriftingClock
        The stream's clock against the segment's.
    within_ps : int
        Half-width of what is still uncertain about its offset at the segment's first tag.
    drift_within : float
        Half-width of what is still uncertain about its drift.
    log_false_alarm : float
        Natural logarithm of the probability that accidental coincidences make such a peak anywhere in
        the search.
    """

    clock: DriftingClock
    within_ps: int
    drift_within: float
    log_false_alarm: float


class _Level(NamedTuple):
    """One pass over all lags: bins of this width, at each of these drifts."""

    bin_ps: int
    drifts: list[float]
    drift_within: float


def find_lag(
    segment_ps: NDArray[np.int64],
    stream_ps: NDArray[np.int64],
    *,
    max_drift: float,
    false_alarm: float,
) -> CoarseLock | None:
    """Search all lags at which the segment overlaps the stream.

    Parameters
    ----------
    segment_ps, stream_ps : array of int64
        Ascending tags; the stream is the longer one.
    max_drift : float
        Largest drift to consider, either sign, dimensionless.
    false_alarm : float
        Probability of locking onto nothing that is still acceptable.

    Returns
    -------
    CoarseLock or None
        None where no lag stands out clearly enough.
    """
    if len(segment_ps) < 2 or len(stream_ps) < 2:
        return None
    for level in _levels(segment_ps, stream_ps, max_drift):
        best = _search(segment_ps, stream_ps, level, float(np.log(false_alarm)))
        if best.log_false_alarm < np.log(false_alarm):
            return best
    return None


def _levels(
    segment_ps: NDArray[np.int64], stream_ps: NDArray[np.int64], max_drift: float
) -> Iterator[_Level]:
    """Give the passes to try, cheapest first, until bins cannot become narrower."""
    duration = int(segment_ps[-1] - segment_ps[0])
    reach = max(duration, int(stream_ps[-1] - stream_ps[0]))
    last_ps = reach + 1
    for work in (MAX_WORK, DEEPER * MAX_WORK):
        steps = 1
        while steps <= MAX_DRIFT_STEPS:
            within = max_drift / steps
            narrowest = max(-(-reach // min(MAX_BINS, work // steps)), MIN_BIN_PS)
            bin_ps = max(round(within * duration), narrowest)
            worth = work == MAX_WORK or _shows(segment_ps, stream_ps, bin_ps)
            if bin_ps < last_ps and worth:
                centres = (np.arange(steps) - (steps - 1) / 2) * 2 * within
                yield _Level(bin_ps, sorted(centres.tolist(), key=abs), within)
                last_ps = bin_ps
            steps *= 4


def _shows(segment_ps: NDArray[np.int64], stream_ps: NDArray[np.int64], bin_ps: int) -> bool:
    """Whether few pairs would stand out of the accidental coincidences in three bins."""
    in_all = len(stream_ps) / max(int(stream_ps[-1] - stream_ps[0]), 1)
    accidental = len(segment_ps) * in_all * 3 * bin_ps
    fewer = min(len(segment_ps), in_all * int(segment_ps[-1] - segment_ps[0]))
    return bool(FEW_PAIRS * fewer > SHOWS * max(accidental, 1.0) ** 0.5)


def _search(
    segment_ps: NDArray[np.int64], stream_ps: NDArray[np.int64], level: _Level, log_false_alarm: float
) -> CoarseLock:
    """Correlate at the drifts of the level until one shows the lag, and its neighbours; give the least likely peak.

    The correlation is circular: where the segment reaches out of the stream at one end, it meets the other.
    """
    duration = int(segment_ps[-1] - segment_ps[0])
    stream = _counts(stream_ps, level.bin_ps, 0.0)
    longest = int(duration * (1 + max(level.drifts, key=abs)) / level.bin_ps) + 1
    size = scipy.fft.next_fast_len(max(len(stream), longest), real=True)
    spectrum = scipy.fft.rfft(stream, size)
    # Four times the drifts: the levels before this one had their chances too, each fewer than the one after it.
    trials = float(np.log(4.0 * len(level.drifts) * size))
    peaks: list[tuple[float, float, int]] = []
    left = len(level.drifts)
    for drift in level.drifts:
        segment = _counts(segment_ps, level.bin_ps, drift)
        lag, log_chance = _judge(scipy.fft.irfft(spectrum * scipy.fft.rfft(segment, size).conj(), size))
        peaks.append((log_chance, drift, lag))
        left -= 1
        if log_chance + trials < log_false_alarm:
            left = min(left, NEIGHBOURS)
        if left == 0:
            break
    log_chance, drift, lag = min(peaks)
    before = lag > len(stream) - longest / 2
    offset_ps = (lag - size * before) * level.bin_ps + int(stream_ps[0] - segment_ps[0])
    clock = DriftingClock(int(segment_ps[0]), float(offset_ps), drift)
    # Three bins together also hold a peak that is smeared over three: the next drift may be the true one.
    return CoarseLock(clock, 3 * level.bin_ps, 3 * level.drift_within, log_chance + trials)


def _counts(times_ps: NDArray[np.int64], bin_ps: int, drift: float) -> NDArray[np.float32]:
    """Count tags in bins from the first tag on, on a clock that runs faster by `drift`."""
    since = (times_ps - times_ps[0]).astype(np.float64) * ((1 + drift) / bin_ps)
    return np.bincount(since.astype(np.int64)).astype(np.float32)


def _judge(counts: NDArray[np.float32]) -> tuple[int, float]:
    """Give the place of the highest peak over its surroundings, and the logarithm of its chance.

    Clicks that come in bunches (afterpulses, pulsed sources) make coincidences in bunches: the counts are
    scaled down by how much more than Poisson's they vary.
    """
    # Neighbours together, so that a lag on a bin's edge or a smeared peak loses nothing.
    padded = np.pad(np.rint(counts), 1, mode="wrap")
    sums = padded[:-2] + padded[1:-1] + padded[2:]
    expected = uniform_filter1d(sums, BACKGROUND_BINS, mode="wrap")
    np.maximum(expected, 1.0, out=expected)
    excess = (sums - expected) / np.sqrt(expected)
    peak = int(np.argmax(excess))
    near = excess[max(peak - BACKGROUND_BINS, 0) : peak + BACKGROUND_BINS]
    squares = float(np.vdot(excess, excess)) - float(np.vdot(near, near))
    bunching = max(1.0, squares / max(len(excess) - len(near), 1))
    return peak, log_poisson_tail(float(sums[peak]) / bunching, float(expected[peak]) / bunching)
