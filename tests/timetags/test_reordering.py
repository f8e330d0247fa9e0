"""Tags out of order are sorted within a reach; the stretch of those that were far out becomes a gap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock, cut
from postproc.timetags.reordering import Disorder, reordered
from postproc.timetags.types import Gap, TagChunk
from tests.timetags.recordings import joined


def blocks(times: list[int], cuts: list[int], gaps: tuple[Gap, ...] = ()) -> list[TagBlock]:
    """Tags that carry their place as their channel."""
    places = np.split(np.arange(len(times)), sorted(cut % (len(times) + 1) for cut in cuts))
    whole = [TagBlock(np.array(times, np.int64)[part], part.astype(np.uint8)) for part in places]
    return [whole[0]._replace(gaps=gaps), *whole[1:]]


def sort(portions: list[TagBlock], reach_ps: int) -> tuple[TagChunk, Disorder]:
    disorder = Disorder()
    return joined(cut(reordered(portions, "it", reach_ps, disorder), "it")), disorder


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 500)), min_size=1, max_size=200),
    st.lists(st.integers(0, 200), max_size=5),
)
def test_small_disorder_is_sorted_without_a_trace(tags: list[tuple[int, int]], cuts: list[int]) -> None:
    times = [time for time, _ in sorted(tags, key=lambda tag: tag[0] + tag[1])]
    chunk, disorder = sort(blocks(times, cuts), 600)
    assert chunk.time_ps.tolist() == sorted(times)
    assert [times[place] for place in chunk.channel] == sorted(times)
    assert disorder.late == sum(time < max(times[:k], default=time) for k, time in enumerate(times))
    assert chunk.gaps == ()


def test_a_tag_far_out_leaves_a_gap() -> None:
    chunk, disorder = sort(blocks([0, 9_000_000, 5_000_000, 6_000_000, 10**9], [2, 3]), 10**7)
    assert chunk.time_ps.tolist() == [0, 5_000_000, 6_000_000, 9_000_000, 10**9]
    assert chunk.gaps == (Gap(5_000_000, 9_000_000, "disorder"),)
    assert (disorder.late, disorder.longest_ps) == (2, 4_000_000)


def test_gaps_of_the_recording_stay() -> None:
    gaps = (Gap(5, 20, "dropped", 3), Gap(90, 95, "overflow", 1))
    chunk, _ = sort(blocks([0, 30, 25, 100, 99], [1, 2, 3], gaps), 10)
    assert chunk.gaps == gaps
    assert chunk.time_ps.tolist() == [0, 25, 30, 99, 100]


def test_what_is_too_far_out_is_refused() -> None:
    with pytest.raises(InputError, match="it has a tag at 5 ps that comes 95 ps after a later one"):
        sort(blocks([0, 100, 5], [1]), 90)


def test_too_many_tags_at_once_are_refused() -> None:
    block = TagBlock(np.zeros(2**20, np.int64), np.zeros(2**20, np.uint8))
    with pytest.raises(InputError, match="more than 4194304 tags within"):
        list(reordered([block] * 9, "it"))
