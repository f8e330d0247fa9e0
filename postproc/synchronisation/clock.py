"""The relation of two clocks that drift apart, evenly or faster and faster."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

ROUNDS = 3
"""Corrections of the elapsed time for the ramp; each leaves of the error the drift that the ramp has made."""


class DriftingClock(msgspec.Struct, frozen=True):
    """Bob's clock as Alice's sees it.

    ``bob = alice + offset + drift * since + ramp / 2 * since**2``, where ``since = alice - reference``.

    Attributes
    ----------
    reference_ps : int
        Where `offset_ps` and `drift` are taken, on Alice's clock.
    offset_ps : float
        Bob minus Alice, there.
    drift : float
        Bob's relative frequency excess, dimensionless (1e-6 is one ppm).
    ramp : float
        Change of the drift per ps.
    """

    reference_ps: int
    offset_ps: float
    drift: float
    ramp: float = 0.0

    def to_alice(self, bob_ps: NDArray[np.int64]) -> NDArray[np.int64]:
        """Convert Bob's times, int64 ps, to Alice's clock, rounded to 1 ps.

        Doubles hold only the small difference between the clocks, never an absolute time.
        """
        whole = round(self.offset_ps)
        since = bob_ps - (self.reference_ps + whole)
        elapsed = since.astype(np.float64)
        gained = self._gained(elapsed, self.offset_ps - whole, 0.0)
        for _ in range(ROUNDS if self.ramp else 0):
            gained = self._gained(elapsed, self.offset_ps - whole, self.ramp / 2 * (elapsed - gained) ** 2)
        return bob_ps - whole - np.rint(gained).astype(np.int64)

    def _gained(
        self, elapsed: NDArray[np.float64], offset: float, bent: float | NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What Bob's clock gained in a time that elapsed on it; it comes off."""
        return np.asarray((offset + bent + self.drift * elapsed) / (1 + self.drift))

    def offset_at(self, alice_ps: int) -> float:
        """Bob minus Alice at an instant of Alice's clock, in ps."""
        since = alice_ps - self.reference_ps
        return self.offset_ps + (self.drift + self.ramp / 2 * since) * since

    def figures_at(self, alice_ps: int) -> dict[str, float]:
        """Give `offset_ps` and `drift_ppb` at an instant of Alice's clock."""
        here = self.counted_from(alice_ps)
        return {"offset_ps": here.offset_ps, "drift_ppb": here.drift * 1e9}

    def counted_from(self, reference_ps: int) -> DriftingClock:
        """The same clock, with another reference."""
        drift = self.drift + self.ramp * (reference_ps - self.reference_ps)
        return DriftingClock(reference_ps, self.offset_at(reference_ps), drift, self.ramp)

    def shifted(self, offset_ps: float, drift: float, ramp: float = 0.0) -> DriftingClock:
        """Add a correction found after converting with this clock."""
        return DriftingClock(
            self.reference_ps,
            self.offset_ps + offset_ps * (1 + self.drift),
            self.drift + drift * (1 + self.drift),
            self.ramp + ramp,
        )
