"""How likely chance makes what looks like a lock: logarithms of tail probabilities, never too small.

Upper bounds in closed form, so that they stay finite where the probability itself would underflow.

References
----------
H. Chernoff, Ann. Math. Stat. 23, 493 (1952); S. Boucheron, G. Lugosi, P. Massart, "Concentration
Inequalities" (2013), section 2.2: the bounds for Poisson and binomial variables.
"""

from __future__ import annotations

from math import inf, log

import numpy as np


def log_poisson_tail(count: float, mean: float) -> float:
    """Bound ``log P(N >= count)`` for a Poisson variable."""
    if count <= mean:
        return 0.0
    return -inf if mean <= 0 else count - mean - count * log(count / mean)


def log_coins_tail(agreeing: int, coins: int) -> float:
    """Bound ``log P(N >= agreeing)`` for the heads of so many fair coins."""
    if 2 * agreeing <= coins:
        return 0.0
    share = agreeing / coins
    other = 0.0 if agreeing == coins else (1 - share) * log(2 * (1 - share))
    return -coins * (share * log(2 * share) + other)


def log_beat_tail(power: float, groups: int) -> float:
    """Give ``log P(X >= power)`` for the squares over n of as many random vector sums, added up.

    Each is exponentially distributed with mean 1 (Lord Rayleigh, Phil. Mag. 37, 321 (1919)), so that the
    tail is exactly ``exp(-p) * sum(p**i / i!, i < groups)``.
    """
    terms = np.cumprod([1.0, *(power / np.arange(1, groups))])
    return log(float(terms.sum())) - power
