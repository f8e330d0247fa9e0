from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from postproc.errors import InputError
from postproc.timetags.header import StateHeader, TagHeader
from postproc.timetags.recording import open_recording
from postproc.timetags.types import StateChunk, TagChunk
from postproc.timetags.writing import write_recording
from tests.support.full_disk import disk_of_bytes

NAMES = ["tags.h5", "tags", "tags.dat", "tags.txt", "tags.txt.gz", "tags.csv"]


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def chunk(start: int, stop: int, *times: int) -> TagChunk:
    return TagChunk(start, stop, np.array(times, np.int64), np.zeros(len(times), np.uint8))


@pytest.mark.parametrize("name", NAMES)
def test_only_the_owner_may_read_it_whatever_the_umask(tmp_path: Path, name: str) -> None:
    before = os.umask(0)
    try:
        write_recording(tmp_path / name, [chunk(0, 9, 1, 5)], TagHeader())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert open_recording(tmp_path / name).info.counts == {0: 2}
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stop_with", [KeyboardInterrupt, InputError("bad"), MemoryError])
def test_an_end_halfway_leaves_what_was_there(
    tmp_path: Path, name: str, stop_with: type[BaseException]
) -> None:
    (tmp_path / name).write_text("precious")

    def chunks() -> Iterator[TagChunk]:
        yield chunk(0, 10**6, *range(100_000))
        raise stop_with

    with pytest.raises(BaseException) as caught:  # noqa: PT011
        write_recording(tmp_path / name, chunks(), TagHeader())
    assert caught.type in (stop_with, type(stop_with))
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "precious"


@pytest.mark.parametrize("name", ["a.pt2", "a.ttbin", "A.PHU", "a.npz", "a.h5.gz"])
def test_a_name_that_would_mislead_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="files are not written here"):
        write_recording(tmp_path / name, [chunk(0, 9)], TagHeader())
    assert not names(tmp_path)


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(InputError, match="something that is not a file stands there"):
            write_recording(tmp_path / name, [chunk(0, 9)], TagHeader())
    assert names(tmp_path) == ["folder", "pipe"]


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot write .*: No such file or directory"):
        write_recording(tmp_path / "no" / "tags.h5", [chunk(0, 9)], TagHeader())


@pytest.mark.parametrize(
    ("chunks", "complaint"),
    [
        ([], "nothing to write"),
        ([chunk(0, 5), chunk(6, 7)], "a chunk starts at 6 ps, the last ended at 5 ps"),
        ([chunk(0, 5, 3, 2)], "not sorted"),
        ([chunk(0, 5, 3, 5)], "outside of their span"),
        ([chunk(0, 5, -1)], "outside of their span"),
    ],
)
@pytest.mark.parametrize("name", ["tags.h5", "tags.txt"])
def test_chunks_that_make_no_recording_are_refused(
    tmp_path: Path, name: str, chunks: list[TagChunk], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        write_recording(tmp_path / name, chunks, TagHeader())
    assert not names(tmp_path)


def test_states_with_a_hole_are_refused(tmp_path: Path) -> None:
    chunks = [StateChunk(0, np.zeros(3, np.uint8)), StateChunk(4, np.zeros(3, np.uint8))]
    with pytest.raises(InputError, match="slot 4 follows slot 2"):
        write_recording(tmp_path / "states.h5", chunks, StateHeader(slot_period_ps=1))
    with pytest.raises(InputError, match="nothing to write"):
        write_recording(tmp_path / "states.h5", [], StateHeader(slot_period_ps=1))
    with pytest.raises(InputError, match="not written as text"):
        write_recording(tmp_path / "states.txt", chunks[:1], StateHeader(slot_period_ps=1))
    assert not names(tmp_path)


@pytest.mark.parametrize("size", [0, 100, 5_000, 70_000, 300_000])
@pytest.mark.parametrize("name", ["tags.h5", "tags.txt", "tags.txt.gz"])
def test_a_full_disk_is_said(tmp_path: Path, name: str, size: int) -> None:
    times = np.sort(np.random.default_rng(1).integers(0, 10**15, 200_000))
    whole = TagChunk(0, 10**15, times, np.zeros(len(times), np.uint8))
    with disk_of_bytes(size), pytest.raises(InputError, match=r"cannot write .*: File too large"):
        write_recording(tmp_path / name, [whole], TagHeader())
    assert not names(tmp_path)


# An interrupt in the midst of tidying up leaves a file object for the garbage collector to close.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["tags.h5", "tags.txt.gz"])
def test_an_interrupt_at_any_moment_leaves_all_or_nothing(tmp_path: Path, name: str) -> None:
    """HDF5 ends in a segmentation fault if an interrupt is raised inside one of its writes."""
    times = np.sort(np.random.default_rng(1).integers(0, 10**12, 150_000))
    whole = TagChunk(0, 10**12, times, np.zeros(len(times), np.uint8))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGVTALRM, interrupt)
    try:
        for after_ms in range(1, 40):
            signal.setitimer(signal.ITIMER_VIRTUAL, after_ms / 1000)
            with suppress(KeyboardInterrupt):
                write_recording(tmp_path / name, [whole], TagHeader())
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            assert names(tmp_path) in ([], [name])
            if names(tmp_path):
                assert open_recording(tmp_path / name).info.counts == {0: len(times)}
                (tmp_path / name).unlink()
    finally:
        signal.signal(signal.SIGVTALRM, before)


def test_it_is_on_the_disk_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []

    def fsync(descriptor: int) -> None:
        order.append(("fsync", Path(f"/proc/self/fd/{descriptor}").resolve()))

    def replace(draft: Path, path: Path) -> None:
        order.append(("replace", draft))
        draft.rename(path)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    write_recording(tmp_path / "tags.h5", [chunk(0, 9, 4)], TagHeader())
    draft = order[0][1]
    assert order == [("fsync", draft), ("replace", draft), ("fsync", tmp_path)]
    assert (draft.parent, draft.suffix) == (tmp_path, ".part")


def test_the_same_recording_gives_the_same_text(tmp_path: Path) -> None:
    for name in ("a.txt.gz", "b.txt.gz"):
        write_recording(tmp_path / name, [chunk(0, 9, 4)], TagHeader())
    assert (tmp_path / "a.txt.gz").read_bytes() == (tmp_path / "b.txt.gz").read_bytes()


def test_a_header_that_does_not_fit_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="metadata takes 70008 bytes"):
        write_recording(tmp_path / "a.h5", [chunk(0, 9, 4)], TagHeader(metadata={"x": "y" * 70_000}))
    assert not names(tmp_path)
