"""Which of Alice's slots is which of Bob's: his detections against the states of her preamble."""

from __future__ import annotations

from math import ceil, inf, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from postproc.synchronisation.chance import log_coins_tail

CANDIDATES = 32
"""Places that are looked at more closely, with more detections."""

CLEAR = 6.5
"""Standard deviations by which the right place is to stand out of a first search: that of the
`CANDIDATES`-th best of 10**7 wrong ones is 4.5."""

WORST_ERROR = 0.11
"""Error rate up to which that is so: beyond it no protocol makes a key."""

MOST = 2**14
"""Detections from which on more of them do not help."""


class Detections(NamedTuple):
    """Detections in Bob's own slots; arrays of shape (n,).

    Attributes
    ----------
    slot : array of int64
        Ascending.
    channel, basis, bit : array of uint8
    signal : float
        Share of them that the source made, as far as their times show.
    """

    slot: NDArray[np.int64]
    channel: NDArray[np.uint8]
    basis: NDArray[np.uint8]
    bit: NDArray[np.uint8]
    signal: float = 1.0

    @property
    def outcome(self) -> NDArray[np.uint8]:
        """Basis plus twice the bit, as the kernels have it."""
        return self.basis | self.bit << np.uint8(1)

    def of(self, some: NDArray[np.bool_ | np.intp] | slice) -> Detections:
        """Select some, by mask, by index or by steps."""
        return Detections(self.slot[some], self.channel[some], self.basis[some], self.bit[some], self.signal)

    def at_most(self, n: int) -> Detections:
        """Give at most `n`, evenly chosen."""
        step = -(-len(self.slot) // n)
        return self if step <= 1 else self.of(slice(None, None, step))

    def by_channel(self) -> dict[int, Detections]:
        """Give each channel's."""
        return {one: self.of(self.channel == one) for one in np.unique(self.channel).tolist()}


class SlotLock(NamedTuple):
    """Alice's first preamble slot is Bob's slot `start`.

    Attributes
    ----------
    start : int
        In Bob's own count.
    shift : dict of int to int
        By channel: how many slots later its detections stand.
    matched : int
        Detections in the preamble with the same basis.
    agreeing : int
        Those of them whose bit agrees.
    log_false_alarm : float
        Natural logarithm of the probability that unrelated states agree so well anywhere in the search.
    weakest : int
        The channel whose own place is least certain.
    log_weakest : float
        Natural logarithm of the probability that its place is an accident.
    """

    start: int
    shift: dict[int, int]
    matched: int
    agreeing: int
    log_false_alarm: float
    weakest: int
    log_weakest: float


class SlotSearch:
    """The states of a preamble, ready to be sought among detections.

    Parameters
    ----------
    states : array of uint8, shape (m,)
        The preamble, encoded as in `StateChunk`.
    max_shift : int
        By how many slots detectors may lie apart.
    """

    def __init__(self, states: NDArray[np.uint8], max_shift: int = 0) -> None:
        self._states = states
        self._planes = kernels.StatePlanes(states)
        self._max_shift = max_shift

    def find(self, seen: Detections, starts: range, *, thoroughly: bool = True) -> SlotLock | None:
        """Slide the preamble along detections; give the place where bits agree best.

        Where detectors are whole slots apart, those of one channel are slid, and the best few places are
        looked at more closely with all others beside them.

        Parameters
        ----------
        seen : Detections
        starts : range
            Where the preamble may start, in Bob's slots.
        thoroughly : bool
            With all detections at once; else at first with as many as should be enough.

        Returns
        -------
        SlotLock or None
            None where there is nothing to slide.
        """
        leading = self._leading(seen).at_most(MOST)
        if not thoroughly:
            leading = leading.at_most(self._enough(leading))
        if len(leading.slot) == 0 or len(starts) == 0:
            return None
        best = kernels.slide_states(
            self._planes,
            leading.slot,
            leading.outcome,
            first_lag=1 - starts.stop,
            n_lags=len(starts),
            n_best=CANDIDATES,
        )
        return self._judge(seen, self._best(seen, (-best.lag).tolist()), len(starts))

    def _leading(self, seen: Detections) -> Detections:
        """Detections that keep together: all, or those of the busiest detector."""
        if self._max_shift == 0 or len(seen.slot) == 0:
            return seen
        return max(seen.by_channel().values(), key=lambda own: len(own.slot))

    def _enough(self, seen: Detections) -> int:
        """How many should make the right place clear; half of them are in the state's basis."""
        needed = 2 * (CLEAR / (1 - 2 * WORST_ERROR) / max(seen.signal, 0.01)) ** 2
        span = int(seen.slot[-1] - seen.slot[0]) + 1 if len(seen.slot) else 1
        return max(ceil(needed * max(span / len(self._states), 1.0)), 1)

    def _best(self, seen: Detections, starts: list[int]) -> int:
        groups = seen.by_channel().values() if self._max_shift else [seen]
        return max(starts, key=lambda start: sum(self._near(own, start)[1] for own in groups))

    def _near(self, own: Detections, start: int) -> tuple[int, int]:
        """Shift and score of the best place near `start`."""
        own = own.at_most(MOST)
        first, n_lags = -start - self._max_shift, 2 * self._max_shift + 1
        best = kernels.slide_states(
            self._planes, own.slot, own.outcome, first_lag=first, n_lags=n_lags, n_best=1
        )
        return -start - int(best.lag[0]), int(best.score[0])

    def _judge(self, seen: Detections, start: int, places: int) -> SlotLock:
        """Find each detector's own place near `start`, and judge them together and one by one."""
        shifts = 2 * self._max_shift + 1
        shift: dict[int, int] = {}
        total, weakest = _Agreement(0, 0), (-inf, -1)
        for channel, own in seen.by_channel().items():
            shift[channel] = self._near(own, start)[0]
            found = self._agreement(own, start + shift[channel])
            total = total + found
            weakest = max(weakest, (found.log_chance + log(shifts), channel))
        # Twice: once with few detections, once with all.
        log_trials = log(2 * places) + len(shift) * log(shifts)
        return SlotLock(
            start, shift, total.coins, total.agreeing, total.log_chance + log_trials, weakest[1], weakest[0]
        )

    def _agreement(self, seen: Detections, start: int) -> _Agreement:
        """Detections with the same basis as the preamble's state, and those that agree in the bit."""
        place = seen.slot - start
        inside = (place >= 0) & (place < len(self._states))
        sent = self._states[place[inside]]
        same = (sent & 1) == seen.basis[inside]
        agreeing = np.count_nonzero((sent[same] >> 1 & 1) == seen.bit[inside][same])
        return _Agreement(int(agreeing), int(same.sum()))


class _Agreement(NamedTuple):
    """How many of so many coins, fair ones if the place is wrong, agree."""

    agreeing: int
    coins: int

    @property
    def log_chance(self) -> float:
        return log_coins_tail(self.agreeing, self.coins)

    def __add__(self, other: tuple[int, ...]) -> _Agreement:  # type: ignore[override]
        return _Agreement(self.agreeing + other[0], self.coins + other[1])
