"""Reading the inputs of a reference point: what is no number, or none that can be, is said by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from postproc.errors import InputError

MOST = 2.0**62
"""Counts may not be larger."""


class Inputs:
    """The inputs of one point.

    Parameters
    ----------
    values : mapping
        As JSON has them. What is not asked for is not looked at.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def real(self, name: str, least: float = 0.0, most: float = inf) -> float:
        """Give a number from `least` to `most`, not infinite."""
        return _real(name, self._value(name), least, most)

    def probability(self, name: str) -> float:
        """Give a number between 0 and 1, both excluded."""
        value = self.real(name)
        if not 0 < value < 1:
            raise InputError(f"input {name!r} must be above 0 and below 1, got {value}")
        return value

    def count(self, name: str, least: int = 0, most: float = MOST) -> int:
        """Give a whole number from `least` to `most`."""
        return _count(name, self._value(name), least, most)

    def reals(self, name: str, n: int) -> tuple[float, ...]:
        """Give `n` numbers, none of them negative."""
        return tuple(_real(name, value, 0.0, inf) for value in self._row(name, n))

    def counts(self, name: str, n: int) -> tuple[int, ...]:
        """Give `n` whole numbers, none of them negative."""
        return tuple(_count(name, value, 0, MOST) for value in self._row(name, n))

    def _value(self, name: str) -> Any:
        if name not in self._values:
            raise InputError(f"input {name!r} is missing")
        return self._values[name]

    def _row(self, name: str, n: int) -> Sequence[Any]:
        row = self._value(name)
        if not isinstance(row, list | tuple) or len(row) != n:
            raise InputError(
                f"input {name!r} must be a list of {n} numbers, one for each intensity, got {_short(row)}"
            )
        return row


def _real(name: str, value: Any, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"input {name!r} must be a number, got {_short(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = inf
    if not least <= number <= most or number == inf:
        reach = f"from {least:g} to {most:g}" if most < inf else f"of at least {least:g}"
        raise InputError(f"input {name!r} must be a finite number {reach}, got {_short(value)}")
    return number


def _count(name: str, value: Any, least: int, most: float) -> int:
    number = _real(name, value, least, most)
    if number != int(number):
        raise InputError(f"input {name!r} counts, and must be a whole number, got {_short(value)}")
    return int(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
