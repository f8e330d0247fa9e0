from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postproc.errors import InputError
from postproc.timetags.scaling import TIME_LIMIT_PS, as_ratio, rescale

RATIOS = st.fractions(min_value=0, max_value=10**6, max_denominator=2**48).filter(bool)


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=20), RATIOS)
@example([2**62 - 5, -(2**62) + 5], Fraction(2**48 - 1, 2**48))
@example([2**53 + 1, 2**55 + 3], Fraction(625, 8))
@example([4, -4, 12], Fraction(625, 8))
def test_is_the_nearest_integer_halves_upwards(times: list[int], factor: Fraction) -> None:
    exact = [floor(time * factor + Fraction(1, 2)) for time in times]
    if max(abs(value) for value in exact) < TIME_LIMIT_PS - 2:
        assert rescale(np.array(times, np.int64), factor).tolist() == exact
    elif max(abs(value) for value in exact) > TIME_LIMIT_PS:
        with pytest.raises(InputError, match="53 days"):
            rescale(np.array(times, np.int64), factor)


def test_a_tick_of_78_125_ps_has_no_rounding_error_at_large_ticks() -> None:
    ticks = np.array([1, 2, 8, 10**15 + 1, 2**55 + 1], np.int64)
    expected = [(tick * 78125 * 2 + 1000) // 2000 for tick in ticks.tolist()]
    assert rescale(ticks, Fraction(625, 8)).tolist() == expected


def test_keeps_order() -> None:
    times = np.arange(-1000, 1000, dtype=np.int64)
    assert (np.diff(rescale(times, Fraction(3, 7))) >= 0).all()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (0.1, Fraction(1, 10)),
        ("78.125", Fraction(625, 8)),
        (-12.5, Fraction(-25, 2)),
        (1e-6, Fraction(1, 10**6)),
    ],
)
def test_a_number_is_meant_as_it_is_written(written: float | str, meant: Fraction) -> None:
    assert as_ratio(written, "x") == meant


@pytest.mark.parametrize("nonsense", ["", "one", "1/0", float("nan"), float("inf"), "1 2"])
def test_what_is_no_number_is_refused(nonsense: float | str) -> None:
    with pytest.raises(InputError, match="the tick must be a finite number"):
        as_ratio(nonsense, "the tick")


@given(st.floats(1e-9, 1e9))
def test_ratios_stay_exact_enough_with_a_bounded_denominator(value: float) -> None:
    ratio = as_ratio(value, "x")
    assert ratio.denominator <= 2**48
    assert abs(ratio - Fraction(str(value))) <= Fraction(1, 2**48)
