"""Interval arithmetic: what is known of a number is that it lies between two others.

A formula evaluated with spans holds for every choice of numbers inside them. Where one quantity comes twice in
a formula the result is wider than it need be, never narrower; rounding is covered by stepping one double
outwards after every operation.

Source: R. E. Moore, "Interval Analysis" (1966), chapter 2.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp as _exp
from math import inf, nextafter
from typing import NamedTuple

from postproc.errors import ProofError


class Span(NamedTuple):
    """All numbers from `low` to `high`."""

    low: float
    high: float

    def __add__(self, other: Real) -> Span:  # type: ignore[override]
        theirs = span(other)
        return _outwards(self.low + theirs.low, self.high + theirs.high)

    def __radd__(self, other: Real) -> Span:
        return self + other

    def __neg__(self) -> Span:
        return Span(-self.high, -self.low)

    def __sub__(self, other: Real) -> Span:
        return self + -span(other)

    def __rsub__(self, other: Real) -> Span:
        return span(other) + -self

    def __mul__(self, other: Real) -> Span:  # type: ignore[override]
        theirs = span(other)
        products = [a * b for a in self for b in theirs]
        return _outwards(min(products), max(products))

    def __rmul__(self, other: Real) -> Span:  # type: ignore[override]
        return self * other

    def __truediv__(self, other: Real) -> Span:
        theirs = span(other)
        if theirs.low <= 0 <= theirs.high:
            raise ProofError(f"the intensities are known too badly: a divisor may be 0 ({theirs})")
        return self * _outwards(1 / theirs.high, 1 / theirs.low)

    def __rtruediv__(self, other: Real) -> Span:
        return span(other) / self


Real = float | Span
"""A number that is known, or between which two it lies."""


def span(number: Real) -> Span:
    """Give a number as a span."""
    return number if isinstance(number, Span) else Span(number, number)


def low(number: Real) -> float:
    """Give the least that a number can be."""
    return number.low if isinstance(number, Span) else number


def high(number: Real) -> float:
    """Give the most that a number can be."""
    return number.high if isinstance(number, Span) else number


def exp(number: Real) -> Real:
    """Give the exponential."""
    return _rising(_exp, number)


def poisson(mean: Real, n: int) -> Real:
    """Give ``exp(-mean) mean**n`` for n = 0 or 1, sharply: it falls, or rises up to a mean of 1."""

    def value(k: float) -> float:
        return _exp(-k) * k**n

    if not isinstance(mean, Span):
        return value(mean)
    ends = value(mean.low), value(mean.high)
    top = max(*ends, value(1.0) if n == 1 and mean.low <= 1 <= mean.high else 0.0)
    return _outwards(min(ends), top)


def _rising(f: Callable[[float], float], number: Real) -> Real:
    return _outwards(f(number.low), f(number.high)) if isinstance(number, Span) else f(number)


def _outwards(below: float, above: float) -> Span:
    return Span(nextafter(below, -inf), nextafter(above, inf))
