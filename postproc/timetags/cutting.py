"""From whatever portions a file format yields to chunks that tile a recording.

Every reader hands over `TagBlock` portions of its own natural size, and `cut` does the rest for all of them:
order, spans, gaps, ties.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.gaps import add_gap, beyond, until
from postproc.timetags.types import Gap, TagChunk

DEFAULT_MAX_TAGS = 2**18

#: A chunk never ends between tags of the same instant. More of them than this is no recording.
MAX_SIMULTANEOUS = 2**16


class TagBlock(NamedTuple):
    """A portion of a recording as its reader finds it.

    Attributes
    ----------
    time_ps : array of int64, shape (n,)
        In the file's order, which may be wrong.
    channel : array of uint8, shape (n,)
        Logical channel of each tag.
    gaps : tuple of Gap
        Gaps that the reader met: ascending, apart from each other, none before the tags of earlier blocks.
    start_ps, stop_ps : int or None
        The recording's span, each in whichever block the reader learns of it.
    wraps : int
        Records in this portion that only say that the instrument's counter started over.
    """

    time_ps: NDArray[np.int64]
    channel: NDArray[np.uint8]
    gaps: tuple[Gap, ...] = ()
    start_ps: int | None = None
    stop_ps: int | None = None
    wraps: int = 0


def ordered(blocks: Iterable[TagBlock], name: str) -> Iterator[TagBlock]:
    """Pass on blocks whose tags ascend.

    Raises
    ------
    InputError
        Naming the first tag that is earlier than the one before it; `name` is how it calls the recording.
    """
    seen, latest_ps = 0, None
    for block in blocks:
        if len(block.time_ps):
            _check_order(block.time_ps, seen, latest_ps, name)
            seen, latest_ps = seen + len(block.time_ps), int(block.time_ps[-1])
        yield block


def _check_order(time_ps: NDArray[np.int64], seen: int, latest_ps: int | None, name: str) -> None:
    before = np.concatenate([time_ps[:1] if latest_ps is None else [latest_ps], time_ps[:-1]])
    backwards = time_ps < before
    if backwards.any():
        index = int(backwards.argmax())
        raise InputError(
            f"{name}: tag {seen + index} (counted from 0) at {time_ps[index]} ps is earlier than the one "
            f"before it at {before[index]} ps; time tags must ascend, sort the recording first "
            "(qkdctl tags convert --sort)"
        )


def cut(blocks: Iterable[TagBlock], name: str, max_tags: int = DEFAULT_MAX_TAGS) -> Iterator[TagChunk]:
    """Cut a recording into chunks whose spans join without overlap.

    Parameters
    ----------
    blocks : iterable of TagBlock
        The recording, portion by portion.
    name : str
        How errors call the recording.
    max_tags : int
        Largest chunk; only a longer run of simultaneous tags exceeds it.

    Yields
    ------
    TagChunk
        At least one. Tags of the same instant share a chunk; a gap over several chunks is divided among
        them, with the count of lost tags in its first part.

    Raises
    ------
    InputError
        If tags are out of order (the first is named) or outside of the stated span, or if there is neither
        a tag nor a span.
    """
    if max_tags < 1:
        raise ValueError(f"a chunk needs room for at least 1 tag, not {max_tags}")
    cutter = _Cutter(name, max_tags)
    for block in ordered(blocks, name):
        yield from cutter.feed(block)
    yield cutter.finish()


class _Cutter:
    """Holds tags back until it is known that a chunk is full."""

    def __init__(self, name: str, max_tags: int) -> None:
        self._name = name
        self._max_tags = max_tags
        self._start_ps: int | None = None
        self._stop_ps: int | None = None
        self._latest_ps: int | None = None
        self._time_ps: NDArray[np.int64] = np.empty(0, np.int64)
        self._channel: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._gaps: deque[Gap] = deque()

    def feed(self, block: TagBlock) -> Iterator[TagChunk]:
        self._take_span(block)
        self._take_gaps(block.gaps)
        if len(block.time_ps):
            self._take_tags(block)
        while (split := self._next_split()) is not None:
            yield self._emit(split, int(self._time_ps[split]))

    def finish(self) -> TagChunk:
        reached = [self._start_ps, self._latest_ps, self._gaps[-1].last_ps if self._gaps else None]
        known = [instant for instant in reached if instant is not None]
        if not known or (self._latest_ps is None and self._stop_ps is None):
            raise InputError(f"{self._name} holds no time tags and does not state a span either")
        if self._start_ps is None:
            self._start_ps = min(known)
        if self._stop_ps is None:
            self._stop_ps = max(known) + 1
        if max(known) >= self._stop_ps:
            raise InputError(f"{self._name} states a stop at {self._stop_ps} ps, yet reaches {max(known)} ps")
        return self._emit(len(self._time_ps), self._stop_ps)

    def _take_span(self, block: TagBlock) -> None:
        if block.start_ps is not None and self._start_ps is None:
            self._start_ps = block.start_ps
        if block.stop_ps is not None:
            self._stop_ps = block.stop_ps

    def _take_gaps(self, gaps: Iterable[Gap]) -> None:
        for gap in gaps:
            earliest = self._gaps[-1].last_ps + 1 if self._gaps else self._start_ps
            if gap.first_ps > gap.last_ps or (earliest is not None and gap.first_ps < earliest):
                raise InputError(
                    f"{self._name} has a gap from {gap.first_ps} to {gap.last_ps} ps at the wrong place: "
                    "gaps must run forward, one after the other, inside the recording's span"
                )
            add_gap(self._gaps, gap)

    def _take_tags(self, block: TagBlock) -> None:
        first = int(block.time_ps[0])
        if self._start_ps is None:
            self._start_ps = min(first, self._gaps[0].first_ps) if self._gaps else first
        if first < self._start_ps:
            raise InputError(f"{self._name} states a start at {self._start_ps} ps, but tags from {first} ps")
        self._latest_ps = int(block.time_ps[-1])
        self._time_ps = np.concatenate([self._time_ps, block.time_ps])
        self._channel = np.concatenate([self._channel, block.channel])

    def _next_split(self) -> int | None:
        """Where the next chunk ends, or None while it is not known that it is full."""
        time_ps, size = self._time_ps, self._max_tags
        if len(time_ps) <= size:
            return None
        split = int(np.searchsorted(time_ps, time_ps[size], "left"))
        if split == 0:
            split = int(np.searchsorted(time_ps, time_ps[size], "right"))
        if split > size + MAX_SIMULTANEOUS:
            raise InputError(
                f"{self._name} has more than {MAX_SIMULTANEOUS} tags at {time_ps[0]} ps: it is no recording"
            )
        return split if split < len(time_ps) else None

    def _emit(self, split: int, stop_ps: int) -> TagChunk:
        assert self._start_ps is not None
        chunk = TagChunk(
            self._start_ps, stop_ps, self._time_ps[:split], self._channel[:split], self._gaps_until(stop_ps)
        )
        self._start_ps = stop_ps
        self._time_ps, self._channel = self._time_ps[split:], self._channel[split:]
        return chunk

    def _gaps_until(self, stop_ps: int) -> tuple[Gap, ...]:
        gaps = []
        while self._gaps and self._gaps[0].first_ps < stop_ps:
            gap = self._gaps.popleft()
            gaps.append(until(gap, stop_ps))
            if gap.last_ps >= stop_ps:
                self._gaps.appendleft(beyond(gap, stop_ps))
        return tuple(gaps)
