"""From clicks to events: hold-off alike for all detectors, double clicks drawn at random and counted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.blocks import ClickBlock
from postproc.entropy import Stream
from postproc.parameters.receiver import Bases, Receiver

TEST = 1


class Events(NamedTuple):
    """What a party's receiver saw, one entry an event.

    Attributes
    ----------
    time_ps : array of int64, shape (n,)
        Time of the event's first click.
    basis : array of uint8, shape (n,)
        0 the key basis, 1 the test basis.
    bit : array of uint8, shape (n,)
    doubles : int
        How many of them had clicks of several detectors, and so a random outcome.
    """

    time_ps: NDArray[np.int64]
    basis: NDArray[np.uint8]
    bit: NDArray[np.uint8]
    doubles: int

    def __len__(self) -> int:
        return len(self.time_ps)


def separate(time_ps: NDArray[np.int64], channel: NDArray[np.uint8], hold_off_ps: int) -> NDArray[np.bool_]:
    """Mask of clicks that no click of the same detector precedes by `hold_off_ps` or less."""
    keep = np.ones(len(time_ps), bool)
    for detector in np.unique(channel):
        own = np.flatnonzero(channel == detector)
        keep[own[1:]] = np.diff(time_ps[own]) > hold_off_ps
    return keep


def hold_off(receiver: Receiver) -> int:
    """Give the time in ps by which events are further apart than that."""
    return max(receiver.hold_off_ps, receiver.double_click_ps)


def events(block: ClickBlock, receiver: Receiver, bases: Bases, entropy: Stream) -> Events:
    """Turn clicks into events.

    An event starts with a click that no click of any detector precedes by the hold-off or less: that is
    after all detectors were live again. Clicks of other detectors within `double_click_ps` of it belong to
    it. Of several detectors, one basis that clicked is drawn at random and, if both its detectors
    clicked, one bit: never dropped, because dropping would let an eavesdropper choose what is kept
    (Lütkenhaus, PRA 59, 3301 (1999)).

    Where it is not known what clicked before or after, no event starts: at the block's edges, and in gaps
    and next to them.

    Parameters
    ----------
    block : ClickBlock
        Clicks of channels that are no detector of the receiver's are ignored.
    entropy : Stream
        Draws the outcomes of double clicks.
    """
    outcome = _outcomes(receiver, bases)
    own = outcome[block.channel] >= 0
    time_ps, clicked = block.time_ps[own], outcome[block.channel[own]]
    alone = np.diff(time_ps, prepend=time_ps[:1] - hold_off(receiver) - 1) > hold_off(receiver)
    owner = np.cumsum(alone) - 1
    starts = np.flatnonzero(alone)
    joins = time_ps - time_ps[starts][owner] <= receiver.double_click_ps
    seen = np.zeros((len(starts), 4), bool)
    seen[owner[joins], clicked[joins]] = True
    live = _live(time_ps[starts], block, receiver)
    return Events(time_ps[starts[live]], *_draw(seen[live], entropy))


def _live(start_ps: NDArray[np.int64], block: ClickBlock, receiver: Receiver) -> NDArray[np.bool_]:
    """Whether all was seen that happened a hold-off before and a double click after."""
    before, after = hold_off(receiver), receiver.double_click_ps
    live = (start_ps >= block.start_ps + before) & (start_ps < block.stop_ps - after)
    for gap in block.gaps:
        first, last = np.searchsorted(start_ps, (gap.first_ps - after, gap.last_ps + before + 1))
        live[first:last] = False
    return live


def _outcomes(receiver: Receiver, bases: Bases) -> NDArray[np.int8]:
    """Table from channel to ``2 * basis + bit``; -1 for others' channels."""
    table = np.full(256, -1, np.int8)
    for detector in receiver.detectors:
        table[detector.channel] = 2 * (detector.basis == bases.test) + detector.bit
    return table


def _draw(seen: NDArray[np.bool_], entropy: Stream) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int]:
    """Basis and bit of each event, from the outcomes that clicked (columns ``2 * basis + bit``)."""
    outcome = np.argmax(seen, axis=1).astype(np.uint8)
    several = np.flatnonzero(seen.sum(axis=1) > 1)
    coins = entropy.bits(2 * len(several)).to_array().reshape(-1, 2)
    by_basis = seen[several].reshape(-1, 2, 2)
    clicked = by_basis[:, :, 0] | by_basis[:, :, 1]
    basis = np.where(clicked[:, 0] & clicked[:, 1], coins[:, 0], np.argmax(clicked, axis=1))
    within = by_basis[np.arange(len(several)), basis]
    bit = np.where(within[:, 0] & within[:, 1], coins[:, 1], np.argmax(within, axis=1))
    outcome[several] = 2 * basis + bit
    return outcome >> 1, outcome & 1, len(several)
