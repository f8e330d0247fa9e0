r"""Tail inequalities: from counts that were seen to the counts that were to be expected.

In the decoy-state proofs each detection is given to an intensity independently of the others, once the
photon numbers are fixed (Lim 2014, App. A). The counts :math:`n_k` of the intensities are then sums of
independent 0/1 variables with expectations :math:`n^*_k`, and each function here bounds every :math:`n^*_k`
from below and from above, each side with the given failure probability.

=========================  ==========================================================  =====================
function                   holds because                                               used by
=========================  ==========================================================  =====================
:func:`hoeffding`          sum of independent variables in [0, 1]                      lim2014, rusca2018
:func:`chernoff`           closed form that encloses the roots of :func:`chernoff_root`  comparison
:func:`chernoff_root`      moment generating function of a 0/1 variable                lim2014-chernoff
=========================  ==========================================================  =====================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log, log1p, sqrt
from typing import NamedTuple


class Interval(NamedTuple):
    """A lower and an upper bound, each with its own failure probability."""

    lower: float
    upper: float


Tail = Callable[[Sequence[int], float], list[Interval]]
"""From the counts of all intensities and a failure probability (each side) to the expectations."""


def hoeffding(counts: Sequence[int], failure: float) -> list[Interval]:
    r"""Hoeffding's inequality: :math:`|n^*_k - n_k| \le \sqrt{(n/2) \ln(1/\epsilon)}`, n the sum of counts.

    Source: Hoeffding, J. Am. Stat. Assoc. 58, 13 (1963), Theorem 1; as used in Lim 2014, Eq. (A1).
    The lower bound may be negative.
    """
    deviation = hoeffding_deviation(sum(counts), failure)
    return [Interval(n - deviation, n + deviation) for n in counts]


def hoeffding_deviation(total: float, failure: float) -> float:
    r""":math:`\delta(n, \epsilon) = \sqrt{(n/2) \ln(1/\epsilon)}`."""
    return sqrt(total / 2 * log(1 / failure))


def chernoff(counts: Sequence[int], failure: float) -> list[Interval]:
    r"""Multiplicative Chernoff bounds in closed form, count by count.

    With :math:`\beta = \ln(1/\epsilon)`: :math:`n - \beta/2 - \sqrt{2\beta n + \beta^2/4}` (not below 0) and
    :math:`n + \beta + \sqrt{2\beta n + \beta^2}`. Source: as Yin et al., Sci. Rep. 10, 14312 (2020)
    and Sidhu et al., npj Quantum Inf. 8, 18 (2022) use.
    """
    return [_closed(n, log(1 / failure)) for n in counts]


def chernoff_root(counts: Sequence[int], failure: float) -> list[Interval]:
    r"""Multiplicative Chernoff bounds as the two roots E of :math:`E - n + n \ln(n/E) = \ln(1/\epsilon)`.

    For a sum X of independent 0/1 variables with expectation E,
    :math:`\Pr[X \ge x] \le e^{-(E - x + x \ln(x/E))}` for x > E, and the same for
    :math:`\Pr[X \le x]`, x < E (Chernoff; with :math:`1 + p(e^t - 1) \le e^{p(e^t - 1)}`).
    The exponent falls in E on one side of x and rises on the other, so the E that the observation n leaves
    possible at failure probability :math:`\epsilon` a side lie between the roots. Compare Zhang et al.,
    Phys. Rev. A 95, 012333 (2017).

    The roots are approached from outside, so that a root found roughly is a looser bound, never a wrong one.
    """
    return [_roots(n, log(1 / failure)) for n in counts]


def _closed(n: int, beta: float) -> Interval:
    lower = n - beta / 2 - sqrt(2 * beta * n + beta * beta / 4)
    return Interval(max(lower, 0.0), n + beta + sqrt(2 * beta * n + beta * beta))


def _roots(n: int, beta: float) -> Interval:
    """Solve ``d - ln(1 + d) = beta / n`` for d = E / n - 1 on both sides of 0."""
    if n == 0:
        return Interval(0.0, beta)
    outside = _closed(n, beta)
    target = beta / n
    lower_start = max(outside.lower / n - 1, -1 + exp(-1 - target))  # both lie below the root
    lower = _newton(lower_start, target) if lower_start > -1 else -1.0
    return Interval(n * (1 + lower), n * (1 + _newton(outside.upper / n - 1, target)))


def _newton(d: float, target: float) -> float:
    """Newton's method on a convex function, from outside: every step stays outside."""
    for _ in range(100):
        step = (d - log1p(d) - target) * (1 + d) / d
        if not abs(step) > 1e-15 * abs(d):
            break
        d -= step
    return d
