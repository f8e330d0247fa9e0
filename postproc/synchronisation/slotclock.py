"""Where slots lie on Bob's clock."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class SlotClock(NamedTuple):
    """Slots on Bob's clock, whose period changes evenly.

    Slot ``slot + k`` (Alice's count) is centred on ``origin + phase + period * (k + ramp * period * k**2 / 2)``.

    Attributes
    ----------
    slot, origin_ps : int
    phase_ps, period_ps : float
    ramp : float
        Relative change of the period per ps.
    """

    slot: int
    origin_ps: int
    phase_ps: float
    period_ps: float
    ramp: float = 0.0

    def turns(self, time_ps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give slots since `slot`, fractions included, of times on Bob's clock."""
        straight = ((time_ps - self.origin_ps).astype(np.float64) - self.phase_ps) / self.period_ps
        # The root of the parabola, in the form that keeps its digits; far outside there is none.
        bent = np.maximum(1 + 2 * self.ramp * self.period_ps * straight, 0.25)
        return np.asarray(2 * straight / (1 + np.sqrt(bent)))

    def on_grid(self, turns: NDArray[np.float64], slot_period_ps: float) -> NDArray[np.int64]:
        """Convert slots since `slot` to Alice's time, where slot n is centred on ``n * slot_period``.

        Doubles hold only the distance from `slot`, however long the session has lasted.
        """
        centre = self.slot * Fraction(slot_period_ps)
        whole = round(centre)
        return whole + np.rint(float(centre - whole) + turns * slot_period_ps).astype(np.int64)

    def moved(self, slots: int, by_ps: float = 0.0, drift: float = 0.0, ramp: float = 0.0) -> SlotClock:
        """Count from so many slots later, and correct phase, relative period and its ramp there."""
        turned = self.ramp * self.period_ps * slots
        centre = self.phase_ps + self.period_ps * slots * (1 + turned / 2) + by_ps
        whole = round(centre)
        period = self.period_ps * (1 + turned) * (1 + drift)
        return SlotClock(self.slot + slots, self.origin_ps + whole, centre - whole, period, self.ramp + ramp)
