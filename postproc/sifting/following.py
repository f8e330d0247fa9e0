"""Following one clock against another through a whole session, on the coincidences themselves.

What the preamble left unknown of the drift, what the clocks wander since, and the Doppler shift of a satellite
move coincidences out of their window within a second. Stretch by stretch a line is sought in the differences of
the two parties' events; a Kalman filter of offset, drift and the drift's ramp takes what it shows, and the next
stretch and the next block go on from there. Stretches are as long as the clock is known: a hundredth of a second
at first, more when it has shown how steady it is. After a gap the search is as wide as the clock may have
strayed. All detectors count alike, so the correction tells nothing about bits.
"""

from __future__ import annotations

from math import ceil, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.synchronisation.chance import log_poisson_tail
from postproc.synchronisation.clock import DriftingClock
from postproc.synchronisation.line import Line, differences, fit_line, fullest
from postproc.synchronisation.uncertainty import DRIFT, Uncertainty

SHORTEST_PS, LONGEST_PS = 10**10, 256 * 10**9
"""Lengths of the stretches; those that show too little are doubled."""

REACH_WINDOWS = 16
"""How many coincidence windows to either side are searched, if the clock is not known worse."""

MOST_WINDOWS = 2**12
"""How many are searched at most."""

SIGMAS = 4
"""How far a clock is sought from where it is expected, in standard deviations."""

MAX_DIFFERENCES = 2**17
"""More than enough to see a line."""

LOCKED_DRIFT = 2e-8
"""Standard deviation of what a lock may have left of the drift."""

CHANCE_LINE = 1e-9
"""A line is believed if accidental coincidences make it with at most this probability."""


class _Seen(NamedTuple):
    """A line in the differences around `centre_ps`, on Alice's clock."""

    centre_ps: int
    offset_ps: float
    slope: float
    offset_error_ps: float
    slope_error: float


class Follower:
    """Bob's clock as Alice's events show it, from block to block."""

    def __init__(self) -> None:
        self._clock = DriftingClock(0, 0.0, 0.0)
        self._uncertainty: Uncertainty | None = None

    def offset_at(self, alice_ps: int) -> float:
        """Bob minus Alice in ps, as found so far."""
        return self._clock.offset_at(alice_ps)

    def drift_at(self, alice_ps: int) -> float:
        """By how much Bob's clock runs faster than it was thought to, dimensionless, as found so far."""
        return self._clock.counted_from(alice_ps).drift

    def steady(
        self, alice_ps: NDArray[np.int64], bob_ps: NDArray[np.int64], window_ps: int
    ) -> NDArray[np.int64]:
        """Give Bob's times on Alice's clock, ascending.

        Parameters
        ----------
        alice_ps, bob_ps : array of int64
            Ascending event times of a block, on clocks that have been locked once.
        window_ps : int
            Full width of the coincidence window.
        """
        parts = [np.empty(0, np.int64)]
        length = 0
        while len(bob_ps):
            length = length or self._length(int(bob_ps[0]), window_ps)
            stretch = bob_ps[: np.searchsorted(bob_ps, bob_ps[0] + length)]
            if not self._follow(alice_ps, stretch, window_ps) and len(stretch) < len(bob_ps):
                length *= 2
                continue
            parts.append(self._clock.to_alice(stretch))
            bob_ps, length = bob_ps[len(stretch) :], 0
        return np.maximum.accumulate(np.concatenate(parts))

    def _length(self, start_ps: int, window_ps: int) -> int:
        """As long as the clock will surely keep coincidences within a fraction of their window."""
        known, reference_ps = self._known(start_ps, window_ps), self._clock.reference_ps
        length = SHORTEST_PS
        while (
            length < LONGEST_PS
            and known.phase_after(float(start_ps + 2 * length - reference_ps)) < (window_ps / 8) ** 2
        ):
            length *= 2
        return length

    def _known(self, start_ps: int, window_ps: int) -> Uncertainty:
        """How well the clock is known at its reference; the first click begins it."""
        if self._uncertainty is None:
            self._clock = self._clock.counted_from(start_ps)
            self._uncertainty = Uncertainty.of(REACH_WINDOWS / SIGMAS * window_ps, LOCKED_DRIFT)
        return self._uncertainty

    def _follow(self, alice_ps: NDArray[np.int64], bob_ps: NDArray[np.int64], window_ps: int) -> bool:
        """Correct the clock by what a stretch shows; tell whether it shows anything."""
        middle_ps = int(bob_ps[0]) + int(bob_ps[-1] - bob_ps[0]) // 2
        middle_ps -= round(self._clock.offset_at(middle_ps))
        known = self._known(middle_ps, window_ps)
        known = known.after(float(middle_ps - self._clock.reference_ps))
        seen = self._look(alice_ps, bob_ps, window_ps, known)
        if seen is None:
            return False
        known = known.after(float(seen.centre_ps - middle_ps))
        clock = self._clock.counted_from(seen.centre_ps)
        by_offset = known.gains(seen.offset_error_ps) * seen.offset_ps
        known = known.measured(seen.offset_error_ps)
        by_slope = known.gains(seen.slope_error, DRIFT) * (seen.slope - by_offset[DRIFT])
        self._uncertainty = known.measured(seen.slope_error, DRIFT)
        self._clock = clock.shifted(*(by_offset + by_slope).tolist())
        return True

    def _look(
        self, alice_ps: NDArray[np.int64], bob_ps: NDArray[np.int64], window_ps: int, known: Uncertainty
    ) -> _Seen | None:
        """Look for a line in the differences, as far to either side as the clock may have strayed."""
        windows = min(max(REACH_WINDOWS, ceil(SIGMAS * sqrt(known.phase) / window_ps)), MOST_WINDOWS)
        reach = windows * window_ps
        bob_ps = self._clock.to_alice(bob_ps)
        first, last = np.searchsorted(alice_ps, (bob_ps[0] - reach, bob_ps[-1] + reach))
        alice_ps = alice_ps[first:last]
        if len(alice_ps) < 2:
            return None
        near = differences(alice_ps, bob_ps, reach, MAX_DIFFERENCES)
        centre_ps = int(alice_ps[0]) + int(alice_ps[-1] - alice_ps[0]) // 2
        along = (alice_ps[near.segment] - centre_ps).astype(np.float64)
        beyond = near.difference_ps.astype(np.float64)
        length_ps = float(max(alice_ps[-1] - alice_ps[0], 1))
        found = _line(along, beyond, length_ps, window_ps, windows, SIGMAS * sqrt(known.drift))
        if found is None:
            return None
        offset, slope = found
        line = fit_line(along, beyond - offset - slope * along, window_ps)
        return _measured(centre_ps, along, beyond, offset + line.offset_ps, slope + line.slope, line)


def _measured(
    centre_ps: int,
    along: NDArray[np.float64],
    beyond: NDArray[np.float64],
    offset: float,
    slope: float,
    line: Line,
) -> _Seen:
    """What a line shows, where its own points are in the middle: there offset and slope err independently."""
    here = along[line.inside]
    middle = float(here.mean())
    left = beyond[line.inside] - offset - slope * here
    error = max(float(np.std(left)), 1.0) / sqrt(len(here))
    spread = max(float(np.std(here)), 1.0)
    return _Seen(centre_ps + round(middle), offset + slope * middle, slope, error, error / spread)


def _line(
    along: NDArray[np.float64],
    beyond: NDArray[np.float64],
    length_ps: float,
    window_ps: int,
    windows: int,
    drift: float,
) -> tuple[float, float] | None:
    """Offset and slope of the fullest line within so many windows, if chance does not make it."""
    step = window_ps / 2
    edges = np.arange(-2 * windows, 2 * windows + 1) * step
    slopes = np.linspace(-drift, drift, 2 * int(drift * length_ps / step) + 3)
    count, offset, slope = fullest(along, beyond, edges, slopes)
    accidental = max(len(beyond) - count, 1) / (2 * windows)
    log_chance = log_poisson_tail(count, accidental) + log(len(edges) * len(slopes))
    return (offset, slope) if log_chance < log(CHANCE_LINE) else None
