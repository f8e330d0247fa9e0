"""One party's receiver: its detectors' clicks, merged and read on its own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.clocks import PartyClock
from drivers.emulation.bench.detection import DetectorModel, Gate, Times, always_open
from drivers.emulation.bench.parameters import DETECTOR_NAMES, Clock, Receiver
from postproc.timetags.cutting import DEFAULT_MAX_TAGS, TagBlock, cut
from postproc.timetags.types import TagChunk

Channels = NDArray[np.uint8]

NO_GATES: tuple[Gate, ...] = (always_open,) * len(DETECTOR_NAMES)

#: Light on the four detectors during a block of bench time, by the block's number.
Light = Callable[[int], Sequence[Times]]


def record(
    receiver: Receiver,
    clock: Clock,
    seed: int,
    party: str,
    light: Light,
    edges_ps: Sequence[int],
    gates: Sequence[Gate] = NO_GATES,
) -> Iterator[TagChunk]:
    """Record a party's clicks.

    Parameters
    ----------
    receiver, clock : Receiver, Clock
        What stands there.
    seed, party : int, str
        Key of the randomness.
    light : callable
        Gives each detector's registered photons in a block.
    edges_ps : sequence of int
        Where the blocks begin, and at last the end. The recording runs from the first to the last of them;
        clicks that delay or jitter carry out of it are lost.
    gates : sequence of callable
        Tell when each detector sees.

    Yields
    ------
    TagChunk
        In order, spans joined, on the party's clock.
    """
    merged = _merged(Merger(receiver, seed, party), light, edges_ps, gates)
    shown = _on_clock(merged, PartyClock(clock, seed, party), edges_ps)
    return cut(shown, f"the emulated {party}", DEFAULT_MAX_TAGS)


class Merger:
    """Brings the four detectors' clicks into one order.

    Attributes
    ----------
    lag_ps : int
        So long before the end of a block, its clicks are still waiting for the next block's.
    """

    def __init__(self, receiver: Receiver, seed: int, party: str) -> None:
        named = zip(receiver.detectors, DETECTOR_NAMES, strict=True)
        self.models = [DetectorModel(detector, seed, party, name) for detector, name in named]
        self.guard_ps = max(model.guard_ps for model in self.models)
        self.lag_ps = self.guard_ps - min(0, *(detector.delay_ps for detector in receiver.detectors))
        self._time_ps: Times = np.empty(0, np.int64)
        self._channel: Channels = np.empty(0, np.uint8)

    def clicks(
        self, block: int, light: Sequence[Times], begin: int, end: int, gates: Sequence[Gate] = NO_GATES
    ) -> tuple[Times, Channels]:
        """Give what no later block can precede any more, in order."""
        for channel, (model, arrivals, gate) in enumerate(zip(self.models, light, gates, strict=True)):
            fresh = model.clicks(block, arrivals, begin, end, gate)
            self._time_ps = np.concatenate([self._time_ps, fresh])
            self._channel = np.concatenate([self._channel, np.full(len(fresh), channel, np.uint8)])
        order = np.lexsort((self._channel, self._time_ps))
        time_ps, channel_of = self._time_ps[order], self._channel[order]
        settled = int(np.searchsorted(time_ps, end - self.lag_ps))
        self._time_ps, self._channel = time_ps[settled:], channel_of[settled:]
        return time_ps[:settled], channel_of[:settled]


def _merged(
    merger: Merger, light: Light, edges_ps: Sequence[int], gates: Sequence[Gate]
) -> Iterator[tuple[Times, Channels]]:
    for block, (begin, end) in enumerate(pairwise(edges_ps)):
        yield merger.clicks(block, light(block), begin, end, gates)
    # A last dark block brings out what the one before held back.
    stop, dark = edges_ps[-1], [np.empty(0, np.int64)] * len(DETECTOR_NAMES)
    yield merger.clicks(len(edges_ps) - 1, dark, stop, stop + merger.guard_ps + merger.lag_ps)


def _on_clock(
    merged: Iterator[tuple[Times, Channels]], clock: PartyClock, edges_ps: Sequence[int]
) -> Iterator[TagBlock]:
    start, stop = (clock.instant(edge) for edge in (edges_ps[0], edges_ps[-1]))
    for time_ps, channel in merged:
        shown = clock.shown(time_ps)
        inside = (shown >= start) & (shown < stop)
        yield TagBlock(shown[inside], channel[inside], (), start, stop)
