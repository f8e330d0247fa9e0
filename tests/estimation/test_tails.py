"""Tail inequalities: each bound must fail as rarely as it says, and be the formula it says."""

from math import exp, log, sqrt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom

from postproc.estimation.tails import Tail, chernoff, chernoff_root, hoeffding

observed = st.lists(st.integers(0, 10**9), min_size=1, max_size=3)
failures = st.floats(1e-30, 0.5)


@given(counts=observed, failure=failures)
def test_hoeffding_has_one_deviation_for_all_intensities(counts: list[int], failure: float) -> None:
    deviation = sqrt(sum(counts) * log(1 / failure) / 2)
    for n, (lower, upper) in zip(counts, hoeffding(counts, failure), strict=True):
        assert lower == pytest.approx(n - deviation, rel=1e-12, abs=1e-6)
        assert upper == pytest.approx(n + deviation, rel=1e-12)


@given(n=st.integers(1, 10**9), failure=failures)
def test_chernoff_roots_solve_their_equation(n: int, failure: float) -> None:
    ((lower, upper),) = chernoff_root([n], failure)
    exponent = log(1 / failure)
    assume(lower > 1e-6 * n)  # the equation in this form is ill-conditioned below
    for root in (lower, upper):
        # rounding of n ln(n / E) where E is close to n
        assert root - n + n * log(n / root) == pytest.approx(exponent, rel=1e-6, abs=1e-15 * n * 10)
    assert lower < n < upper


@given(n=st.integers(0, 10**9), failure=failures)
def test_the_closed_form_encloses_the_roots(n: int, failure: float) -> None:
    ((closed_lower, closed_upper),) = chernoff([n], failure)
    ((lower, upper),) = chernoff_root([n], failure)
    assert 0 <= closed_lower <= lower + 1e-9 * n
    assert lower <= n
    assert closed_upper >= upper - 1e-9 * n
    assert upper >= n


def test_nothing_seen_leaves_the_exponent() -> None:
    assert chernoff_root([0], 1e-9) == [(0, log(1e9))]


@pytest.mark.parametrize("tail", [hoeffding, chernoff, chernoff_root])
@pytest.mark.parametrize("failure", [1e-2, 1e-6, 1e-12])
@pytest.mark.parametrize(("trials", "share"), [(40, 0.5), (200, 0.03), (2000, 0.3), (2000, 0.002)])
def test_bounds_fail_as_rarely_as_promised(tail: Tail, failure: float, trials: int, share: float) -> None:
    """All detections are seen; each falls to the intensity with one probability. No sampling: sum exactly."""
    expected, too_low, too_high = trials * share, 0.0, 0.0
    for n in range(trials + 1):
        interval = tail([n, trials - n], failure)[0]
        too_low += binom.pmf(n, trials, share) * (interval.upper < expected)
        too_high += binom.pmf(n, trials, share) * (interval.lower > expected)
    assert too_low <= failure
    assert too_high <= failure


def test_the_lower_root_survives_a_hopeless_count() -> None:
    ((lower, upper),) = chernoff_root([1], 1e-300)
    assert 0 <= lower < exp(-690)
    assert upper > log(1e300)
