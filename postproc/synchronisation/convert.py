"""Taking detector delays off, and putting tags on Alice's clock."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from postproc.parameters.receiver import Receiver
from postproc.sifting.events import separate
from postproc.synchronisation.buffer import Tags
from postproc.synchronisation.clock import DriftingClock
from postproc.timetags.gaps import undelayed
from postproc.timetags.types import Gap, TagChunk

MAX_SHIFT_PS = 4_000_000
"""Delays, calibrated and found, carry no click further than this."""


def known_delays(receiver: Receiver) -> NDArray[np.int64]:
    """Table of the calibrated delays of a receiver, by channel; shape (256,), ps."""
    table = np.zeros(256, np.int64)
    for detector in receiver.detectors:
        table[detector.channel] = detector.delay_ps
    return table


def prepared(tags: Tags, receiver: Receiver) -> Tags:
    """Clicks of the receiver's own detectors, calibrated delays off, echoes out, ascending."""
    own = np.isin(tags.channel, [detector.channel for detector in receiver.detectors])
    channel = tags.channel[own]
    time_ps = tags.time_ps[own] - known_delays(receiver)[channel]
    order = np.argsort(time_ps, kind="stable")
    keep = separate(time_ps[order], channel[order], receiver.hold_off_ps)
    return Tags(time_ps[order][keep], channel[order][keep])


@dataclass(frozen=True)
class Converter:
    """Convert a party's chunks to Alice's clock.

    A click or a gap at a chunk's edge may end up outside the chunk's span by as much as the delays. Gaps are widened
    (:func:`~postproc.timetags.gaps.undelayed`), so that those of neighbouring chunks may overlap.

    Attributes
    ----------
    delay_ps : array of int64, shape (256,)
        Taken off each click, by channel, on the party's own clock.
    clock : DriftingClock or None
        Bob's clock; None at Alice.
    """

    delay_ps: NDArray[np.int64]
    clock: DriftingClock | None = None

    def __call__(self, chunk: TagChunk) -> TagChunk:
        """Give the chunk in Alice's time, ascending again."""
        time_ps = self._to_alice(chunk.time_ps - self.delay_ps[chunk.channel])
        order = np.argsort(time_ps, kind="stable")
        start, stop = self._to_alice(np.array([chunk.start_ps, chunk.stop_ps])).tolist()
        return TagChunk(
            start, stop, time_ps[order], chunk.channel[order], tuple(self._gap(gap) for gap in chunk.gaps)
        )

    def _to_alice(self, time_ps: NDArray[np.int64]) -> NDArray[np.int64]:
        return time_ps if self.clock is None else self.clock.to_alice(time_ps)

    def _gap(self, gap: Gap) -> Gap:
        gap = undelayed(gap, self.delay_ps)
        first, last = self._to_alice(np.array([gap.first_ps, gap.last_ps])).tolist()
        return msgspec.structs.replace(gap, first_ps=first, last_ps=last)
