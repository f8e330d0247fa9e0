"""Values to plan with before a run. Key lengths take what was really said and sent instead."""

from __future__ import annotations

from math import ceil, log2, sqrt

from postproc.estimation.entropy import binary_entropy

LONGEST = 1e14
"""Bits of key up to which the binomial quantile is known to come back."""


def reconciliation_leak(bits: int, qber: float, failure: float) -> float:
    r"""Least leak of one-way reconciliation of finite length, in bits, to the second order.

    :math:`n h(Q) + [n(1-Q) - F^{-1}(\epsilon(1 + 1/\sqrt n); n, 1-Q) - 1] \log_2\frac{1-Q}{Q} - \frac12
    \log_2 n - \log_2\frac1\epsilon` with :math:`F^{-1}` the quantile of the binomial distribution. Source:
    Tomamichel, Martinez-Mateo, Pacher, Elkouss, Quantum Inf. Process. 16, 280 (2017); all logarithms to
    base 2.

    Parameters
    ----------
    bits : int
        Length n of the key.
    qber : float
        Error rate Q, 0 < Q < 0.5.
    failure : float
        Probability that reconciliation fails.
    """
    from scipy.stats import binom  # slow to import, and only planning needs it

    quantile = float(binom.ppf(failure * (1 + 1 / sqrt(bits)), bits, 1 - qber))
    dispersion = (bits * (1 - qber) - quantile - 1) * log2((1 - qber) / qber)
    return bits * binary_entropy(qber) + dispersion - 0.5 * log2(bits) - log2(1 / failure)


def ideal_tag_bits(eps_cor: float) -> int:
    """Bits of a verification tag from an ideal two-universal hash: ``ceil(log2(1 / eps_cor))``."""
    return ceil(log2(1 / eps_cor))


def polynomial_tag_bits(message_bits: int, failure: float) -> int:
    """Shortest tag b of a polynomial hash over GF(2^b): ``ceil(L / b) 2^-b <= failure`` for L bits."""
    bits = 1
    while ceil(message_bits / bits) * 2.0**-bits > failure:
        bits += 1
    return bits
