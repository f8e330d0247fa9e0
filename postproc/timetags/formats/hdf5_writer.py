"""Write recordings as HDF5; see `hdf5_layout`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from postproc.errors import InputError
from postproc.timetags.formats import hdf5_layout as layout
from postproc.timetags.formats.hdf5_disk import hdf5_written
from postproc.timetags.formats.sealed import RecordingKey
from postproc.timetags.gaps import add_gap
from postproc.timetags.header import StateHeader, TagHeader
from postproc.timetags.types import Gap, StateChunk, TagChunk

#: Least effort: more of it saves 3 % of the space for several times the time.
_DEFLATE_LEVEL = 1

#: Entries that are written at once: a call of h5py takes as long as writing a megabyte.
_BATCH = 2**22


def write_tags(
    path: Path, chunks: Iterable[TagChunk], header: TagHeader, key: RecordingKey | None = None
) -> None:
    """Write a recording of time tags.

    Parameters
    ----------
    path : Path
        An existing file, which is overwritten.
    chunks : iterable of TagChunk
        At least one; their spans are joined.
    header : TagHeader
        Written into the root's attributes.
    key : RecordingKey, optional
        Encrypts the file.
    """
    with hdf5_written(path, key) as (file, run):
        table = run(_TagTable, file, header)
        for chunk in chunks:
            run(table.append, chunk)
        run(table.finish)


def write_states(
    path: Path, chunks: Iterable[StateChunk], header: StateHeader, key: RecordingKey | None = None
) -> None:
    """Write a recording of prepared states; parameters as for `write_tags`."""
    with hdf5_written(path, key) as (file, run):
        table = run(_StateTable, file, header)
        for chunk in chunks:
            run(table.append, chunk)
        run(table.finish)


class _TagTable:
    """The contents of a recording of time tags."""

    def __init__(self, file: Any, header: TagHeader) -> None:
        _describe(file, "tags", layout.TAGS_VERSION, header.metadata)
        _set_json(file, "channels", header.channels)
        if header.markers:
            _set_json(file, "markers", header.markers)
        if header.resolution_ps is not None:
            file.attrs["resolution_ps"] = float(header.resolution_ps)
        self._file = file
        self._tags = _PackedTags(file)
        self._gaps: list[Gap] = []

    def append(self, chunk: TagChunk) -> None:
        self._file.attrs.setdefault("start_ps", np.int64(chunk.start_ps))
        self._file.attrs["stop_ps"] = np.int64(chunk.stop_ps)
        self._tags.append(chunk.time_ps, chunk.channel)
        for gap in chunk.gaps:
            add_gap(self._gaps, gap)

    def finish(self) -> None:
        self._file.attrs["n_tags"] = np.int64(self._tags.finish())
        _write_gaps(self._file.create_group("gaps"), self._gaps)


class _StateTable:
    """The contents of a recording of prepared states."""

    def __init__(self, file: Any, header: StateHeader) -> None:
        _describe(file, "states", layout.STATES_VERSION, header.metadata)
        file.attrs["slot_period_ps"] = float(header.slot_period_ps)
        self._file = file
        self._states = _Column(file, "states", np.dtype(np.uint8), layout.SLOTS_PER_CHUNK)

    def append(self, chunk: StateChunk) -> None:
        self._file.attrs.setdefault("first_slot", np.int64(chunk.first_slot))
        self._states.append(chunk.states)

    def finish(self) -> None:
        self._states.flush()
        self._file.attrs["n_slots"] = np.int64(len(self._states))


class _Column:
    """A data set that grows by whole HDF5 chunks; only the last may be shorter."""

    def __init__(
        self, group: Any, name: str, dtype: np.dtype[Any], chunk: int, *, deflate: bool = True
    ) -> None:
        self._chunk = chunk
        self._waiting: list[NDArray[Any]] = []
        self._n_waiting = 0
        self._dataset = group.create_dataset(
            name,
            shape=(0,),
            maxshape=(None,),
            chunks=(chunk,),
            dtype=dtype,
            shuffle=deflate and dtype.itemsize > 1,
            compression="gzip" if deflate else None,
            compression_opts=_DEFLATE_LEVEL if deflate else None,
            fletcher32=True,
        )

    def __len__(self) -> int:
        return int(self._dataset.shape[0])

    def append(self, values: NDArray[Any]) -> None:
        self._waiting.append(values)
        self._n_waiting += len(values)
        if self._n_waiting >= max(self._chunk, _BATCH):
            joined = np.concatenate(self._waiting)
            whole = len(joined) // self._chunk * self._chunk
            self._write(joined[:whole])
            self._waiting, self._n_waiting = [joined[whole:]], len(joined) - whole

    def flush(self) -> None:
        """Write what is left; nothing may be appended after it."""
        if self._n_waiting:
            self._write(np.concatenate(self._waiting))

    def _write(self, values: NDArray[Any]) -> None:
        written = len(self)
        self._dataset.resize((written + len(values),))
        self._dataset[written:] = values


class _PackedTags:
    """The tags, packed block by block."""

    def __init__(self, file: Any) -> None:
        self._packed = _Column(file, "packed", np.dtype(np.uint8), layout.BYTES_PER_CHUNK, deflate=False)
        self._ends = _Column(file, "block_end", np.dtype(np.int64), layout.GAPS_PER_CHUNK)
        self._time_ps: NDArray[np.int64] = np.empty(0, np.int64)
        self._channel: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._n_tags = self._n_bytes = 0

    def append(self, time_ps: NDArray[np.int64], channel: NDArray[np.uint8]) -> None:
        if len(self._time_ps):
            time_ps = np.concatenate([self._time_ps, time_ps])
            channel = np.concatenate([self._channel, channel])
        size = layout.TAGS_PER_BLOCK
        whole = len(time_ps) // size * size
        for first in range(0, whole, size):
            self._write(time_ps[first : first + size], channel[first : first + size])
        self._time_ps, self._channel = time_ps[whole:], channel[whole:]

    def finish(self) -> int:
        """Write what is left; give the number of tags."""
        if len(self._time_ps):
            self._write(self._time_ps, self._channel)
        self._packed.flush()
        self._ends.flush()
        return self._n_tags

    def _write(self, time_ps: NDArray[np.int64], channel: NDArray[np.uint8]) -> None:
        packed = kernels.pack_tags(np.ascontiguousarray(time_ps, np.int64), np.ascontiguousarray(channel))
        self._n_tags += len(time_ps)
        self._n_bytes += len(packed)
        self._packed.append(packed)
        self._ends.append(np.array([self._n_bytes], np.int64))


def _describe(file: Any, kind: str, version: int, metadata: dict[str, Any]) -> None:
    _set_text(file, "format", layout.FORMAT)
    file.attrs["version"] = np.int64(version)
    _set_text(file, "kind", kind)
    _set_json(file, "metadata", metadata)


def _write_gaps(group: Any, gaps: list[Gap]) -> None:
    _set_json(group, "reasons", layout.GAP_REASONS)
    columns = {
        "first_ps": [gap.first_ps for gap in gaps],
        "last_ps": [gap.last_ps for gap in gaps],
        "lost": [-1 if gap.lost is None else gap.lost for gap in gaps],
        "reason": [layout.GAP_REASONS.index(gap.reason) for gap in gaps],
    }
    for name, values in columns.items():
        dtype = np.dtype(np.uint8 if name == "reason" else np.int64)
        column = _Column(group, name, dtype, layout.GAPS_PER_CHUNK)
        column.append(np.array(values, dtype))
        column.flush()


def _set_json(node: Any, name: str, value: object) -> None:
    _set_text(node, name, msgspec.json.encode(value).decode("utf-8"))


def _set_text(node: Any, name: str, text: str) -> None:
    encoded = text.encode("utf-8")
    if len(encoded) > layout.MAX_TEXT_BYTES:
        raise InputError(
            f"the header's {name} takes {len(encoded)} bytes, at most {layout.MAX_TEXT_BYTES} fit"
        )
    node.attrs.create(name, np.bytes_(encoded), dtype=h5py.string_dtype("utf-8", len(encoded)))
