"""Batches of clicks, and the beat that they keep."""

from __future__ import annotations

from math import pi
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.synchronisation.rhythm import phase_error

BATCH_CLICKS, BATCH_PS = 4096, 2 * 10**9
"""A batch ends after so many clicks or so long, whatever comes first. In 2 ms no clock strays by a picosecond; more
clicks would only make the tracker slower to notice a jump, fewer make every click dearer."""

CLEAR = 30.0
"""Square over n of the phases' vector sum from which a beat is clear; chance reaches it with ``exp(-30)``."""


HARMONICS = 6
"""The finest harmonic turns ``2**(HARMONICS - 1)`` times a slot."""

TOLD_APART = 0.08
"""Turns: standard deviation up to which a harmonic's turns are told apart, at 6 sigma."""


class Batch:
    """Clicks that come in pieces; where a batch ends does not depend on the pieces."""

    def __init__(self) -> None:
        self._start_ps: int | None = None
        self._pieces: list[NDArray[np.float64]] = [np.empty(0)]
        self._clicks = 0

    @property
    def full(self) -> bool:
        """Whether no more clicks will come into it."""
        return self._clicks == BATCH_CLICKS

    def room(self, time_ps: NDArray[np.int64]) -> int:
        """How many of these ascending clicks, of which there are some, still belong to it."""
        if self._start_ps is None:
            self._start_ps = int(time_ps[0])
        in_time = int(np.searchsorted(time_ps, self._start_ps + BATCH_PS))
        return min(in_time, BATCH_CLICKS - self._clicks)

    def add(self, turns: NDArray[np.float64]) -> None:
        """Take clicks, in slots and fractions of them."""
        self._pieces.append(turns)
        self._clicks += len(turns)

    def take(self) -> NDArray[np.float64]:
        """Give all its clicks; begin a new batch."""
        turns = np.concatenate(self._pieces)
        self._start_ps, self._pieces, self._clicks = None, [np.empty(0)], 0
        return turns


class Beat(NamedTuple):
    """Sums over clicks.

    A harmonic turns 2, 4, 8 … times a slot: where the phase is known well enough to tell its turns apart, it shows
    the phase so much finer than stray clicks let the slots' own beat show it.

    Attributes
    ----------
    clicks : int
    sums : tuple of complex
        Sums of ``exp(i 2**k phase)``.
    turns : float
        Sum of their places, in slots.
    """

    clicks: int = 0
    sums: tuple[complex, ...] = (0j,) * (HARMONICS + 1)
    turns: float = 0.0

    def plus(self, turns: NDArray[np.float64]) -> Beat:
        """Add clicks."""
        phase = np.exp(2j * pi * (turns - np.rint(turns)))
        sums = []
        for before in self.sums:
            sums.append(before + complex(phase.sum()))
            phase = phase * phase
        return Beat(self.clicks + len(turns), tuple(sums), self.turns + float(turns.sum()))

    @property
    def clear(self) -> bool:
        """Whether clicks at random times do not explain it."""
        return self._clear(0)

    @property
    def slot(self) -> int:
        """The slot in the middle of the clicks."""
        return round(self.turns / self.clicks)

    def deviation(self, uncertain: float) -> tuple[float, float]:
        """How far the clicks lie behind their slots' centres, in slots within half a slot, and its standard deviation.

        Parameters
        ----------
        uncertain : float
            Standard deviation with which zero was expected, in slots.
        """
        slots_own, error = self._by(0)
        finer = [self._by(k) for k in range(1, HARMONICS) if 2**k * uncertain < TOLD_APART and self._clear(k)]
        # Where the slots' own beat shows something else, the clock has jumped over turns of a harmonic.
        agreeing = [found for found in finer if abs(found[0] - slots_own) < 6 * error]
        return min([(slots_own, error), *agreeing], key=lambda found: found[1])

    def _clear(self, k: int) -> bool:
        return abs(self.sums[k]) ** 2 > CLEAR * self.clicks

    def _by(self, k: int) -> tuple[float, float]:
        error = phase_error(self.sums[k], self.sums[k + 1], self.clicks)
        return float(np.angle(self.sums[k])) / (2 * pi) / 2**k, error / 2**k
