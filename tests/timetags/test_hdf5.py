from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from postproc import kernels
from postproc.errors import InputError
from postproc.reference.records import pack_tags
from postproc.timetags.formats import hdf5_checks, hdf5_reader
from postproc.timetags.header import StateHeader, TagHeader
from postproc.timetags.recording import open_recording
from postproc.timetags.types import Gap, StateChunk, TagChunk
from postproc.timetags.writing import write_recording
from tests.timetags.recordings import joined, same
from tests.timetags.version1 import write_version1

Spoil = Callable[[Any], object]


GAPS = (Gap(5, 10, "overflow", 3), Gap(20, 30, "unknown"))
TIMES = np.arange(5000, dtype=np.int64) * 1000 - 7
TAGS = TagChunk(-7, 5_000_000, TIMES, (np.arange(5000) % 4).astype(np.uint8), GAPS)
HEADER = TagHeader(resolution_ps=1.0, channels={0: "key0"})


def tags(path: Path) -> Path:
    write_recording(path, [TAGS], HEADER)
    return path


def old_tags(path: Path) -> Path:
    return write_version1(path, TAGS, HEADER)


def states(path: Path) -> Path:
    write_recording(
        path, [StateChunk(0, np.arange(5000, dtype=np.uint8) % 16)], StateHeader(slot_period_ps=1000)
    )
    return path


def everything(path: Path) -> None:
    with open_recording(path) as recording:
        recording.info  # noqa: B018 - it is a pass over the file
        list(recording.chunks())


def spoil_bytes(file: Any, place: int, values: list[int]) -> None:
    packed = file["packed"][:]
    packed[place : place + len(values)] = values
    file["packed"][:] = packed


def replace(group: Any, name: str, data: Any, **options: Any) -> None:
    del group[name]
    group.create_dataset(name, data=data, **({"chunks": (65536,), "maxshape": (None,)} | options))


def test_the_layout_is_as_documented(tmp_path: Path) -> None:
    with h5py.File(tags(tmp_path / "tags.h5")) as file:
        assert file.attrs["format"] == b"qkdctl recording"
        assert (file.attrs["start_ps"], file.attrs["stop_ps"], file.attrs["n_tags"]) == (-7, 5_000_000, 5000)
        assert file["packed"][:].tobytes() == pack_tags(TAGS.time_ps.tolist(), TAGS.channel.tolist())
        assert file["block_end"][:].tolist() == [len(file["packed"])]
        assert file["gaps/first_ps"][:].tolist() == [5, 20]
        assert file["gaps/lost"][:].tolist() == [3, -1]
        assert file["packed"].fletcher32
        assert file["block_end"].fletcher32


def test_each_block_is_read_without_the_ones_before(tmp_path: Path) -> None:
    time_ps = np.arange(200_000, dtype=np.int64) * 7 + 5
    chunk = TagChunk(0, 2_000_000, time_ps, np.zeros(200_000, np.uint8))
    write_recording(tmp_path / "tags.h5", [chunk], TagHeader())
    with h5py.File(tmp_path / "tags.h5") as file:
        first, second, *_ = file["block_end"]
        times, _ = kernels.unpack_tags(file["packed"][first:second], 2**16)
    assert times.tolist() == time_ps[2**16 : 2**17].tolist()


def test_a_recording_takes_few_bytes(tmp_path: Path) -> None:
    """1 Mcps on four channels: 3.2 bytes a tag, header and all; the bound of information is 2.92."""
    random = np.random.default_rng(1)
    time_ps = np.cumsum(random.exponential(1e6, 10**6)).astype(np.int64)
    chunk = TagChunk(0, int(time_ps[-1]) + 1, time_ps, random.integers(0, 4, 10**6).astype(np.uint8))
    write_recording(tmp_path / "tags.h5", [chunk], HEADER)
    assert (tmp_path / "tags.h5").stat().st_size < 3.2e6


def test_version_1_is_read(tmp_path: Path) -> None:
    with (
        open_recording(old_tags(tmp_path / "old.h5")) as old,
        open_recording(tags(tmp_path / "new.h5")) as new,
    ):
        assert old.info == new.info
        assert same(*(joined(recording.chunks()) for recording in (old, new)))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda f: f.attrs.__delitem__("format"), "not a recording of this project"),
        (lambda f: f.attrs.modify("format", np.bytes_(b"something else")), "not a recording of this project"),
        (lambda f: f.attrs.create("format", "qkdctl recording"), "must be a text of fixed length"),
        (lambda f: f.attrs.create("version", np.int64(3)), "has version 3 of the recording format"),
        (lambda f: f.attrs.create("version", np.float64(1)), "'version' must be one int64"),
        (lambda f: f.attrs.create("version", np.ones(5, np.int64)), "'version' must be one int64"),
        (lambda f: f.attrs.create("kind", np.bytes_(b"toys")), "kind must be 'tags' or 'states', got 'toys'"),
        (lambda f: f.attrs.__delitem__("stop_ps"), "'stop_ps' is missing"),
        (lambda f: f.attrs.modify("stop_ps", np.int64(-8)), "span runs from -7 to -8 ps"),
        (lambda f: f.attrs.modify("stop_ps", np.int64(2**62)), "span runs"),
        (lambda f: f.attrs.modify("stop_ps", np.int64(9)), "states a stop at 9 ps, yet reaches"),
        (lambda f: f.attrs.modify("start_ps", np.int64(0)), "states a start at 0 ps, but tags from -7 ps"),
        (lambda f: f.attrs.modify("resolution_ps", np.float64("nan")), "must be a positive number"),
        (lambda f: f.attrs.create("metadata", np.bytes_(b"{")), "'metadata' must be JSON"),
        (lambda f: f.attrs.create("metadata", np.bytes_(b"\xff\xff")), "."),
        (lambda f: f.attrs.create("metadata", np.bytes_(b"[" * 50_000)), "'metadata' must be JSON"),
        (lambda f: f.attrs.create("channels", np.bytes_(b'{"a": 1}')), "'channels' must be JSON"),
        (lambda f: f.attrs.create("metadata", np.zeros((), "S100000")), "at most 60000 bytes"),
        (lambda f: f.__delitem__("channel"), "'channel' is missing"),
        (lambda f: f.__delitem__("gaps"), "'gaps' is missing"),
        (lambda f: replace(f, "gaps", np.zeros(9)), "'gaps' must be a group"),
        (
            lambda f: replace(f, "channel", np.zeros(5000, np.int16)),
            "must be a chunked list of uint8, it is int16",
        ),
        (
            lambda f: replace(f, "channel", np.zeros(5000, np.uint8), chunks=None, maxshape=None),
            "chunked list",
        ),
        (
            lambda f: replace(f, "channel", np.zeros((50, 100), np.uint8), chunks=(50, 100), maxshape=None),
            "chunked list",
        ),
        (lambda f: replace(f, "channel", np.zeros(4999, np.uint8)), "5000 times and 4999 channels"),
        (lambda f: replace(f, "channel", np.zeros(5000, np.uint8), chunks=(1,)), "HDF5 chunks of 1 entries"),
        (
            lambda f: replace(f, "channel", np.zeros(5000, np.uint8), chunks=(2**25,)),
            "HDF5 chunks of 33554432",
        ),
        (lambda f: replace(f, "channel", np.zeros(5000, np.uint8), compression="lzf"), "HDF5 filter 32000"),
        (lambda f: replace(f, "channel", np.zeros(5000, np.uint8), scaleoffset=0), "HDF5 filter 6"),
        (lambda f: f["channel"].resize((2**50,)), "claims 1125899906842624 entries"),
        (lambda f: f["channel"].resize((70_000,)), "claims 70000 entries"),
        (lambda f: f["gaps/lost"].resize((1,)), "four lists of the same length"),
        (lambda f: f["gaps/reason"].write_direct(np.full(2, 5, np.uint8)), "has reason 5"),
        (lambda f: f["gaps/lost"].write_direct(np.full(2, -2)), "and -2 lost tags"),
        (lambda f: f["gaps/first_ps"].write_direct(np.array([20, 5])), "at the wrong place"),
        (lambda f: f["gaps/first_ps"].write_direct(np.array([-8, 20])), "at the wrong place"),
        (lambda f: f["gaps"].attrs.modify("reasons", np.bytes_(b'["bored"]')), "other reasons"),
        (lambda f: f["time_delta_ps"].write_direct(np.full(5000, 2**61)), "beyond ±53 days"),
        (lambda f: f["time_delta_ps"].write_direct(np.full(5000, -(2**63))), "beyond ±53 days"),
        (lambda f: f["time_delta_ps"].write_direct(np.full(5000, -7)), "tag 1 .*is earlier"),
    ],
)
def test_what_is_not_as_it_must_be_gets_one_sentence(tmp_path: Path, spoil: Spoil, complaint: str) -> None:
    path = old_tags(tmp_path / "tags.h5")
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(InputError, match=complaint) as caught:
        everything(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda f: f.attrs.modify("n_tags", np.int64(70_000)), "claims 70000 tags in 1 blocks"),
        (lambda f: f.attrs.modify("n_tags", np.int64(-1)), "claims -1 tags in 1 blocks"),
        (lambda f: f.attrs.modify("n_tags", np.int64(4000)), "not 4000 packed time tags"),
        (lambda f: f.__delitem__("packed"), "'packed' is missing"),
        (lambda f: f["block_end"].write_direct(np.array([2**40])), "runs from byte 0 to 1099511627776"),
        (lambda f: f["block_end"].write_direct(np.array([-1])), "runs from byte 0 to -1"),
        (lambda f: f["packed"].resize((9000,)), "blocks runs from byte 0 to|blocks end at byte"),
        (lambda f: spoil_bytes(f, 8, [99]), "packed time tags: they are damaged"),
        (lambda f: spoil_bytes(f, 0, [255] * 7 + [127]), "beyond ±53 days"),
    ],
)
def test_packed_tags_that_are_not_as_they_must_be_get_one_sentence(
    tmp_path: Path, spoil: Spoil, complaint: str
) -> None:
    path = tags(tmp_path / "tags.h5")
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(InputError, match=complaint) as caught:
        everything(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("kind", ["soft", "external", "virtual", "external storage"])
def test_data_elsewhere_is_not_followed(tmp_path: Path, kind: str) -> None:
    path, other = old_tags(tmp_path / "tags.h5"), old_tags(tmp_path / "other.h5")
    with h5py.File(path, "r+") as file:
        del file["channel"]
        if kind == "soft":
            file["channel"] = h5py.SoftLink("/gaps/reason")
        elif kind == "external":
            file["channel"] = h5py.ExternalLink(str(other), "/channel")
        elif kind == "virtual":
            layout = h5py.VirtualLayout((5000,), np.uint8)
            layout[:] = h5py.VirtualSource(str(other), "channel", (5000,))
            file.create_virtual_dataset("channel", layout)
        else:
            file.create_dataset("channel", (5000,), np.uint8, external=[("/etc/passwd", 0, 5000)])
    with pytest.raises(InputError, match=r"is a link, not data|chunked list"):
        everything(path)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda f: f["states"].write_direct(np.full(5000, 16, np.uint8)), "state of slot 0 has bits beyond"),
        (lambda f: f.attrs.modify("n_slots", np.int64(4999)), "claims 4999 slots from 0 on and holds 5000"),
        (lambda f: f.attrs.modify("first_slot", np.int64(-1)), "slots from -1 on"),
        (lambda f: f.attrs.modify("slot_period_ps", np.float64(0)), "must be a positive number, got 0"),
        (lambda f: f.attrs.modify("slot_period_ps", np.float64("inf")), "must be a positive number, got inf"),
        (lambda f: f.attrs.__delitem__("slot_period_ps"), "'slot_period_ps' is missing"),
    ],
)
def test_states_that_are_not_as_they_must_be_get_one_sentence(
    tmp_path: Path, spoil: Spoil, complaint: str
) -> None:
    path = states(tmp_path / "states.h5")
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(InputError, match=complaint):
        everything(path)


def test_other_hdf5_files_are_told_apart(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["data"] = np.arange(5)
    with pytest.raises(InputError, match="an HDF5 file, but not a recording of this project"):
        open_recording(tmp_path / "x.h5")


def test_disorder_is_counted(tmp_path: Path) -> None:
    path = old_tags(tmp_path / "tags.h5")
    with h5py.File(path, "r+") as file:
        delta = file["time_delta_ps"][:]
        delta[[100, 2000]] = -5
        file["time_delta_ps"][:] = delta
    assert open_recording(path).info.out_of_order == 2


def test_too_many_gaps_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5_reader, "MAX_GAPS", 1)
    with pytest.raises(InputError, match="at most 1"):
        everything(tags(tmp_path / "tags.h5"))


def test_a_size_that_the_bytes_cannot_bear_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No library call makes a file whose chunks share their bytes, so the bound is moved instead."""
    chunk = TagChunk(0, 10**6, np.arange(100_000), np.zeros(100_000, np.uint8))
    write_version1(tmp_path / "tags.h5", chunk, TagHeader())
    everything(tmp_path / "tags.h5")
    monkeypatch.setattr(hdf5_checks, "_BEST_COMPRESSION", 1)
    with pytest.raises(InputError, match="claims 100000 entries, but the file does not hold them"):
        everything(tmp_path / "tags.h5")


def test_the_most_compressible_recording_is_read(tmp_path: Path) -> None:
    n = 2**22
    chunk = TagChunk(0, n, np.arange(n), np.zeros(n, np.uint8))
    write_recording(tmp_path / "tags.h5", [chunk], TagHeader())
    assert open_recording(tmp_path / "tags.h5").info.counts == {0: n}


def test_a_closed_recording_is_not_read(tmp_path: Path) -> None:
    recording = open_recording(tags(tmp_path / "tags.h5"))
    recording.close()
    with pytest.raises(InputError):
        list(recording.chunks())
