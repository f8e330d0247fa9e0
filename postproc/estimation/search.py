"""Maximum of a function of one variable."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

_GOLDEN = (sqrt(5) - 1) / 2


def maximise(f: Callable[[float], float], low: float, high: float, steps: int = 80) -> float:
    """Argument between `low` and `high` where a function with one maximum is largest (golden section).

    Each step narrows the range by 0.618. With several maxima one of them is found: a proof that may use any
    argument loses key by that, never security.
    """
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = f(left), f(right)
    for _ in range(steps):
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = f(right)
        else:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = f(left)
    return (low + high) / 2
