"""Whether something grows, seen by looks of which each resembles the one before."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import theilslopes

FEWEST = 5
"""So many means are compared at least."""


class Growth(NamedTuple):
    """A straight line through looks.

    Attributes
    ----------
    slope : float
        A second.
    least : float
        What the slope exceeds with 97.5 % confidence.
    """

    slope: float
    least: float


def growth(times_s: NDArray[np.float64], values: NDArray[np.float64]) -> Growth:
    """Fit a line (Theil and Sen), robust against a few looks that are far off.

    Its confidence is that of independent looks. What a process holds wanders, so that looks in a row count as one: two
    integrated autocorrelation times (Sokal, "Monte Carlo methods in statistical mechanics", 1997, section 3), so that
    not even neighbouring means resemble each other.

    Parameters
    ----------
    times_s, values : arrays of float64, shape (n,)
        At least five.
    """
    slope = theilslopes(values, times_s)[0]
    together = min(ceil(2 * _memory(values - slope * times_s)), len(values) // FEWEST)
    means = [_means(each, together) for each in (values, times_s)]
    slope, _, least, _ = theilslopes(*means, 0.95)
    return Growth(float(slope), float(least))


def _means(values: NDArray[np.float64], together: int) -> NDArray[np.float64]:
    whole = len(values) // together * together
    means: NDArray[np.float64] = values[-whole:].reshape(-1, together).mean(axis=1)
    return means


def _memory(values: NDArray[np.float64]) -> float:
    """How many looks in a row tell what one independent look would: the integrated autocorrelation time."""
    rest = values - values.mean()
    correlation = np.correlate(rest, rest, "full")[len(rest) - 1 :]
    if correlation[0] <= 0:
        return 1.0
    correlation /= correlation[0]
    until = int(np.argmax(correlation < 0)) or len(correlation)
    return 1 + 2 * float(correlation[1:until].sum())
