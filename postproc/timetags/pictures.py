"""What a recording looks like: rates over time, waiting times, and the correlation of two channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from postproc.timetags.types import PICOSECONDS_PER_SECOND, TagChunk

#: Waiting times are counted in so many bins a decade, from 100 ps to 1 s.
PER_DECADE, DECADES = 20, (2, 12)

#: A correlation ends after so many pairs: a hostile file would go on for ever.
MOST_PAIRS = 2**30


@dataclass
class Pictures:
    """Fed with a recording's chunks in order.

    Parameters
    ----------
    start_ps, stop_ps : int
        Span of the recording.
    channels : sequence of int
        Whose rates and waiting times are wanted.
    pair : (int, int)
        Channels to correlate: the second one's time less the first one's.
    reach_ps : int
        The correlation goes from minus to plus this.
    bins : int
        Of the rates and of the correlation.
    """

    start_ps: int
    stop_ps: int
    channels: tuple[int, ...]
    pair: tuple[int, int]
    reach_ps: int
    bins: int = 200
    rates: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    waits: dict[int, NDArray[np.int64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bin_ps = max(1, -(-2 * self.reach_ps // self.bins))
        self.correlation = np.zeros(self.bins, np.uint64)
        self.complete = True
        self._edges_ps = np.linspace(self.start_ps, self.stop_ps, self.bins + 1)
        self._last: dict[int, NDArray[np.int64]] = {}
        self._first: NDArray[np.int64] = np.empty(0, np.int64)
        self._second: NDArray[np.int64] = np.empty(0, np.int64)
        self._pairs_left = MOST_PAIRS

    def feed(self, chunk: TagChunk) -> None:
        """Take the next chunk."""
        for channel in self.channels:
            self._count(channel, chunk.time_ps[chunk.channel == channel])
        first, second = (chunk.time_ps[chunk.channel == channel] for channel in self.pair)
        self._first = np.concatenate([self._first, first])
        self._second = np.concatenate([self._second, second])
        self._correlate(chunk.stop_ps - self.reach_ps)

    def finish(self) -> None:
        """Take what still waited for partners."""
        self._correlate(2**62 - 1)

    @property
    def rate_times_s(self) -> NDArray[np.float64]:
        """Middles of the bins of the rates, from the start."""
        edges = (self._edges_ps - self.start_ps) / PICOSECONDS_PER_SECOND
        middles: NDArray[np.float64] = (edges[1:] + edges[:-1]) / 2
        return middles

    @property
    def rate_bin_s(self) -> float:
        """Length of a bin of the rates."""
        return (self.stop_ps - self.start_ps) / self.bins / PICOSECONDS_PER_SECOND

    @property
    def wait_times_s(self) -> NDArray[np.float64]:
        """Middles of the bins of the waiting times."""
        places = (np.arange((DECADES[1] - DECADES[0]) * PER_DECADE) + 0.5) / PER_DECADE
        return np.power(10.0, places + DECADES[0], dtype=np.float64) / PICOSECONDS_PER_SECOND

    @property
    def delays_ps(self) -> NDArray[np.float64]:
        """Middles of the bins of the correlation."""
        edges: NDArray[np.float64] = np.arange(self.bins, dtype=np.float64) * self.bin_ps
        return edges + (self.bin_ps / 2 - self.reach_ps)

    def _count(self, channel: int, time_ps: NDArray[np.int64]) -> None:
        rates = self.rates.setdefault(channel, np.zeros(self.bins, np.int64))
        share = (time_ps - self.start_ps) / max(1, self.stop_ps - self.start_ps)
        rates += np.bincount((share * self.bins).astype(np.int64).clip(0, self.bins - 1), minlength=self.bins)
        joined = np.concatenate([self._last.get(channel, time_ps[:0]), time_ps])
        decades = np.log10(np.maximum(np.diff(joined), 1))
        place = ((decades - DECADES[0]) * PER_DECADE).astype(np.int64)
        size = (DECADES[1] - DECADES[0]) * PER_DECADE
        waits = self.waits.setdefault(channel, np.zeros(size, np.int64))
        waits += np.bincount(place.clip(0, size - 1), minlength=size)
        self._last[channel] = joined[-1:]

    def _correlate(self, until_ps: int) -> None:
        """Correlate the first channel's tags before an instant, whose partners are all there."""
        ready = int(np.searchsorted(self._first, until_ps))
        first, self._first = self._first[:ready], self._first[ready:]
        before = int(self.correlation.sum())
        done = kernels.correlate(
            first,
            self._second,
            self.correlation,
            first_ps=-self.reach_ps,
            bin_ps=self.bin_ps,
            most_pairs=self._pairs_left,
        )
        self._pairs_left -= int(self.correlation.sum()) - before
        self.complete = self.complete and done == ready
        keep_from = (int(self._first[0]) if len(self._first) else until_ps) - self.reach_ps
        self._second = self._second[np.searchsorted(self._second, keep_from) :]


def draw(chunks: Iterable[TagChunk], pictures: Pictures) -> Pictures:
    """Feed a whole recording."""
    for chunk in chunks:
        pictures.feed(chunk)
    pictures.finish()
    return pictures
