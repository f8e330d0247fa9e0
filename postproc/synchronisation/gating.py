"""Which of Bob's clicks the source made, as far as their times show: those near the centres of slots."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS = 32
"""Of a distance from the centre, up to half a slot."""


class Gate(NamedTuple):
    """Clicks within `half` slots of a centre are taken; the share `signal` of them is from the source."""

    half: float
    signal: float


def best_gate(beyond: NDArray[np.float64]) -> Gate:
    """Choose the gate in which the source stands out most: its clicks over the square root of all.

    The half of the slot that is far from the centre shows how many stray clicks there are.

    Parameters
    ----------
    beyond : array of float64, shape (n,)
        Distances from the slots' centres in slots, -0.5 to 0.5.
    """
    counts, edges = np.histogram(np.abs(beyond), BINS, (0, 0.5))
    inside = np.cumsum(counts)
    stray = counts[BINS // 2 :].mean() * np.arange(1, BINS + 1)
    excess = np.maximum(inside - stray, 0.0)
    best = int(np.argmax(excess**2 / np.maximum(inside, 1)))
    if excess[best] == 0:
        return Gate(0.5, 0.0)
    return Gate(float(edges[best + 1]), float(excess[best] / inside[best]))
