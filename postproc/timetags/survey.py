"""One pass over the time tags of a recording, to know what is in it; disorder is counted, not refused."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock
from postproc.timetags.formats.sources import StateSource, TagSource
from postproc.timetags.gaps import add_gap
from postproc.timetags.header import RecordingInfo
from postproc.timetags.types import PICOSECONDS_PER_SECOND, Gap


def survey_tags(source: TagSource) -> RecordingInfo:
    """Stream through time tags.

    Raises
    ------
    InputError
        If the file is damaged, or holds neither a tag nor a span.
    """
    tally = _Tally(source.blocks())
    start, stop = tally.span(str(source.path))
    return RecordingInfo(
        kind="tags",
        format=source.format,
        counts={n: count for n, count in tally.by_channel() if n not in source.header.markers},
        markers={n: count for n, count in tally.by_channel() if n in source.header.markers},
        wraps=tally.wraps,
        start_ps=start,
        stop_ps=stop,
        duration_s=(stop - start) / PICOSECONDS_PER_SECOND,
        resolution_ps=source.header.resolution_ps,
        gaps=tuple(tally.gaps),
        overflows=sum(gap.reason == "overflow" for gap in tally.gaps),
        out_of_order=tally.out_of_order,
        assumed_tick_ps=source.assumed_tick_ps,
        channels=source.header.channels,
        metadata=source.header.metadata,
    )


def survey_states(source: StateSource) -> RecordingInfo:
    """Put together what a file of prepared states says about itself."""
    period = source.header.slot_period_ps
    start, stop = (round(slot * period) for slot in (source.first_slot, source.first_slot + source.n_slots))
    return RecordingInfo(
        kind="states",
        format=source.format,
        counts={},
        start_ps=start,
        stop_ps=stop,
        duration_s=(stop - start) / PICOSECONDS_PER_SECOND,
        slot_period_ps=period,
        first_slot=source.first_slot,
        n_slots=source.n_slots,
        metadata=source.header.metadata,
    )


class _Tally:
    def __init__(self, blocks: Iterable[TagBlock]) -> None:
        self.counts = np.zeros(256, np.int64)
        self.gaps: list[Gap] = []
        self.out_of_order = 0
        self.wraps = 0
        self._start_ps: int | None = None
        self._stop_ps: int | None = None
        self._reached: list[int] = []
        self._latest_ps: int | None = None
        for block in blocks:
            self._add(block)

    def by_channel(self) -> list[tuple[int, int]]:
        """Give channels that occur, and how often."""
        return [(channel, int(n)) for channel, n in enumerate(self.counts) if n]

    def span(self, name: str) -> tuple[int, int]:
        """Give the span as stated, or else as tags and gaps have it."""
        if self._stop_ps is None and self._latest_ps is None:
            raise InputError(f"{name} holds no time tags and does not state a span either")
        start = min(self._reached) if self._start_ps is None else self._start_ps
        stop = max(self._reached) + 1 if self._stop_ps is None else self._stop_ps
        return start, stop

    def _add(self, block: TagBlock) -> None:
        self.wraps += block.wraps
        self._start_ps = block.start_ps if self._start_ps is None else self._start_ps
        self._stop_ps = self._stop_ps if block.stop_ps is None else block.stop_ps
        for gap in block.gaps:
            add_gap(self.gaps, gap)
            self._reach(gap.first_ps, gap.last_ps)
        if len(block.time_ps):
            self._add_tags(block)

    def _add_tags(self, block: TagBlock) -> None:
        self.counts += np.bincount(block.channel, minlength=256)
        self.out_of_order += int((block.time_ps[1:] < block.time_ps[:-1]).sum())
        self.out_of_order += self._latest_ps is not None and int(block.time_ps[0]) < self._latest_ps
        self._latest_ps = int(block.time_ps[-1])
        self._reach(int(block.time_ps.min()), int(block.time_ps.max()))

    def _reach(self, *instants: int) -> None:
        self._reached = [min(*self._reached, *instants), max(*self._reached, *instants)]
