"""Recording: tags to a file on the disk and back, and how many bytes a tag takes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import h5py
import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from postproc.timetags.header import TagHeader
from postproc.timetags.recording import open_tags
from postproc.timetags.types import TagChunk
from postproc.timetags.writing import write_recording
from qkdctl.benchmarks.case import Case

N, BLOCK = 2**23, 2**16
MEAN_PS = 1e6


def cases() -> Iterator[Case]:
    """1 Mcps on four channels; the bound of information is 2.92 bytes a tag."""
    rng = np.random.default_rng(1)
    time_ps = np.cumsum(rng.exponential(MEAN_PS, N)).astype(np.int64)
    channel = rng.integers(0, 4, N).astype(np.uint8)
    block = time_ps[:BLOCK], channel[:BLOCK]
    yield Case(
        "tags packed, blocks of 64 Ki",
        BLOCK / 1e6,
        "Mtags/s",
        partial(kernels.pack_tags, *block),
        partial(_check_packed, *block),
        "pack_tags",
        figures=_bytes_packed,
        clock=process_time,
    )
    packed = kernels.pack_tags(*block)
    yield Case(
        "tags unpacked, blocks of 64 Ki",
        BLOCK / 1e6,
        "Mtags/s",
        partial(kernels.unpack_tags, packed, BLOCK),
        partial(_check_unpacked, *block),
        "unpack_tags",
        clock=process_time,
    )
    with TemporaryDirectory(prefix="qkdctl-bench-") as folder:
        yield from _files(Path(folder), time_ps, channel)


def _files(folder: Path, time_ps: NDArray[np.int64], channel: NDArray[np.uint8]) -> Iterator[Case]:
    path = folder / "tags.h5"
    chunk = TagChunk(0, int(time_ps[-1]) + 1, time_ps, channel)
    yield Case(
        "8 Mi tags recorded to a file",
        N / 1e6,
        "Mtags/s",
        partial(_record, path, chunk),
        partial(_check_file, time_ps, channel),
        peers={"h5py, shuffle and gzip 1": partial(_by_h5py, folder / "peer.h5", chunk)},
        figures=lambda answer: {"bytes_per_tag": Path(str(answer)).stat().st_size / N},
    )
    yield Case(
        "8 Mi tags read from a file",
        N / 1e6,
        "Mtags/s",
        lambda: sum(len(block.time_ps) for block in open_tags(path).blocks()),
        _check_count,
    )


def _record(path: Path, chunk: TagChunk) -> Path:
    write_recording(path, [chunk], TagHeader())
    return path


def _by_h5py(path: Path, chunk: TagChunk) -> Path:
    """First differences through HDF5's own filters, as is usual."""
    steps = np.diff(chunk.time_ps, prepend=0)
    with h5py.File(path, "w") as file:
        for name, values in (("step", steps), ("channel", chunk.channel)):
            options = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
            file.create_dataset(name, data=values, chunks=(2**18,), **options)
    return path


def _bytes_packed(answer: object) -> dict[str, float]:
    assert isinstance(answer, np.ndarray)
    return {"bytes_per_tag": len(answer) / BLOCK}


def _check_packed(time_ps: NDArray[np.int64], channel: NDArray[np.uint8], answer: object) -> None:
    assert isinstance(answer, np.ndarray)
    _check_unpacked(time_ps, channel, kernels.unpack_tags(answer, BLOCK))


def _check_unpacked(time_ps: NDArray[np.int64], channel: NDArray[np.uint8], answer: object) -> None:
    assert isinstance(answer, tuple)
    assert np.array_equal(answer[0], time_ps)
    assert np.array_equal(answer[1], channel)


def _check_file(time_ps: NDArray[np.int64], channel: NDArray[np.uint8], answer: object) -> None:
    assert isinstance(answer, Path)
    if answer.name == "peer.h5":
        with h5py.File(answer) as file:
            assert np.array_equal(np.cumsum(file["step"][:]), time_ps)
        return
    with open_tags(answer) as recording:
        blocks = list(recording.blocks())
    assert np.array_equal(np.concatenate([block.time_ps for block in blocks]), time_ps)
    assert np.array_equal(np.concatenate([block.channel for block in blocks]), channel)


def _check_count(answer: object) -> None:
    assert answer == N
