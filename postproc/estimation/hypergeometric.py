r"""Random sampling without replacement, exactly.

A population of ``key + test`` bits holds some number K of errors; a random ``test`` of them are looked at
and W errors are seen. How many errors are left in the key?

Fix a tolerated W :math:`\le` w and ask for the least e such that, *whatever K is*,

.. math:: \Pr[\,W \le w \text{ and } K - W > e\,] \le \epsilon.

*The worst K is w + e + 1.* For K > w + e the event is W <= w alone (then K - W > e follows), and its
probability falls when an error is added to the population. For K <= w + e + 1 the event is K - W >= e + 1
alone (then W <= w follows): the errors in the key, whose number can only grow when a correct bit of the
population is turned into an error. So both ranges have their maximum where they meet, and

.. math:: e = \min\{e : F(w;\ \text{key}+\text{test},\ w+e+1,\ \text{test}) \le \epsilon\}

with F the hypergeometric distribution function, which falls in e. No approximation and no optimisation is
left.

F is summed downwards from its largest term. That term comes from Loader's saddle-point form (C. Loader,
"Fast and accurate computation of binomial probabilities", 2000), which has no cancelling factorials. The sum
stops once a geometric series bounds what is left to nothing; ``ROUNDING`` covers that and floating point.
"""

from __future__ import annotations

from math import ceil, floor, inf, lgamma, log, log1p, pi

import numpy as np

ROUNDING = 1e-8
"""Added to every logarithm of a tail. The error measured against exact integers is below 1e-10."""

_CHUNK = 1 << 12
_NEGLIGIBLE = 1e-18
_HALF_LOG_2PI = 0.5 * log(2 * pi)


def phase_error_rate(key: float, test: float, errors: float, log_failure: float) -> float:
    """Upper bound on the error rate of a key, from a random sample, for bounds that are not whole numbers.

    Parameters
    ----------
    key, test : float
        Lower bounds on the sizes of key and sample (>= 0).
    errors : float
        Upper bound on the errors in the sample.
    log_failure : float
        Natural logarithm of the failure probability.

    Returns
    -------
    float
        ``(e + 1) / floor(key)``, at most 1; 1 where there is no key or no sample.

    Notes
    -----
    If the sizes are larger than the bounds, think of random subsets of just these sizes, told to Eve: the
    sample's subset holds no more errors, and the entropy of the key is not less than that of its subset. All
    numbers are therefore rounded against the parties. The one error more pays for a key length that
    multiplies by the unrounded `key`: that adds at most 1 - h(p) bits, and the error more takes at least
    ``log2((1 - p) / p)``, which is never less.
    """
    key_bits, test_bits = floor(key), floor(test)
    if key_bits < 1 or test_bits < 1:
        return 1.0
    return min((key_errors_max(key_bits, test_bits, ceil(errors), log_failure) + 1) / key_bits, 1.0)


def key_errors_max(key: int, test: int, errors: int, log_failure: float) -> int:
    """Largest number of errors in the key that a test with at most `errors` errors leaves possible.

    Parameters
    ----------
    key, test : int
        Sizes of key and sample.
    errors : int
        The largest number of errors in the sample that is accepted (w).
    log_failure : float
        Natural logarithm of the failure probability, for all populations alike.

    Returns
    -------
    int
        The e of the module's docstring; `key` if the sample says nothing.
    """
    errors = min(errors, test)
    too_few, enough = -1, key
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if log_tail(errors, errors + middle + 1, key, test) <= log_failure:
            enough = middle
        else:
            too_few = middle
    return enough


def log_tail(errors: int, population_errors: int, key: int, test: int) -> float:
    """Logarithm of an upper bound on Pr[W <= `errors`], tight to ``ROUNDING`` below the mean of W.

    From the mean of W upwards the bound is 0; ``-inf`` if the event cannot happen.
    """
    size = key + test
    correct = size - population_errors
    if correct < 0 or errors < test - correct:
        return -inf
    if errors * size >= population_errors * test:
        return 0.0
    largest = _log_probability(errors, population_errors, correct, test, size)
    return min(largest + log(_sum_downwards(errors, population_errors, correct, test)) + ROUNDING, 0.0)


def _sum_downwards(errors: int, population_errors: int, correct: int, test: int) -> float:
    """Sum Pr[W = i] / Pr[W = errors] over i <= errors, but for a share of ``_NEGLIGIBLE``."""
    total = term = 1.0
    top = errors
    least = max(0, test - correct)
    while top > least:
        i = np.arange(top, max(top - _CHUNK, least), -1, dtype=np.float64)
        ratio = i * (correct - test + i) / ((population_errors - i + 1) * (test - i + 1))
        terms = term * np.cumprod(ratio)
        total, term, top = total + float(terms.sum()), float(terms[-1]), top - len(i)
        if top == least:
            break
        last = float(ratio[-1])  # the ratios fall with i: what is left is below a geometric series
        if term * last / (1 - last) < _NEGLIGIBLE * total:
            break
    return total


def _log_probability(errors: int, population_errors: int, correct: int, test: int, size: int) -> float:
    """Logarithm of the hypergeometric Pr[W = errors], as binomials with the common p = test / size."""
    return (
        _log_binomial(errors, population_errors, test, size)
        + _log_binomial(test - errors, correct, test, size)
        - _log_binomial(test, size, test, size)
    )


def _log_binomial(x: int, n: int, test: int, size: int) -> float:
    """Logarithm of Pr[X = x] for a binomial X of n trials with p = test / size, 0 < p < 1."""
    if x == 0:
        return n * log1p(-test / size)
    if x == n:
        return n * log(test / size)
    shape = _stirling_error(n) - _stirling_error(x) - _stirling_error(n - x)
    distance = _deviance(x, n * test, size) + _deviance(n - x, n * (size - test), size)
    return shape - distance + 0.5 * log(n / (2 * pi * x * (n - x)))


def _deviance(x: int, numerator: int, denominator: int) -> float:
    """``x ln(x / m) + m - x`` for m = numerator / denominator; the difference x - m is taken in integers."""
    relative = (x * denominator - numerator) / numerator
    return numerator / denominator * ((1 + relative) * log1p(relative) - relative)


def _stirling_error(n: int) -> float:
    """``ln n! - ln(sqrt(2 pi n) (n / e)^n)`` for n >= 1."""
    if n < 16:
        return lgamma(n + 1) - (n + 0.5) * log(n) + n - _HALF_LOG_2PI
    return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * n * n)) / (n * n)) / (n * n)) / n
