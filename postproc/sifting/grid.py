"""Where blocks and slots lie on Alice's clock, exactly, however long the session lasts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Grid:
    """Where blocks of clicks begin.

    Attributes
    ----------
    length : int
        Length of a block in units of `unit_ps`.
    unit_ps : float
        1 for blocks of time; the slot period for blocks of slots.
    shift : float
        Start of unit n in units: -0.5 where slots are centred on their time.
    """

    length: int
    unit_ps: float = 1.0
    shift: float = 0.0

    def edge_ps(self, first: int, block: int) -> int:
        """Start of a block, blocks counted from 1 at unit `first`."""
        units = first + (block - 1) * self.length + Fraction(self.shift)
        return round(units * Fraction(self.unit_ps))


def first_centre_ps(start_ps: int, period_ps: float) -> float:
    """Give how far behind `start_ps` the first slot is centred that begins there or later.

    Slot n of the session is centred on ``n * period``.

    Parameters
    ----------
    start_ps : int
        Half a slot before the first slot's centre, rounded.
    period_ps : float
    """
    period = Fraction(period_ps)
    first = round(start_ps / period + Fraction(1, 2))
    return float(first * period - start_ps)
