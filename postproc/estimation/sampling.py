r"""From the errors of the test basis to the phase errors of the key basis (decoy-state proofs).

Lim 2014 and Rusca 2018 bound the phase error rate by :math:`v/s_{test} + \gamma` with Fung's approximation
:math:`\gamma` of the hypergeometric tail (Lim Eqs. 5 and B2). It is an approximation, not a bound: with few
test errors it is too small, and it is 0 where no error was seen at all. Keys here are therefore made from
the larger of :math:`\gamma` and the exact tail (:mod:`postproc.estimation.hypergeometric`) at the failure
probability that the papers state for it, :math:`\epsilon_{sec}/21` and :math:`\epsilon_{sec}/19`.

What the papers state is itself disputable: they use one number as the failure probability of the sampling
*and* as the smoothing parameter of the entropy, which is a purified distance. The distance that leaving out
an event of probability p costs is :math:`\sqrt p` (Tomamichel 2012, Eqs. S14-S17), so the strict reading
takes the exact tail at the *square*. ``strict`` asks for that.
"""

from __future__ import annotations

from math import inf, log, log2, sqrt
from typing import NamedTuple

from postproc.estimation.hypergeometric import phase_error_rate

RANDOM = 0.5
"""The phase error rate from which on nothing is secret."""


class PhaseError(NamedTuple):
    """A bound on the phase error rate, at most ``RANDOM``, and gamma (None where it is undefined)."""

    rate: float
    deviation: float | None


def gamma(failure: float, rate: float, test: float, key: float) -> float:
    r"""Fung's sampling deviation as printed in Lim 2014, Eq. (B2).

    :math:`\gamma(a,b,c,d) = \sqrt{\frac{(c+d)(1-b)b}{c\,d \ln 2} \log_2 \frac{c+d}{c\,d\,(1-b)\,b\,a^2}}`

    Parameters
    ----------
    failure : float
        Failure probability a. Eq. (5) has :math:`21^2/a^2` with :math:`a = \epsilon_{sec}`: the same.
    rate : float
        Error rate b of the sample, 0 <= b < 1.
    test, key : float
        Sizes c and d, both positive; they may be swapped.

    Returns
    -------
    float
        0 where the formula gives no real number (no errors, or a logarithm of less than 1).
    """
    spread = (test + key) * (1 - rate) * rate / (test * key)
    if spread == 0:
        return 0.0
    logarithm = log2((test + key) / (test * key * (1 - rate) * rate)) - 2 * log2(failure)
    return sqrt(max(spread * logarithm / log(2), 0.0))


def published_phase_error(failure: float, errors: float, test: float, key: float) -> PhaseError:
    """``v / s_test + gamma``, as the papers print it.

    Parameters
    ----------
    failure : float
        Failure probability that goes into gamma.
    errors, test, key : float
        Bounds on the single-photon errors of the test basis (v) and the single-photon events of both bases.
    """
    if min(test, key) <= 0:
        return PhaseError(RANDOM, None)
    rate = max(errors, 0.0) / test
    if rate >= RANDOM:
        return PhaseError(RANDOM, None)
    deviation = gamma(failure, rate, test, key)
    return PhaseError(min(rate + deviation, RANDOM), deviation)


def safe_phase_error(
    published: PhaseError, log_failure: float, errors: float, test: float, key: float
) -> PhaseError:
    """Raise a published phase error to the exact hypergeometric tail where that is larger.

    `log_failure` is the natural logarithm of the tail's failure probability; the rest as above.
    """
    if published.rate >= RANDOM:
        return published
    exact = phase_error_rate(key, test, max(errors, 0.0), log_failure)
    return PhaseError(min(max(published.rate, exact), RANDOM), published.deviation)


def log_failure(failure: float, *, strict: bool) -> float:
    """Natural logarithm of the failure probability at which the exact tail is taken; squared if `strict`."""
    return (2 if strict else 1) * log(failure) if failure > 0 else -inf
