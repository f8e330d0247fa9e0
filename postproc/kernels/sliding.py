"""Sliding detections along prepared states, to find which slot is which."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.kernels.arguments import room, to_fill, to_read, vector
from postproc.kernels.dispatch import lib, table

FURTHEST = 2**61
"""Slots and lags lie within so much of zero."""


class StatePlanes:
    """Prepared states, one plane of bits for each outcome that fits them.

    Parameters
    ----------
    states : array of uint8, shape (m,)
        One a slot; bit 0 is the basis, bit 1 the bit.
    """

    def __init__(self, states: NDArray[np.uint8]) -> None:
        states = vector(states, np.uint8, "states") & np.uint8(3)
        n_bytes = (len(states) + 7) // 8
        self._length = len(states)
        self._planes = np.zeros((4, n_bytes + 2 * lib.SLIDE_MARGIN), np.uint8)
        for outcome, plane in enumerate(self._planes):
            bits = np.packbits(states == outcome, bitorder="little")
            plane[lib.SLIDE_MARGIN : lib.SLIDE_MARGIN + n_bytes] = bits

    def __len__(self) -> int:
        return self._length

    @property
    def packed(self) -> NDArray[np.uint8]:
        """All planes, one after another, with the margins that the kernel needs."""
        return self._planes.reshape(-1)


class BestLags(NamedTuple):
    """Lags at which detections agree best with states, best first; arrays of shape (k,).

    Attributes
    ----------
    lag : array of int64
        State number minus slot.
    score : array of int32
        Agreements minus disagreements among detections in the state's basis.
    """

    lag: NDArray[np.int64]
    score: NDArray[np.int32]


def slide_states(
    states: StatePlanes,
    slot: NDArray[np.int64],
    outcome: NDArray[np.uint8],
    *,
    first_lag: int,
    n_lags: int,
    n_best: int,
) -> BestLags:
    """Give the lags at which detections agree best with prepared states.

    At lag d a detection in slot s meets state ``s + d``, and counts nothing if there is no such state.

    Parameters
    ----------
    states : StatePlanes
    slot : array of int64, shape (n,)
        Ascending, within +-2**61; n below 2**15.
    outcome : array of uint8, shape (n,)
        Basis plus twice the bit.
    first_lag, n_lags : int
        Lags ``first_lag`` to ``first_lag + n_lags - 1`` are tried.
    n_best : int
        How many lags to give, at least 1.

    Returns
    -------
    BestLags
        Of equal scores the earlier lag comes first; all lags if they are fewer than `n_best`.

    Raises
    ------
    InputError
        If slots do not ascend, an outcome is above 3, or something is out of range.
    """
    slot, outcome = vector(slot, np.int64, "slot"), vector(outcome, np.uint8, "outcome")
    if len(slot) != len(outcome) or len(slot) >= 2**15 or (outcome > 3).any():
        raise InputError(
            f"sliding takes below 2**15 detections with outcomes 0 to 3, got {len(slot)} slots and "
            f"{len(outcome)} outcomes up to {outcome.max(initial=0)}"
        )
    _check_order(slot)
    if not (n_best >= 1 and 0 <= n_lags <= FURTHEST and -FURTHEST <= first_lag <= FURTHEST - n_lags):
        raise InputError(f"sliding cannot give the best {n_best} of {n_lags} lags from {first_lag} on")
    size = min(n_best, n_lags)
    score, lag = room(size, np.int32), room(size, np.int64)
    if size == 0:
        return BestLags(lag, score)
    found = table().slide_states(
        to_read(states.packed),
        len(states.packed) // 4,
        len(states),
        to_read(slot),
        to_read(outcome),
        len(slot),
        first_lag,
        n_lags,
        size,
        to_fill(score),
        to_fill(lag),
    )
    return BestLags(lag[:found], score[:found])


def _check_order(slot: NDArray[np.int64]) -> None:
    late = table().first_disorder(to_read(slot), len(slot))
    if late < len(slot) or (len(slot) and max(-int(slot[0]), int(slot[-1])) > FURTHEST):
        raise InputError("slots of detections must ascend, and lie within 2**61 of zero")
