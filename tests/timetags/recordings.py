"""Recordings for the tests of this folder: made by hypothesis, put together again, written and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import get_args

import numpy as np
from hypothesis import strategies as st

from postproc.timetags.cutting import TagBlock
from postproc.timetags.gaps import add_gap
from postproc.timetags.types import Gap, GapReason, TagChunk

INSTANTS = st.integers(-(10**15), 10**15)


@st.composite
def gap_lists(draw: st.DrawFn, start: int, stop: int) -> list[Gap]:
    """Gaps in [start, stop) that neither overlap nor touch."""
    edges = sorted(draw(st.sets(st.integers(start, stop - 1), max_size=6)))
    gaps = []
    for first, last in zip(edges[0::2], edges[1::2], strict=False):
        if not gaps or first > gaps[-1].last_ps + 1:
            lost = draw(st.none() | st.integers(0, 1000))
            gaps.append(Gap(first, last, draw(st.sampled_from(get_args(GapReason))), lost))
    return gaps


@st.composite
def whole_recordings(draw: st.DrawFn, max_tags: int = 60) -> TagChunk:
    """One chunk that is a whole recording, ties included."""
    start = draw(INSTANTS)
    length = draw(st.integers(1, 400) | st.integers(1, 10**12))
    tags = draw(
        st.lists(st.tuples(st.integers(0, length - 1), st.integers(0, 255)), max_size=max_tags).map(sorted)
    )
    time_ps = np.array([start + time for time, _ in tags], np.int64)
    channel = np.array([channel for _, channel in tags], np.uint8)
    return TagChunk(start, start + length, time_ps, channel, tuple(draw(gap_lists(start, start + length))))


def as_blocks(whole: TagChunk, cuts: Sequence[int] = ()) -> Iterator[TagBlock]:
    """A recording as a reader might hand it over: gaps and span first, then tags in portions."""
    yield TagBlock(np.empty(0, np.int64), np.empty(0, np.uint8), whole.gaps, whole.start_ps, whole.stop_ps)
    edges = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    for first, end in pairwise(edges):
        yield TagBlock(whole.time_ps[first:end], whole.channel[first:end])


def joined(chunks: Iterable[TagChunk]) -> TagChunk:
    """Put chunks together, and check on the way that they tile their span as they promise."""
    chunks = list(chunks)
    gaps: list[Gap] = []
    for index, chunk in enumerate(chunks):
        assert index == 0 or chunk.start_ps == chunks[index - 1].stop_ps
        assert chunk.start_ps < chunk.stop_ps
        assert ((chunk.time_ps >= chunk.start_ps) & (chunk.time_ps < chunk.stop_ps)).all()
        assert (np.diff(chunk.time_ps) >= 0).all()
        assert chunk.time_ps.dtype == np.int64
        assert chunk.channel.dtype == np.uint8
        for gap in chunk.gaps:
            assert chunk.start_ps <= gap.first_ps <= gap.last_ps < chunk.stop_ps
            add_gap(gaps, gap)
    return TagChunk(
        chunks[0].start_ps,
        chunks[-1].stop_ps,
        np.concatenate([chunk.time_ps for chunk in chunks]),
        np.concatenate([chunk.channel for chunk in chunks]),
        tuple(gaps),
    )


def same(one: TagChunk, other: TagChunk) -> bool:
    """Whether two recordings are the same, down to the last gap."""
    return (
        (one.start_ps, one.stop_ps, one.gaps) == (other.start_ps, other.stop_ps, other.gaps)
        and np.array_equal(one.time_ps, other.time_ps)
        and np.array_equal(one.channel, other.channel)
    )
