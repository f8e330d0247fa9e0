"""The exact tail against exact arithmetic, and what it claims about random sampling."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import ceil, comb, exp, inf, log, log1p

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.estimation.entropy import entropy_bound
from postproc.estimation.hypergeometric import ROUNDING, key_errors_max, log_tail, phase_error_rate

small = st.integers(1, 14)


def exact_tail(errors: int, population_errors: int, key: int, test: int) -> Fraction:
    """Pr[W <= errors] by counting samples."""
    population = key + test
    ways = sum(
        comb(population_errors, w) * comb(population - population_errors, test - w)
        for w in range(min(errors, test) + 1)
    )
    return Fraction(ways, comb(population, test))


def exact_violation(errors: int, key_errors: int, population_errors: int, key: int, test: int) -> Fraction:
    """Pr[W <= errors and K - W > key_errors] by counting samples."""
    population = key + test
    ways = sum(
        comb(population_errors, w) * comb(population - population_errors, test - w)
        for w in range(test + 1)
        if w <= errors and population_errors - w > key_errors
    )
    return Fraction(ways, comb(population, test))


def log_fraction(value: Fraction) -> float:
    with localcontext() as context:
        context.prec = 40
        return float((Decimal(value.numerator) / Decimal(value.denominator)).ln())


@given(key=small, test=small, data=st.data())
def test_the_tail_is_the_sum_over_all_samples(key: int, test: int, data: st.DataObject) -> None:
    population_errors = data.draw(st.integers(0, key + test))
    errors = data.draw(st.integers(0, test))
    exact = exact_tail(errors, population_errors, key, test)
    bound = log_tail(errors, population_errors, key, test)
    if exact == 0:
        assert bound == -inf
    elif errors * (key + test) >= population_errors * test:
        assert bound == 0
    else:
        assert 0 <= bound - log_fraction(exact) <= 1.01 * ROUNDING


@pytest.mark.parametrize(
    ("key", "test", "errors", "population_errors"),
    [
        (6000, 500, 1, 320),
        (6000, 500, 0, 400),
        (20000, 5000, 300, 2500),
        (100, 30000, 500, 580),
        (30000, 100, 0, 12000),
        (5000, 5000, 250, 700),
        (3, 4000, 2000, 2003),
    ],
)
def test_large_tails_agree_with_exact_integers(
    key: int, test: int, errors: int, population_errors: int
) -> None:
    exact = log_fraction(exact_tail(errors, population_errors, key, test))
    assert 0 <= log_tail(errors, population_errors, key, test) - exact <= 1.01 * ROUNDING


def ln_factorial(n: int) -> Decimal:
    """Stirling's series for n >= 1000 (its error is below the term left out), exact below."""
    if n < 1000:
        return sum((Decimal(i).ln() for i in range(2, n + 1)), Decimal(0))
    x = Decimal(n)
    two_pi = Decimal("6.283185307179586476925286766559005768394338798750211641949889")
    series = sum(
        Decimal(a) / Decimal(b) / x**power
        for a, b, power in [(1, 12, 1), (-1, 360, 3), (1, 1260, 5), (-1, 1680, 7), (1, 1188, 9)]
    )
    return (x + Decimal("0.5")) * x.ln() - x + (two_pi.ln()) / 2 + series


def decimal_tail(errors: int, population_errors: int, key: int, test: int) -> float:
    """Natural logarithm of the tail with 45 digits; the terms left out are below 1e-20 of it."""
    with localcontext() as context:
        context.prec = 45
        correct, size = key + test - population_errors, key + test

        def ln_choose(n: int, k: int) -> Decimal:
            return ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)

        largest = (
            ln_choose(population_errors, errors) + ln_choose(correct, test - errors) - ln_choose(size, test)
        )
        total = term = Decimal(1)
        for i in range(errors, max(0, test - correct), -1):
            term *= Decimal(i * (correct - test + i)) / ((population_errors - i + 1) * (test - i + 1))
            total += term
            if term < Decimal("1e-24"):
                break
        return float(largest + total.ln())


@pytest.mark.parametrize(
    ("key", "test", "errors"),
    [(10**8, 10**6, 20_000), (10**8, 10**8, 3_000_000), (10**6, 10**8, 5_000_000), (10**10, 10**7, 150_000)],
)
@pytest.mark.parametrize("log_failure", [log(1e-30), log(1e-10), log(0.5e-21)])
def test_blocks_of_many_megabits_agree_with_45_digits(
    key: int, test: int, errors: int, log_failure: float
) -> None:
    left = key_errors_max(key, test, errors, log_failure)
    for population_errors in (errors + left, errors + left + 1):
        exact = decimal_tail(errors, population_errors, key, test)
        assert 0 <= log_tail(errors, population_errors, key, test) - exact <= 1.01 * ROUNDING
    assert decimal_tail(errors, errors + left + 1, key, test) <= log_failure
    assert decimal_tail(errors, errors + left, key, test) > log_failure - 2 * ROUNDING


@settings(max_examples=60)
@given(key=small, test=small, failure=st.floats(1e-6, 0.9), data=st.data())
def test_the_worst_population_is_where_the_docstring_says(
    key: int, test: int, failure: float, data: st.DataObject
) -> None:
    errors = data.draw(st.integers(0, test))
    found = key_errors_max(key, test, errors, log(failure))

    def worst(key_errors: int) -> Fraction:
        return max(exact_violation(errors, key_errors, total, key, test) for total in range(key + test + 1))

    assert worst(found) <= failure
    for fewer in range(found):
        # less than one ROUNDING of slack; a tail from the mean upwards is rounded up to 1
        assert worst(fewer) > failure * exp(-2 * ROUNDING) or (
            errors * (key + test) >= (errors + fewer + 1) * test
        )


counts = st.integers(1, 10**7)


@given(key=counts, test=counts, data=st.data(), failure=st.floats(1e-30, 0.5))
def test_no_looser_than_serflings_inequality(
    key: int, test: int, data: st.DataObject, failure: float
) -> None:
    errors = data.draw(st.integers(0, test))
    deviation = ((key + test) * (test + 1) / (2 * key * test * test) * -log(failure)) ** 0.5
    serfling = key * (errors / test + deviation)
    assert key_errors_max(key, test, errors, log(failure)) <= ceil(serfling * (1 + 1e-7))


@given(key=counts, test=counts, data=st.data(), failure=st.floats(1e-30, 0.5))
def test_monotone_in_what_was_seen_and_in_the_failure(
    key: int, test: int, data: st.DataObject, failure: float
) -> None:
    errors = data.draw(st.integers(0, test - 1))
    here = key_errors_max(key, test, errors, log(failure))
    assert here <= key_errors_max(key, test, errors + 1, log(failure))
    assert here <= key_errors_max(key, test, errors, log(failure) - 1)
    assert here >= key_errors_max(key, test + 1, errors, log(failure))
    assert 0 <= here <= key


@given(key=st.integers(0, 50), errors=st.integers(0, 50))
def test_no_sample_says_nothing(key: int, errors: int) -> None:
    assert key_errors_max(key, 0, errors, log(1e-9)) == key
    assert key_errors_max(key, 7, 7 + errors, log(1e-9)) == key


def test_a_random_split_violates_the_bound_as_rarely_as_promised() -> None:
    key, test, errors, failure, runs = 400, 100, 4, 0.01, 40_000
    left = key_errors_max(key, test, errors, log(failure))
    population_errors = errors + left + 1
    seen = np.random.default_rng(20).hypergeometric(
        population_errors, key + test - population_errors, test, size=runs
    )
    violations = int(np.sum((seen <= errors) & (population_errors - seen > left)))
    expected = float(exact_tail(errors, population_errors, key, test)) * runs
    assert expected <= failure * runs
    assert abs(violations - expected) < 5 * expected**0.5


@given(key=st.floats(1, 1e6), test=st.floats(1, 1e6), share=st.floats(0, 0.45), failure=st.floats(1e-20, 0.1))
def test_the_error_more_pays_for_the_unrounded_key(
    key: float, test: float, share: float, failure: float
) -> None:
    rate = phase_error_rate(key, test, share * int(test), log(failure))
    whole = int(key)
    left = key_errors_max(whole, int(test), ceil(share * int(test)), log(failure))
    if rate < 0.5:
        assert rate == (left + 1) / whole
        assert key * (1 - entropy_bound(rate)) <= whole * (1 - entropy_bound(left / whole)) + 1e-9 * key


@pytest.mark.parametrize(("key", "test"), [(0.9, 100), (100, 0.9), (0, 0)])
def test_no_key_or_no_sample_is_all_errors(key: float, test: float) -> None:
    assert phase_error_rate(key, test, 0, log(1e-9)) == 1


def test_no_errors_seen_is_the_probability_of_missing_all() -> None:
    """With no error seen, the tail is (1 - K/N)(1 - K/(N-1))... over the sample."""
    key, test, total = 5000, 700, 60
    missed = sum(log1p(-total / (key + test - i)) for i in range(test))
    assert log_tail(0, total, key, test) == pytest.approx(missed, abs=1.01 * ROUNDING)
