from __future__ import annotations

from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.errors import InputError
from postproc.timetags.convert import ClockChange, convert, transform
from postproc.timetags.cutting import TagBlock, cut
from postproc.timetags.recording import open_tags
from postproc.timetags.types import Gap, TagChunk
from tests.timetags.recordings import as_blocks, joined, same, whole_recordings

PPM = st.decimals(-1000, 1000, places=3).map(str)


@given(whole_recordings(), PPM, st.integers(-(10**13), 10**13), st.lists(st.integers(0, 60), max_size=4))
def test_every_instant_is_stretched_then_shifted(
    whole: TagChunk, ppm: str, shift: int, cuts: list[int]
) -> None:
    def exact(time: int) -> int:
        return floor(time * (1 + Fraction(ppm) / 10**6) + Fraction(1, 2)) + shift

    if not len(whole):
        return
    clock = ClockChange.of(stretch_ppm=ppm, shift_ps=shift)
    result = joined(cut(transform(as_blocks(whole, cuts), None, clock, "x"), "x", 7))
    assert result.time_ps.tolist() == [exact(time) for time in whole.time_ps.tolist()]
    assert result.channel.tolist() == whole.channel.tolist()
    assert result.start_ps == exact(whole.start_ps)
    assert result.stop_ps == max(exact(whole.stop_ps), exact(whole.stop_ps - 1) + 1)
    assert len(result.gaps) == len(whole.gaps)
    for before, after in zip(whole.gaps, result.gaps, strict=True):
        assert (after.reason, after.lost) == (before.reason, before.lost)
        assert after.first_ps <= exact(before.first_ps) + 1
        assert after.last_ps >= exact(before.last_ps)


@given(whole_recordings(), st.sets(st.integers(0, 255), min_size=1))
def test_chosen_channels_are_kept_with_span_and_gaps(whole: TagChunk, channels: set[int]) -> None:
    chosen = np.isin(whole.channel, list(channels))
    blocks = transform(as_blocks(whole), channels, ClockChange(), "x")
    if not chosen.any():
        with pytest.raises(InputError, match="x has no tag on any of the channels"):
            list(blocks)
        return
    expected = TagChunk(
        whole.start_ps, whole.stop_ps, whole.time_ps[chosen], whole.channel[chosen], whole.gaps
    )
    assert same(joined(cut(blocks, "x")), expected)


def test_the_span_stays_where_the_recording_does_not_state_it(tmp_path: Path) -> None:
    (tmp_path / "both").write_text("1 0\n0 80\n0 160\n1 240\n")
    convert(tmp_path / "both", tmp_path / "one.h5", channels=[0], clock=ClockChange.of(shift_ps=-100))
    whole = joined(open_tags(tmp_path / "one.h5").chunks())
    assert whole.time_ps.tolist() == [6150, 12400]
    assert (whole.start_ps, whole.stop_ps) == (-100, 18651)


def test_touching_gaps_neither_merge_nor_overlap_when_time_shrinks() -> None:
    gaps = (Gap(10, 11, "dropped", 1), Gap(12, 12, "overflow", 2), Gap(13, 13, "restart"))
    block = TagBlock(np.array([5, 40]), np.zeros(2, np.uint8), gaps)
    result = joined(cut(transform([block], None, ClockChange(Fraction(1, 4)), "x"), "x"))
    assert [(gap.reason, gap.lost) for gap in result.gaps] == [
        ("dropped", 1),
        ("overflow", 2),
        ("restart", None),
    ]


def test_touching_gaps_still_touch_when_time_grows() -> None:
    gaps = (Gap(10, 11, "dropped", 1), Gap(12, 12, "overflow", 2))
    block = TagBlock(np.array([5, 40]), np.zeros(2, np.uint8), gaps, 0, 50)
    result = joined(cut(transform([block], None, ClockChange(Fraction(4)), "x"), "x"))
    assert result.gaps == (Gap(40, 47, "dropped", 1), Gap(48, 51, "overflow", 2))
    assert result.stop_ps == 200


def test_a_gap_in_parts_stays_one_gap(tmp_path: Path) -> None:
    whole = TagChunk(0, 100, np.arange(0, 100, 2), np.zeros(50, np.uint8), (Gap(11, 81, "overflow", 9),))
    for name in ("a.txt", "a.h5", "b.txt", "b.h5"):
        source = tmp_path / ("a.txt" if name.startswith("b") else "source.h5")
        if name.startswith("a"):
            from postproc.timetags.header import TagHeader
            from postproc.timetags.writing import write_recording

            write_recording(source, cut(as_blocks(whole), "x", 4), TagHeader())
        convert(source, tmp_path / name, clock=ClockChange.of(stretch_ppm=1000, shift_ps=5))
        assert len(open_tags(tmp_path / name).info.gaps) == 1


def test_a_file_may_be_converted_in_place(tmp_path: Path) -> None:
    path = tmp_path / "tags.txt"
    path.write_text("3 8\n4 16\n")
    convert(path, path, channels=[4])
    assert joined(open_tags(path).chunks()).time_ps.tolist() == [1250]


@pytest.mark.parametrize("name", ["out.h5", "out.txt"])
def test_a_bad_source_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    source = tmp_path / "tags.txt"
    source.write_text("3 8\n4 7\n")
    with pytest.raises(InputError, match="tag 1"):
        convert(source, tmp_path / name, channels=[3])
    assert [entry.name for entry in tmp_path.iterdir()] == ["tags.txt"]


@pytest.mark.parametrize(
    ("clock", "complaint"),
    [
        ({"shift_ps": 2**62}, "takes times beyond"),
        ({"shift_ps": -(2**80)}, "takes times beyond"),
        ({"stretch_ppm": "-1000000"}, "stand still or run backwards"),
        ({"stretch_ppm": float("nan")}, "the stretch in ppm must be a finite number"),
        ({"stretch_ppm": "9e24"}, "53 days"),
    ],
)
def test_a_clock_that_leaves_the_range_is_refused(
    tmp_path: Path, clock: dict[str, object], complaint: str
) -> None:
    (tmp_path / "tags.txt").write_text("3 8\n4 17\n")
    with pytest.raises(InputError, match=complaint):
        convert(tmp_path / "tags.txt", tmp_path / "x.h5", clock=ClockChange.of(**clock))  # type: ignore[arg-type]


def test_channels_that_cannot_exist_are_refused(tmp_path: Path) -> None:
    (tmp_path / "tags.txt").write_text("3 8\n")
    with pytest.raises(InputError, match="numbered from 0 to 255, got 256"):
        convert(tmp_path / "tags.txt", tmp_path / "x.h5", channels=[256])
