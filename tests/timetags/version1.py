"""Recordings of time tags as version 1 of the format had them, which are still to be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from postproc.timetags.header import TagHeader
from postproc.timetags.types import TagChunk
from postproc.timetags.writing import write_recording

TAGS_PER_CHUNK = 2**16


def write_version1(path: Path, chunk: TagChunk, header: TagHeader) -> Path:
    """The layout of version 1: differences, beginning anew with each HDF5 chunk."""
    write_recording(path, [chunk], header)
    delta = np.diff(chunk.time_ps, prepend=chunk.time_ps[:1])
    delta[::TAGS_PER_CHUNK] = chunk.time_ps[::TAGS_PER_CHUNK]
    with h5py.File(path, "r+") as file:
        for name in ("packed", "block_end"):
            del file[name]
        del file.attrs["n_tags"]
        file.attrs["version"] = np.int64(1)
        _column(file, "time_delta_ps", delta)
        _column(file, "channel", chunk.channel)
    return path


def _column(file: Any, name: str, data: np.ndarray) -> None:
    file.create_dataset(
        name, data=data, chunks=(TAGS_PER_CHUNK,), maxshape=(None,), compression="gzip", fletcher32=True
    )
