"""Integer time, multiplied by a rational number and rounded once, exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError

Ratio = Fraction | int | float | str

#: Times lie strictly between minus and plus this bound, so that no difference of two overflows int64.
#: It is 53 days.
TIME_LIMIT_PS = 2**62

#: `rescale` needs denominators up to here: its remainder then stays below 2**62.
_LARGEST_DENOMINATOR = 2**48


def as_ratio(value: Ratio, name: str) -> Fraction:
    """Take a number as a person wrote it: 0.1 is a tenth, not the double next to it.

    Denominators beyond 2**48 give way to the best fraction below, which is nearer than 4e-15.

    Raises
    ------
    InputError
        If the value is no finite number.
    """
    try:
        return Fraction(str(value).strip()).limit_denominator(_LARGEST_DENOMINATOR)
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{name} must be a finite number, got {value!r}") from None


def rescale(time_ps: NDArray[np.int64], factor: Fraction) -> NDArray[np.int64]:
    """Give ``floor(time * factor + 1/2)``: the nearest integer, halves upwards.

    A double only guesses the quotient. The remainder of that guess is small (the guess is off by at most
    3 * 2**10), so int64 arithmetic gives it exactly although the products themselves wrap around.

    Parameters
    ----------
    time_ps : array of int64
        In any order.
    factor : Fraction
        With a denominator of at most 2**48, as `as_ratio` makes them.

    Raises
    ------
    InputError
        If a result leaves the range of times, see `TIME_LIMIT_PS`.
    """
    if factor == 1 or not len(time_ps):
        return time_ps
    numerator, denominator = factor.numerator, factor.denominator
    _check_range(time_ps, factor)
    guess = (time_ps * (numerator / denominator)).astype(np.int64)
    remainder = time_ps * _wrap(numerator) - guess * np.int64(denominator)
    correction: NDArray[np.int64] = (2 * remainder + denominator) // (2 * denominator)
    return guess + correction


def _check_range(time_ps: NDArray[np.int64], factor: Fraction) -> None:
    for extreme in (int(time_ps.min()), int(time_ps.max())):
        if abs(extreme * factor) >= TIME_LIMIT_PS - 1:
            raise InputError(
                f"time {extreme} times {float(factor):.12g} is beyond ±{TIME_LIMIT_PS} ps (53 days), "
                "the range of times here"
            )


def _wrap(number: int) -> np.int64:
    """Reduce modulo 2**64 into int64."""
    return np.int64((number + 2**63) % 2**64 - 2**63)
