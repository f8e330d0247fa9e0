"""Log-likelihood ratios in 8 bits, and the tables by which the decoder's checks add them up.

phi(x) = -ln tanh(x / 2) is its own inverse and turns the check's product into a sum (R. Gallager, IRE Trans.
Inf. Theory 8 (1962) 21). Each table comes in four roundings, which the decoder uses in turn.
"""

from __future__ import annotations

from functools import lru_cache
from math import floor, log, tanh

import numpy as np
from numpy.typing import NDArray

STEPS_PER_NAT = 4.0
UNITS = 64.0
"""One nat of a ratio is 4 steps, one of a sum 64 units: rounding sums costs more than rounding ratios. With
finer steps more of the ratios saturate, and some frames diverge."""

LARGEST_SUM, NOTHING_KNOWN = 126, 128
LARGEST_RATIO = 56
SURE, SURE_LATE = 0.25, 0.1
"""What a sum of 0 units counts as: rounding noise would make full certainty of it. Late, more is wanted, to free the
last wrong bits; but what one check says wrongly must not turn a bit that many others hold."""

ROUNDINGS = (0.125, 0.625, 0.375, 0.875)


def phi(x: float) -> float:
    """Compute -ln tanh(x / 2), for x above 0."""
    return -log(tanh(x / 2))


def ratio_of(error_rate: float) -> int:
    """Give the quantised log-likelihood ratio of a bit that is wrong at this rate."""
    return min(round(STEPS_PER_NAT * log((1 - error_rate) / error_rate)), 127)


@lru_cache(maxsize=1)
def tables() -> NDArray[np.uint8]:
    """Give the tables, as :func:`postproc.kernels.ldpc_decode` takes them."""
    sums = [_sums(rounding) for rounding in ROUNDINGS]
    ratios = [_ratios(rounding, sure) for sure in (SURE, SURE_LATE) for rounding in ROUNDINGS]
    return np.array(sums + ratios, np.uint8).ravel()


def _sums(rounding: float) -> list[int]:
    """From ratios of 0 to 127 steps."""
    exact = [UNITS * phi(step / STEPS_PER_NAT) for step in range(1, 128)]
    return [NOTHING_KNOWN] + [min(LARGEST_SUM, floor(y + rounding)) for y in exact]


def _ratios(rounding: float, sure: float) -> list[int]:
    """From sums of 0 to 127 units."""
    exact = [STEPS_PER_NAT * phi((units or sure) / UNITS) for units in range(LARGEST_SUM + 1)]
    return [min(LARGEST_RATIO, floor(x + rounding)) for x in exact] + [0]
