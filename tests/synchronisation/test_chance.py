import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logsumexp

from postproc.synchronisation.chance import log_beat_tail, log_coins_tail, log_poisson_tail


@given(st.integers(0, 400), st.floats(0.01, 300))
def test_the_poisson_bound_is_never_below_the_tail_and_not_far_above(count, mean):
    exact = logsumexp(stats.poisson.logpmf(np.arange(count, count + 2000), mean))
    bound = log_poisson_tail(count, mean)
    assert bound >= exact - 1e-9
    assert bound <= exact + 1 + 0.5 * np.log(2 * np.pi * (count + 1)) + np.log(count + 2)


@given(st.integers(1, 400), st.data())
def test_the_bound_on_coins_is_never_below_the_tail_and_not_far_above(coins, data):
    agreeing = data.draw(st.integers(0, coins))
    exact = logsumexp(stats.binom.logpmf(np.arange(agreeing, coins + 1), coins, 0.5))
    bound = log_coins_tail(agreeing, coins)
    assert bound >= exact - 1e-9
    assert bound <= exact + 1 + np.log(coins + 1)


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("power", [0.5, 3.0, 30.0, 300.0])
def test_the_tail_of_added_squares_is_that_of_a_gamma_variable(groups, power):
    assert log_beat_tail(power, groups) == pytest.approx(stats.gamma.logsf(power, groups), abs=1e-6)


def test_far_tails_stay_finite():
    assert -1e5 < log_poisson_tail(10_000, 1.0) < -8e4
    assert log_coins_tail(10_000, 10_000) == pytest.approx(-10_000 * np.log(2))


def test_nothing_comes_of_nothing():
    assert log_poisson_tail(0, 0.0) == 0.0
    assert log_poisson_tail(1, 0.0) == -np.inf
    assert log_coins_tail(0, 0) == 0.0
