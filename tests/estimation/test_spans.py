"""Interval arithmetic: whatever the numbers inside, the result lies inside."""

from collections.abc import Callable
from fractions import Fraction
from math import exp as float_exp
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from postproc.errors import ProofError
from postproc.estimation import spans
from postproc.estimation.spans import Span

numbers = st.floats(-1e6, 1e6)
shares = st.floats(0, 1)
OPERATIONS: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
]


@st.composite
def span_and_point(draw: st.DrawFn) -> tuple[Span, Fraction]:
    low, high = sorted((draw(numbers), draw(numbers)))
    return Span(low, high), Fraction(low) + Fraction(draw(shares)) * (Fraction(high) - Fraction(low))


@pytest.mark.parametrize("operation", OPERATIONS)
@given(first=span_and_point(), second=span_and_point())
def test_the_exact_result_lies_inside(
    operation: Callable[[Any, Any], Any], first: tuple[Span, Fraction], second: tuple[Span, Fraction]
) -> None:
    assume(operation is not OPERATIONS[3] or not second[0].low <= 0 <= second[0].high)
    exact = operation(first[1], second[1])
    found = operation(first[0], second[0])
    assert found.low <= exact <= found.high
    for mixed in (
        operation(first[0], float(second[0].low)),
        operation(float(first[0].low), second[0]),
    ):
        assert isinstance(mixed, Span)


def test_a_divisor_that_may_be_zero_is_refused() -> None:
    with pytest.raises(ProofError, match="known too badly"):
        Span(1, 2) / Span(-1, 1)
    with pytest.raises(ProofError, match="known too badly"):
        1 / Span(0, 1)


@given(mean=st.floats(0, 5), spread=st.floats(0, 0.9), share=shares, n=st.integers(0, 1))
def test_photon_probabilities_lie_inside(mean: float, spread: float, share: float, n: int) -> None:
    whole = Span(mean * (1 - spread), mean * (1 + spread))
    k = whole.low + share * (whole.high - whole.low)
    found = spans.poisson(whole, n)
    assert spans.low(found) <= float_exp(-k) * k**n * (1 + 1e-15)
    assert float_exp(-k) * k**n * (1 - 1e-15) <= spans.high(found)
    weight = spans.exp(whole)
    assert spans.low(weight) <= float_exp(k) <= spans.high(weight)
    assert spans.poisson(k, n) == float_exp(-k) * k**n


def test_plain_numbers_stay_plain() -> None:
    assert spans.low(2.0) == spans.high(2.0) == 2.0
    assert spans.exp(0.0) == 1.0
    assert spans.span(3.0) == Span(3.0, 3.0)
