"""How long clicks of a detector wait for the next one, and what that tells of its dead time.

An electronic echo follows at its delay, dead time or not: it must not pass for a detector that is awake. Where it
stands out it is known and left out; among the peaks of pulsed light it is known by its coming once, while light comes
again in the next slot.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

BINS = 150
STEP = 10
REACHES_PS = tuple(300_000 * STEP**number for number in range(4))
"""Histograms reach so far: dead times last tens of ns in nanowires, and many µs in avalanche diodes."""

QUIET = 0.25
"""With less than this share of the clicks that a reach should have by the next longer one, it lies in the dead time."""

ALIVE = 0.5
"""A detector is awake again where clicks follow at least this share as often as they do later."""

STRAYS = 3
"""So few clicks are chance."""

ECHO_PS = 3000
"""An echo's clicks lie within this around its delay."""

ROUND_PS = 1000

Waits = NDArray[np.int64]


def reach_ps(waits_ps: Waits, enough: int) -> int | None:
    """Find the shortest reach whose later half has enough clicks; None where no dead time explains that it has not.

    Parameters
    ----------
    waits_ps : array of int64
    enough : int
    """
    late = [np.count_nonzero((waits_ps >= reach // 2) & (waits_ps < reach)) for reach in REACHES_PS]
    for number, many in enumerate(late):
        if many >= enough:
            # Where clicks are only few, they are a tenth as many within a tenth of the time.
            seldom = number > 0 and late[number - 1] * STEP >= QUIET * many
            return None if seldom else REACHES_PS[number]
    return None


def histogram(waits_ps: Waits, reach: int) -> NDArray[np.int64]:
    """Count waits in bins up to a reach; shape (BINS,)."""
    counts: NDArray[np.int64] = np.bincount(waits_ps[waits_ps < reach] // (reach // BINS), minlength=BINS)
    return counts


def awake_ps(
    waits_ps: Waits, reach: int, echo_ps: float | None = None, slot_ps: float | None = None
) -> float | None:
    """Tell up to what wait clicks are not seen to follow; None where they are never seen to.

    Parameters
    ----------
    waits_ps : array of int64
    reach : int
        As :func:`reach_ps` has found it.
    echo_ps : float, optional
        Delay of an echo.
    slot_ps : float, optional
        Of pulsed light.
    """
    width = reach // BINS
    counts = _again(histogram(waits_ps, reach), round(_return_ps(slot_ps) / width))
    if echo_ps is not None:
        counts[_bins_around(echo_ps, width)] = 0
    if reach > REACHES_PS[0]:
        # The next shorter reach was found to lie in the dead time, whatever echoes there.
        counts[: BINS // STEP] = 0
    awake = counts > max(ALIVE * np.max(counts[BINS // 2 :]), STRAYS)
    if not awake.any():
        return None
    first = int(np.argmax(awake)) * width
    inside = waits_ps[(waits_ps >= first) & (waits_ps < first + width)]
    return float(np.partition(inside, STRAYS)[STRAYS] // ROUND_PS * ROUND_PS)


def _return_ps(slot_ps: float | None) -> float:
    """Say how long after an echo it is over, and there is as much light as when it came."""
    over_ps = 2 * ECHO_PS
    return over_ps if slot_ps is None else slot_ps * ceil(over_ps / slot_ps)


def _again(counts: NDArray[np.int64], later: int) -> NDArray[np.int64]:
    """Leave of each bin's clicks what comes again so many bins later, or in the bins beside; at the end, all."""
    padded = np.pad(counts, (1, BINS + 1), mode="maximum")
    first = min(later, BINS)
    again = np.max([padded[first + near : first + near + BINS] for near in range(3)], axis=0)
    least: NDArray[np.int64] = np.minimum(counts, again)
    return least


def _bins_around(echo_ps: float, width: int) -> slice:
    return slice(max(int((echo_ps - ECHO_PS) // width), 0), int((echo_ps + ECHO_PS) // width) + 1)
