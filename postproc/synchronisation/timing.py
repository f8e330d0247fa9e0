"""How much published times tell about the bits.

Residual differences between detectors' delays and pulse shapes make a click's time depend on which detector
fired, and that is the bit. The preamble, where both parties' clicks are known, shows how much is left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.types import Alarm


class TimingLeak(NamedTuple):
    """Mutual information between a bit and its published time.

    Attributes
    ----------
    bits : float
        Bits per bit, corrected for the bias of the estimate (Miller-Madow), at least 0.
    error : float
        One standard deviation of its estimate.
    samples : int
        Number of coincidences it rests on.
    """

    bits: float
    error: float
    samples: int


SILENT_BITS = 1e-3
"""Less than this is called silent."""

PLACES = 8
"""Places in a bin at which its edges are tried."""

SIGMAS = 2
"""So many standard deviations above zero an estimate must lie to be more than noise."""


def timing_alarm(leak: TimingLeak) -> Alarm:
    """Report how much the published times tell."""
    silent = leak.bits < max(SILENT_BITS, SIGMAS * leak.error)
    return Alarm(
        "timing-leak",
        "info" if silent else "warning",
        "published times",
        {
            "bits_per_bit": round(leak.bits, 6),
            "error_bits_per_bit": round(leak.error, 6),
            "coincidences": leak.samples,
        },
        "So much does a published time tell about the bit that goes with it, as measured in the preamble. No "
        "proof here pays for it. Calibrate the detectors' delays, publish in wider bins, or shape the "
        "detectors' responses alike.",
    )


def timing_leak(bit: NDArray[np.uint8], residual_ps: NDArray[np.float64], bin_ps: int) -> TimingLeak:
    """Estimate the mutual information of a bit and the time published with it, for one who knows the pair's.

    Pairs come at any place in a bin, so the information is averaged over where the bins' edges fall.

    Parameters
    ----------
    bit : array of uint8, shape (n,)
    residual_ps : array of float64, shape (n,)
        Published time minus the partner's, in ps.
    bin_ps : int
        Width of the bins in which times are published.
    """
    if len(bit) == 0:
        return TimingLeak(0.0, 0.0, 0)
    placed = residual_ps / bin_ps
    found = [_information(bit, np.floor(placed + k / PLACES)) for k in range(PLACES)]
    bits, error = np.mean(found, axis=0)
    return TimingLeak(max(float(bits), 0.0), float(error), len(bit))


def _information(bit: NDArray[np.uint8], cell: NDArray[np.float64]) -> tuple[float, float]:
    """Mutual information of a bit and a cell, corrected for its bias, and its standard deviation.

    References
    ----------
    G. A. Miller, "Note on the bias of information estimates" (1955): the bias. M. S. Roulston, Physica D
    125, 285 (1999): the variance of independent samples' information; S. S. Wilks, Ann. Math. Stat. 9, 60
    (1938): without any information, ``2 n ln(2)`` times the estimate is chi-squared.
    """
    n = len(bit)
    _, place = np.unique(cell, return_inverse=True)
    joint = np.bincount(2 * place + bit, minlength=2 * (place.max() + 1)).reshape(-1, 2) / n
    independent = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    filled = joint > 0
    information = np.log2(joint[filled] / independent[filled])
    mean = float(np.sum(joint[filled] * information))
    spread = max(float(np.sum(joint[filled] * information**2)) - mean**2, 0.0)
    freedom = max(int(np.sum(filled)) - len(joint) - int(np.sum(filled.any(0))) + 1, 0)
    unit = 1 / (2 * n * np.log(2))
    return mean - freedom * unit, float(np.sqrt(spread / n + 2 * freedom * unit**2))
