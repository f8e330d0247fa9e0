"""What a hand can change by name, on the optical table or inside an instrument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drivers.errors import LimitError

Value = float | bool


@dataclass(frozen=True)
class Knob:
    """One of them.

    Attributes
    ----------
    doc : str
        What it does.
    read : callable
        Gives its position.
    turn : callable
        Changes it at a time.
    low, high : float
        How far it turns; both 0 for a switch.
    """

    doc: str
    read: Callable[[], Value]
    turn: Callable[[float, Any], None]
    low: float = 0.0
    high: float = 0.0

    def check(self, name: str, value: Value) -> None:
        """Raise LimitError if it does not turn so far."""
        if self.high == self.low:
            if not isinstance(value, bool):
                raise LimitError(f"{name} is true or false, got {value!r}")
        elif (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.low <= value <= self.high
        ):
            raise LimitError(f"{name} is a number from {self.low:g} to {self.high:g}, got {value!r}")


def trouble(doc: str, turn: Callable[[float, Any], None], low: float = 0.0, high: float = 0.0) -> Knob:
    """Make a knob that remembers where it was turned to: something that can go wrong inside an instrument.

    Parameters
    ----------
    doc : str
        What is wrong then.
    turn : callable
        Takes the time and the value.
    low, high : float
        How far it turns; both 0 for a switch.
    """
    position: list[Value] = [False if low == high else low]

    def turn_it(now_s: float, value: Value) -> None:
        turn(now_s, value)
        position[0] = value

    return Knob(doc, lambda: position[0], turn_it, low, high)
