"""Pairing the events of two parties, while their clocks go on drifting."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc import kernels

STRETCH = 512
"""Coincidences over which the remaining offset is averaged."""


class Pairs(NamedTuple):
    """Indices of the paired events, and the offset that was taken off.

    Attributes
    ----------
    alice, bob : array of uint32, shape (n,)
    residual_ps : array of float64, shape (n,)
        Bob minus Alice after tracking.
    """

    alice: NDArray[np.uint32]
    bob: NDArray[np.uint32]
    residual_ps: NDArray[np.float64]


def pair(alice_ps: NDArray[np.int64], bob_ps: NDArray[np.int64], window_ps: int, search_ps: int) -> Pairs:
    """Pair events one to one within ``+- window / 2``, following what is left of the drift.

    A first pass with the wide window finds how the offset wanders; the second takes it off and pairs with
    the window agreed on. All detectors count alike, so the correction tells nothing about bits.

    Parameters
    ----------
    alice_ps, bob_ps : array of int64
        Ascending event times on Alice's clock.
    window_ps : int
        Full width of the coincidence window.
    search_ps : int
        Full width of the first pass, at least `window_ps`.
    """
    first, second = kernels.coincidences(alice_ps, bob_ps, search_ps // 2)
    wander = _wander(bob_ps[second], bob_ps[second] - alice_ps[first])
    steady = bob_ps - np.rint(wander(bob_ps)).astype(np.int64)
    alice, bob = kernels.coincidences(alice_ps, np.maximum.accumulate(steady), window_ps // 2)
    return Pairs(alice, bob, (steady[bob] - alice_ps[alice]).astype(np.float64))


def _wander(time_ps: NDArray[np.int64], offset_ps: NDArray[np.int64]) -> _Interpolation:
    """The offset over time: medians of stretches, joined by straight lines."""
    stretches = max(len(time_ps) // STRETCH, 1)
    if len(time_ps) == 0:
        return _Interpolation(np.zeros(1), np.zeros(1))
    centres = [float(np.mean(part)) for part in np.array_split(time_ps, stretches)]
    medians = [float(np.median(part)) for part in np.array_split(offset_ps, stretches)]
    return _Interpolation(np.array(centres), np.array(medians))


class _Interpolation(NamedTuple):
    time_ps: NDArray[np.float64]
    offset_ps: NDArray[np.float64]

    def __call__(self, time_ps: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.interp(time_ps.astype(np.float64), self.time_ps, self.offset_ps)
