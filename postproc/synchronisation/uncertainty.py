"""How surely a clock is known, and how that fades: phase, drift, and the drift's ramp.

A clock's drift wanders, and the ramp that a satellite's Doppler shift puts on it changes in the course of a
pass. Both are taken as random walks; what a measurement of the phase corrects follows from them.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from postproc.timetags.types import PICOSECONDS_PER_SECOND

MAX_RAMP = 5e-7
"""Largest change of the clocks' relative rate per second: more than a satellite's Doppler shift in low orbit,
``v**2 / (c * height)``, which is 0.4 ppm/s at 500 km."""

DRIFT_WANDER = 3e-9
"""Standard deviation of the drift's wander in a second; simple quartz oscillators stay below."""

RAMP_WANDER = 2e-8
"""Standard deviation of the ramp's change in a second, per second: that of the Doppler shift near the zenith."""

PHASE, DRIFT = 0, 1
"""What can be measured of a clock."""

F = TypeVar("F", float, NDArray[np.float64])


class Uncertainty(NamedTuple):
    """Covariance of a clock's phase (ps), drift (dimensionless) and ramp (per ps), in this order; shape (3, 3)."""

    covariance: NDArray[np.float64]

    @classmethod
    def of(cls, phase_ps: float, drift: float, ramp_per_s: float = MAX_RAMP) -> Uncertainty:
        """Independent errors, given by their standard deviations."""
        deviations = np.array([phase_ps, drift, ramp_per_s / PICOSECONDS_PER_SECOND])
        return cls(np.diag(deviations**2))

    @property
    def phase(self) -> float:
        """Variance of the phase, ps**2."""
        return float(self.covariance[0, 0])

    @property
    def drift(self) -> float:
        """Variance of the drift."""
        return float(self.covariance[1, 1])

    def phase_after(self, elapsed_ps: F) -> F:
        """Variance of the phase so much later."""
        known, t = self.covariance, elapsed_ps
        straight = known[0, 0] + t * (2 * known[0, 1] + t * known[1, 1])
        bent = t**2 * (known[0, 2] + t * (known[1, 2] + t * known[2, 2] / 4))
        spread: F = straight + bent + _wandered(abs(t))
        return spread

    def after(self, elapsed_ps: float) -> Uncertainty:
        """Covariance so much later, or earlier."""
        t = elapsed_ps
        step = np.array([[1, t, t**2 / 2], [0, 1, t], [0, 0, 1]])
        return Uncertainty(step @ self.covariance @ step.T + _wander(abs(t), np.sign(t)))

    def gains(self, error: float, of: int = PHASE) -> NDArray[np.float64]:
        """How much phase, drift and ramp should follow a deviation measured with this standard error; shape (3,).

        R. E. Kalman, J. Basic Eng. 82, 35 (1960).
        """
        return np.asarray(self.covariance[:, of] / (self.covariance[of, of] + error**2))

    def measured(self, error: float, of: int = PHASE) -> Uncertainty:
        """Covariance after a measurement of the phase, or of the drift, with this standard error."""
        left = self.covariance - np.outer(self.gains(error, of), self.covariance[of])
        return Uncertainty((left + left.T) / 2)


_DRIFT = DRIFT_WANDER**2 / PICOSECONDS_PER_SECOND
_RAMP = RAMP_WANDER**2 / PICOSECONDS_PER_SECOND**3


def _wandered(t: F) -> F:
    """Variance of the phase that both walks add in a time."""
    added: F = _DRIFT * t**3 / 3 + _RAMP * t**5 / 20
    return added


def _wander(t: float, sign: float) -> NDArray[np.float64]:
    """Covariance that both walks add in a time; `sign` is that of its direction."""
    drift = _DRIFT * np.array([[t**3 / 3, sign * t**2 / 2, 0], [sign * t**2 / 2, t, 0], [0, 0, 0]])
    ramp = _RAMP * np.array(
        [
            [t**5 / 20, sign * t**4 / 8, t**3 / 6],
            [sign * t**4 / 8, t**3 / 3, sign * t**2 / 2],
            [t**3 / 6, sign * t**2 / 2, t],
        ]
    )
    return np.asarray(drift + ramp)
