from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.errors import InputError
from postproc.timetags.cutting import cut
from postproc.timetags.header import StateHeader, TagHeader
from postproc.timetags.recording import open_recording, open_states, open_tags
from postproc.timetags.types import StateChunk, TagChunk
from postproc.timetags.writing import write_recording
from tests.timetags.recordings import as_blocks, joined, same, whole_recordings

HEADERS = st.builds(
    TagHeader,
    resolution_ps=st.none() | st.floats(1e-3, 1e6),
    channels=st.dictionaries(st.integers(0, 255), st.text(max_size=9), max_size=3),
    metadata=st.dictionaries(st.text(max_size=9), st.integers(0, 9) | st.text(max_size=9), max_size=3),
)


@given(
    whole_recordings(), HEADERS, st.integers(1, 70), st.sampled_from(["h5", "txt", "csv", "txt.gz", "csv.gz"])
)
def test_tags_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, whole: TagChunk, header: TagHeader, max_tags: int, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"tags.{suffix}"
    write_recording(path, cut(as_blocks(whole), "x", max_tags), header)
    with open_tags(path) as recording:
        assert same(joined(recording.chunks()), whole)
        assert same(joined(recording.chunks(3)), whole)
        assert recording.header == header
        info = recording.info
    assert info.counts == {c: int(n) for c, n in enumerate(np.bincount(whole.channel)) if n}
    assert (info.start_ps, info.stop_ps, info.gaps) == (whole.start_ps, whole.stop_ps, whole.gaps)
    assert info.duration_s == pytest.approx((whole.stop_ps - whole.start_ps) * 1e-12)
    assert info.overflows == sum(gap.reason == "overflow" for gap in whole.gaps)
    assert info.out_of_order == 0


def test_more_tags_than_one_hdf5_chunk_come_back(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    time_ps = np.cumsum(random.integers(0, 10**6, 200_001))
    channel = random.integers(0, 256, len(time_ps)).astype(np.uint8)
    whole = TagChunk(-5, int(time_ps[-1]) + 9, time_ps, channel)
    for max_tags in (1_000, 65_536, 150_000, 300_000):
        write_recording(tmp_path / "tags", cut(as_blocks(whole), "x", max_tags), TagHeader())
        assert same(joined(open_tags(tmp_path / "tags").chunks()), whole)


@given(
    states=st.binary(min_size=1, max_size=300).map(lambda b: np.frombuffer(b, np.uint8) & 15),
    first=st.integers(0, 2**40),
    cuts=st.integers(1, 50),
    max_slots=st.integers(1, 50),
)
def test_states_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, states: np.ndarray, first: int, cuts: int, max_slots: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "states.h5"
    chunks = [StateChunk(first + k, states[k : k + cuts]) for k in range(0, len(states), cuts)]
    write_recording(path, chunks, StateHeader(slot_period_ps=1000.5, metadata={"laser": "L1"}))
    with open_states(path) as recording:
        read = list(recording.chunks(max_slots))
        info = recording.info
    assert [chunk.first_slot for chunk in read] == list(range(first, first + len(states), max_slots))
    assert np.array_equal(np.concatenate([chunk.states for chunk in read]), states)
    assert (info.kind, info.first_slot, info.n_slots, info.slot_period_ps) == (
        "states",
        first,
        len(states),
        1000.5,
    )
    assert info.metadata == {"laser": "L1"}
    assert info.duration_s == pytest.approx(len(states) * 1000.5e-12, abs=2e-12)


def test_the_kind_is_told_and_checked(tmp_path: Path) -> None:
    tags, states = tmp_path / "a", tmp_path / "b"
    write_recording(tags, [TagChunk(0, 1, np.empty(0, np.int64), np.empty(0, np.uint8))], TagHeader())
    write_recording(states, [StateChunk(0, np.zeros(3, np.uint8))], StateHeader(slot_period_ps=1))
    assert [open_recording(path).kind for path in (tags, states)] == ["tags", "states"]
    with pytest.raises(InputError, match="holds prepared states; expected a recording of time tags"):
        open_tags(states)
    with pytest.raises(InputError, match="holds time tags; expected a recording of prepared states"):
        open_states(tags)
    with pytest.raises(InputError, match="states its own unit"):
        open_recording(tags, tick_ps=1)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        open_recording(tmp_path / "missing")
    with pytest.raises(InputError, match="is a directory without segments"):
        open_recording(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="no regular file"):
        open_recording(tmp_path / "pipe")
    with pytest.raises(InputError, match="no regular file"):
        open_recording("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InputError, match="symbolic link"):
        open_recording(tmp_path / "loop")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_said(tmp_path: Path) -> None:
    (tmp_path / "tags").write_text("1 1\n")
    (tmp_path / "tags").chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        open_recording(tmp_path / "tags")
