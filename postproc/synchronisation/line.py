"""From a coarse lock to a line: offset and drift together, to a fraction of a nanosecond.

Around a clock that is nearly right every difference ``stream - segment`` is a point over the segment's time.
True pairs lie on a line, which a satellite's Doppler shift bends, accidental ones everywhere. Histograms along trial
slopes and bends sharpen the line in steps of four; a least-squares fit to what lies within the window ends it.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.synchronisation.clock import DriftingClock
from postproc.synchronisation.coarse import CoarseLock
from postproc.synchronisation.uncertainty import MAX_RAMP
from postproc.timetags.types import PICOSECONDS_PER_SECOND

STEP = 4
MAX_DIFFERENCES = 2**22
MAX_BENT = 2**15
"""More than enough to see how a line is bent."""

BEND_SHOWS = 4.0
"""Standard deviations by which a bent line must hold more than a straight one: a bend that noise made would spoil the
drift."""

MAX_FITS = 50
"""Least-squares fits in a row, each to what lies within the window around the one before. Where jitter fills
the window, each takes off little more than a third of the error."""


class Differences(NamedTuple):
    """Differences of tags of two streams, with the indices they came from.

    Attributes
    ----------
    difference_ps : array of int64
        Stream minus segment.
    segment, stream : array of int64
        Indices of the two tags.
    """

    difference_ps: NDArray[np.int64]
    segment: NDArray[np.int64]
    stream: NDArray[np.int64]


class Line(NamedTuple):
    """``offset + slope * along``, and which points lie within the window around it."""

    offset_ps: float
    slope: float
    inside: NDArray[np.bool_]


def differences(
    segment_ps: NDArray[np.int64], stream_ps: NDArray[np.int64], within_ps: int, most: int = MAX_DIFFERENCES
) -> Differences:
    """All differences of at most `within_ps`; of more than `most`, those of evenly chosen segment tags."""
    first = np.searchsorted(stream_ps, segment_ps - within_ps, side="left")
    last = np.searchsorted(stream_ps, segment_ps + within_ps, side="right")
    partners = _thinned(last - first, most)
    segment = np.repeat(np.arange(len(segment_ps)), partners)
    start = np.cumsum(partners) - partners
    stream = np.arange(len(segment)) - np.repeat(start, partners) + np.repeat(first, partners)
    return Differences(stream_ps[stream] - segment_ps[segment], segment, stream)


def _thinned(partners: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Leave out tags at even steps until few enough partners are left."""
    stride = int(-(-partners.sum() // most))
    if stride <= 1:
        return partners
    thin = np.where(np.arange(len(partners)) % stride == 0, partners, 0)
    return np.where(np.cumsum(thin) <= most, thin, 0)


def sharpen(
    segment_ps: NDArray[np.int64],
    stream_ps: NDArray[np.int64],
    coarse: CoarseLock,
    *,
    resolution_ps: int,
) -> DriftingClock:
    """Follow the peak down to `resolution_ps`.

    Returns
    -------
    DriftingClock
        The stream's clock against the segment's, good to about `resolution_ps` over the segment.
    """
    duration = float(max(segment_ps[-1] - segment_ps[0], 1))
    reach = coarse.within_ps + round(coarse.drift_within * duration)
    near = differences(segment_ps, coarse.clock.to_alice(stream_ps), reach)
    along = (segment_ps[near.segment] - coarse.clock.reference_ps).astype(np.float64)
    beyond = near.difference_ps.astype(np.float64)
    middle = duration / 2
    offset, slope, ramp, width = 0.0, 0.0, 0.0, float(reach)
    slope_within, bent_within = coarse.drift_within, MAX_RAMP / PICOSECONDS_PER_SECOND / 2 * middle**2
    while True:
        width = max(width / STEP, float(resolution_ps))
        edges = offset + np.arange(-4 * STEP, 4 * STEP + 1) * (width / 2)
        slopes = slope + np.linspace(-slope_within, slope_within, 2 * STEP + 1)
        ramps = ramp + _bends(bent_within, width) * 2 / middle**2
        offset, slope, ramp = _fullest_bent(along, beyond, edges, slopes, ramps, middle)
        if width <= resolution_ps:
            return coarse.clock.shifted(offset + ramp / 2 * middle**2, slope - ramp * middle, ramp)
        course = offset + slope * along + ramp / 2 * (along - middle) ** 2
        close = np.abs(beyond - course) <= STEP * width
        along, beyond = along[close], beyond[close]
        slope_within, bent_within = width / duration, min(bent_within, width)


def _bends(within: float, width: float) -> NDArray[np.float64]:
    """Trial bends, the smallest first: how far they lift the line at its ends, to a quarter of a width."""
    steps = round(STEP * within / width)
    bends = np.arange(-steps, steps + 1) * (within / max(steps, 1))
    return np.asarray(bends[np.argsort(np.abs(bends))])


def _fullest_bent(
    along: NDArray[np.float64],
    beyond: NDArray[np.float64],
    edges: NDArray[np.floating[Any]],
    slopes: NDArray[np.floating[Any]],
    ramps: NDArray[np.float64],
    middle: float,
) -> tuple[float, float, float]:
    """Find offset, slope and ramp around the middle whose bins hold most; the first ramp, unless another shows."""
    thin = slice(None, None, 1 + len(along) // MAX_BENT if len(ramps) > 1 else 1)
    along, beyond = along[thin], beyond[thin]
    found = [
        (*fullest(along, beyond - ramp / 2 * (along - middle) ** 2, edges, slopes), float(ramp))
        for ramp in ramps
    ]
    first, best = found[0], max(found, key=lambda one: one[0])
    return (best if best[0] - first[0] > BEND_SHOWS * sqrt(first[0]) else first)[1:]


def fullest(
    along: NDArray[np.float64],
    beyond: NDArray[np.float64],
    edges: NDArray[np.floating[Any]],
    slopes: NDArray[np.floating[Any]],
) -> tuple[int, float, float]:
    """Find the two neighbouring bins that hold most, over all slopes.

    Parameters
    ----------
    along, beyond : array of float64, shape (n,)
        Time and difference of each point, in ps.
    edges : array of float64
        Edges of the bins, evenly spaced, in ps at time 0.
    slopes : array of float64

    Returns
    -------
    count : int
    offset_ps, slope : float
        The middle of the two bins, and the slope.
    """
    best = (-1, 0.0, 0.0)
    for slope in slopes:
        counts, _ = np.histogram(beyond - slope * along, edges)
        pairs = counts[:-1] + counts[1:]
        peak = int(np.argmax(pairs))
        best = max(best, (int(pairs[peak]), float(edges[peak + 1]), float(slope)))
    return best


def fit_line(along: NDArray[np.float64], beyond: NDArray[np.float64], window_ps: int) -> Line:
    """Fit a line to the points that lie within ``+- window / 2`` of it.

    Parameters
    ----------
    along, beyond : array of float64, shape (n,)
        Time and difference of each point, in ps; the line is nearly level and near zero.
    window_ps : int
        Full width.
    """
    line = Line(0.0, 0.0, np.abs(beyond) <= window_ps / 2)
    for _ in range(MAX_FITS):
        here, there = along[line.inside], beyond[line.inside]
        if len(here) < 2 or np.ptp(here) == 0:
            break
        centre = float(here.mean())
        slope = float(np.dot(here - centre, there) / np.sum((here - centre) ** 2))
        offset = float(there.mean()) - slope * centre
        inside = np.abs(beyond - offset - slope * along) <= window_ps / 2
        settled = np.array_equal(inside, line.inside)
        line = Line(offset, slope, inside)
        if settled:
            break
    return line
