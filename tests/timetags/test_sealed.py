"""Encrypted recordings, and recordings in segments."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from postproc.errors import InputError
from postproc.timetags.formats.sealed import RecordingKey, SealedFile, seal
from postproc.timetags.header import TagHeader
from postproc.timetags.recording import open_recording, open_tags
from postproc.timetags.segments import SegmentWriter
from postproc.timetags.types import Gap, TagChunk
from postproc.timetags.writing import write_recording
from tests.timetags.recordings import joined, same

KEY, OTHER = RecordingKey(bytes(range(32))), RecordingKey(bytes(32))
HEADER = TagHeader(resolution_ps=1.0, channels={0: "key0"}, metadata={"origin": "test"})


def part(number: int, gaps: tuple[Gap, ...] = ()) -> TagChunk:
    start = number * 10**6
    time_ps = np.arange(0, 10**6, 100, dtype=np.int64) + start
    return TagChunk(start, start + 10**6, time_ps, (np.arange(10_000) % 4).astype(np.uint8), gaps)


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 200_000])
def test_contents_come_back_at_any_place(tmp_path: Path, size: int) -> None:
    contents = np.random.default_rng(size).bytes(size)
    seal(memoryview(contents), tmp_path / "sealed", KEY, bytes(16))
    with SealedFile(tmp_path / "sealed", KEY) as file:
        assert file.read() == contents
        for place in (0, size // 2, max(0, size - 3)):
            file.seek(place)
            assert file.read(70_000) == contents[place : place + 70_000]
        file.seek(-1 if size else 0, 2)
        assert file.read(5) == contents[-1:]


def test_a_recording_is_read_with_its_key_only(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.h5", [part(0)], HEADER, key=KEY)
    with open_tags(tmp_path / "a.h5", key=KEY) as recording:
        assert recording.header == HEADER
        assert same(joined(recording.chunks()), part(0))
    with pytest.raises(InputError, match="is encrypted: give its key"):
        open_recording(tmp_path / "a.h5")
    with pytest.raises(InputError, match="encrypted with another key, cut short or damaged"):
        open_recording(tmp_path / "a.h5", key=OTHER)


def test_nothing_of_it_is_on_the_disk_in_the_clear(tmp_path: Path) -> None:
    for path in (tmp_path / "a.h5", tmp_path / "b.h5"):
        write_recording(path, [part(0)], HEADER, key=KEY)
    files = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert len(files) == 2
    # Long enough that sealed bytes do not spell them by chance.
    assert not any(word in data for data in files for word in (b"\x89HDF\r\n", b"origin"))
    assert files[0][16:] != files[1][16:], "a salt was used twice"


def test_no_change_goes_unnoticed(tmp_path: Path) -> None:
    contents = np.random.default_rng(1).bytes(150_000)
    seal(memoryview(contents), tmp_path / "sealed", KEY, bytes(16))
    good = (tmp_path / "sealed").read_bytes()
    chunk = 65536 + 16
    spoiled = [
        good[:-1], good[:-5000], good[: 32 + chunk], good[: 32 + 2 * chunk], good[:40], good[:20], good + b"x",
        good[:32] + good[32 + chunk : 32 + 2 * chunk] + good[32 : 32 + chunk] + good[32 + 2 * chunk :],
        good[:32] + good[32 + chunk :], good[:32] + good[-1000:],
        *(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :] for place in range(3, len(good), 9973)),
    ]  # fmt: skip
    for data in spoiled:
        (tmp_path / "spoiled").write_bytes(data)
        with pytest.raises(InputError, match="another key, cut short or damaged"):
            SealedFile(tmp_path / "spoiled", KEY).read()


def test_a_key_shows_itself_nowhere(tmp_path: Path) -> None:
    assert repr(KEY) == "<the key of a recording>"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(KEY)
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(InputError, match="at least 32 bytes, got 5"):
        RecordingKey.read(tmp_path / "key")


def test_only_own_recordings_are_encrypted(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="only the project's own recordings are encrypted"):
        write_recording(tmp_path / "a.txt", [part(0)], HEADER, key=KEY)


@pytest.mark.parametrize("key", [None, KEY])
def test_segments_are_one_recording(tmp_path: Path, key: RecordingKey | None) -> None:
    gaps = {1: (Gap(1_000_000, 1_000_500, "dropped", 3),), 3: (Gap(3_100_000, 3_999_999, "overflow"),)}
    parts = [part(number, gaps.get(number, ())) for number in range(5)]
    with SegmentWriter(tmp_path / "r", HEADER, key=key, max_tags=20_000) as writer:
        for chunk in parts:
            writer.append(chunk)
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["000001.h5", "000002.h5", "000003.h5"]
    with open_tags(tmp_path / "r", key=key) as recording:
        assert same(joined(recording.chunks()), joined(parts))
        assert recording.info.gaps == gaps[1] + gaps[3]
        assert (recording.header, recording.format) == (HEADER, "qkdctl HDF5, 3 segments")


def test_a_killed_recorder_loses_the_last_segment_only(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "r", HEADER, max_tags=20_000)
    for number in range(5):
        writer.append(part(number))
    del writer
    with open_tags(tmp_path / "r") as recording:
        assert same(joined(recording.chunks()), joined([part(number) for number in range(4)]))


def test_a_missing_segment_is_a_gap(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path / "r", HEADER, max_tags=1) as writer:
        for number in range(4):
            writer.append(part(number))
    (tmp_path / "r" / "000002.h5").unlink()
    with open_tags(tmp_path / "r") as recording:
        assert recording.info.gaps == (Gap(1_000_000, 1_999_999, "dropped"),)
        assert joined(recording.chunks()).gaps == recording.info.gaps


def test_segments_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory without segments"):
        open_recording(tmp_path)
    write_recording(tmp_path / "000001.h5", [part(1)], HEADER)
    write_recording(tmp_path / "000002.h5", [part(0)], HEADER)
    with pytest.raises(
        InputError, match=r"000002\.h5 starts at 0 ps, and the segment before it ends at 2000000 ps"
    ):
        open_tags(tmp_path).info  # noqa: B018 - it is a pass over the segments
    write_recording(tmp_path / "000002.h5", [part(2)], TagHeader())
    with pytest.raises(InputError, match="another header than the first"):
        open_tags(tmp_path).info  # noqa: B018
    with pytest.raises(InputError, match="holds the segments of another recording"):
        SegmentWriter(tmp_path, HEADER)
