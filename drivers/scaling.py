"""Numbers that an instrument tells in another unit than its driver."""

from __future__ import annotations

from collections.abc import Callable

from drivers.parameters import finite


def told_in(unit: float) -> Callable[[str], float]:
    """Read a number that is told in units of so much.

    Examples
    --------
    >>> told_in(1e3)("+1.5E-01")  # amperes, of a driver that speaks of mA
    150.0
    """
    return lambda text: finite(text) * unit


def taken_in(unit: float) -> Callable[[float], str]:
    """Write a number for an instrument that takes it in units of so much.

    Examples
    --------
    >>> taken_in(1e3)(150.0)
    '0.15'
    """
    return lambda value: f"{value / unit:.9g}"


def taken_in_steps(unit: float, step: int) -> Callable[[float], str]:
    """Write a number for an instrument that takes whole multiples of a step, in units of so much.

    Examples
    --------
    >>> taken_in_steps(1e-6, 500)(0.1003)  # microvolts, of a driver that speaks of V
    '100500'
    """
    return lambda value: str(round(value / unit / step) * step)
