"""Slots of a pulsed source: which click belongs to which, and whose bases are equal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits
from postproc.errors import InputError
from postproc.kernels.arguments import as_bits, room, room_for_bits, to_fill, to_read, vector
from postproc.kernels.dispatch import table


class Gated(NamedTuple):
    """Clicks in their slots.

    Attributes
    ----------
    slot : array of uint32, shape (m,)
        Strictly ascending: of several clicks in a slot's gate the first one counts.
    which : array of uint32, shape (m,)
        Indices of those clicks.
    beyond_ps : array of float64, shape (m,)
        How far they lie behind their slots' centres.
    inside : int
        How many clicks lie inside of any gate, first or not, of these slots or of others.
    """

    slot: NDArray[np.uint32]
    which: NDArray[np.uint32]
    beyond_ps: NDArray[np.float64]
    inside: int


def gate_slots(
    time_ps: NDArray[np.int64],
    start_ps: int,
    *,
    centre_ps: float,
    period_ps: float,
    half_gate_ps: float,
    n_slots: int,
) -> Gated:
    """Find the slots of clicks: slot *k* is centred on ``start_ps + centre_ps + k * period_ps``.

    Doubles hold the time since `start_ps` only; a click within a rounding error of a gate's edge may fall on
    either side of it, on the same side at every level.

    Parameters
    ----------
    time_ps : array of int64, shape (n,)
        Ascending; n below 2**32.
    start_ps : int
    centre_ps, period_ps : float
    half_gate_ps : float
        Largest distance from the centre that counts.
    n_slots : int
        Slots 0 to ``n_slots - 1`` count; below 2**32 - 1.

    Returns
    -------
    Gated

    Raises
    ------
    InputError
        If a parameter is out of range.
    """
    time_ps = vector(time_ps, np.int64, "time_ps")
    if len(time_ps) >= 2**32 or not 0 <= n_slots < 2**32 - 1 or not 1e-3 <= period_ps < 2**62:
        raise InputError(
            f"gating takes below 2**32 clicks and slots of at least 1e-3 ps, got {len(time_ps)} clicks, {n_slots} "
            f"slots of {period_ps} ps"
        )
    slot, index = room(len(time_ps), np.uint32), room(len(time_ps), np.uint32)
    beyond_ps, inside = room(len(time_ps), np.float64), np.zeros(1, np.uint64)
    kept = table().gate_slots(
        to_read(time_ps),
        len(time_ps),
        start_ps,
        centre_ps,
        period_ps,
        half_gate_ps,
        n_slots,
        to_fill(slot),
        to_fill(index),
        to_fill(beyond_ps),
        to_fill(inside),
    )
    return Gated(slot[:kept], index[:kept], beyond_ps[:kept], int(inside[0]))


def match_bases(
    states: NDArray[np.uint8], slot: NDArray[np.uint32], basis: Bits
) -> tuple[Bits, NDArray[np.uint8]]:
    """Compare announced bases with prepared states.

    Parameters
    ----------
    states : array of uint8, shape (m,)
        One a slot; bit 0 is the basis.
    slot : array of uint32, shape (n,)
        Slots of detections, below m.
    basis : Bits
        n bits.

    Returns
    -------
    match : Bits
        n bits: whether the bases are equal.
    kept : array of uint8
        The states of those that are.

    Raises
    ------
    InputError
        If a slot is not among the states, or the lengths differ.
    """
    states, slot = vector(states, np.uint8, "states"), vector(slot, np.uint32, "slot")
    if len(slot) != len(basis) or (len(slot) and int(slot.max()) >= len(states)):
        raise InputError(
            f"{len(slot)} slots below {len(states)} are to be compared with as many bases, got {len(basis)}, and the "
            f"highest slot {slot.max(initial=0)}"
        )
    match, kept = room_for_bits(len(slot)), room(len(slot), np.uint8)
    matches = table().match_bases(
        to_read(states), to_read(slot), to_read(basis.packed), len(slot), to_fill(match), to_fill(kept)
    )
    return as_bits(match, len(slot)), kept[:matches]
