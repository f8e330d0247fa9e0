from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.errors import InputError
from postproc.timetags import cutting
from postproc.timetags.cutting import TagBlock, cut
from postproc.timetags.types import Gap, TagChunk
from tests.timetags.recordings import as_blocks, joined, same, whole_recordings


def block(*times: int, **more: object) -> TagBlock:
    return TagBlock(np.array(times, np.int64), np.zeros(len(times), np.uint8), **more)  # type: ignore[arg-type]


@given(whole_recordings(), st.lists(st.integers(0, 60), max_size=5), st.integers(1, 70))
def test_chunks_tile_the_recording(whole: TagChunk, cuts: list[int], max_tags: int) -> None:
    chunks = list(cut(as_blocks(whole, cuts), "x", max_tags))
    assert same(joined(chunks), whole)
    ties = max((np.unique(whole.time_ps, return_counts=True)[1]).tolist(), default=0)
    assert all(len(chunk) <= max(max_tags, ties) for chunk in chunks)


@given(whole_recordings(), st.lists(st.integers(0, 60), max_size=5), st.integers(1, 70))
def test_chunks_do_not_depend_on_the_portions(whole: TagChunk, cuts: list[int], max_tags: int) -> None:
    coarse = list(cut(as_blocks(whole), "x", max_tags))
    fine = list(cut(as_blocks(whole, cuts), "x", max_tags))
    assert len(coarse) == len(fine)
    assert all(same(one, other) for one, other in zip(coarse, fine, strict=True))


def test_without_a_stated_span_it_runs_from_the_first_tag_to_the_last() -> None:
    (chunk,) = cut([block(3, 5), block(9)], "x")
    assert (chunk.start_ps, chunk.stop_ps) == (3, 10)


def test_a_gap_at_either_end_belongs_to_the_span() -> None:
    (chunk,) = cut([block(gaps=(Gap(-5, -2, "restart"),)), block(3, gaps=(Gap(8, 20, "overflow", 4),))], "x")
    assert (chunk.start_ps, chunk.stop_ps) == (-5, 21)


def test_a_gap_over_two_chunks_counts_its_lost_tags_once() -> None:
    chunks = list(cut([block(1, 2, 3, gaps=(Gap(1, 3, "overflow", 7),))], "x", 1))
    assert [gap for chunk in chunks for gap in chunk.gaps] == [
        Gap(1, 1, "overflow", 7),
        Gap(2, 2, "overflow", 0),
        Gap(3, 3, "overflow", 0),
    ]


@pytest.mark.parametrize(
    "blocks", [[block(1, 5, 4)], [block(1, 5), block(4)], [block(1), block(), block(5, 4)]]
)
def test_disorder_is_refused_with_its_place(blocks: list[TagBlock]) -> None:
    with pytest.raises(InputError, match=r"^x: tag 2 .* at 4 ps is earlier than the one before it at 5 ps"):
        list(cut(blocks, "x"))


@pytest.mark.parametrize(
    ("blocks", "complaint"),
    [
        ([], "no time tags"),
        ([block(start_ps=0)], "no time tags"),
        ([block(5, start_ps=6)], "states a start at 6 ps, but tags from 5 ps"),
        ([block(5, stop_ps=5)], "states a stop at 5 ps, yet reaches 5 ps"),
        ([block(start_ps=9, stop_ps=3)], "states a stop at 3 ps, yet reaches 9 ps"),
        ([block(gaps=(Gap(1, 9, "unknown"),), start_ps=0, stop_ps=5)], "yet reaches 9 ps"),
        ([block(gaps=(Gap(9, 1, "unknown"),))], "gap from 9 to 1 ps"),
        ([block(gaps=(Gap(1, 5, "unknown"), Gap(5, 6, "unknown")))], "gap from 5 to 6 ps"),
        ([block(gaps=(Gap(1, 5, "unknown"),), start_ps=2)], "gap from 1 to 5 ps"),
    ],
)
def test_a_span_that_does_not_hold_is_refused(blocks: list[TagBlock], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        list(cut(blocks, "x"))


def test_endless_ties_are_refused_instead_of_hoarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "MAX_SIMULTANEOUS", 10)
    with pytest.raises(InputError, match="more than 10 tags at 7 ps"):
        list(cut((block(7, 7, 7) for _ in range(100)), "x", 2))


def test_a_chunk_of_no_tags_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="at least 1 tag"):
        list(cut([block(1)], "x", 0))
