"""Read recordings in HDF5; see `hdf5_layout`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock
from postproc.timetags.formats import hdf5_layout as layout
from postproc.timetags.formats.hdf5_checks import CheckedNode, hdf5_errors
from postproc.timetags.formats.sealed import RecordingKey, SealedFile, is_sealed
from postproc.timetags.formats.sources import MAX_GAPS
from postproc.timetags.header import StateHeader, TagHeader
from postproc.timetags.scaling import TIME_LIMIT_PS
from postproc.timetags.types import Gap, StateChunk

FORMAT_NAME = "qkdctl HDF5"

_MAX_STATE = 0b1111

#: The longest block that packing makes.
_MOST_BLOCK_BYTES = 8 + 4612 * layout.TAGS_PER_BLOCK // 512

_BEYOND = "its times run beyond ±53 days"

_Tags = tuple[NDArray[np.int64], NDArray[np.uint8]]


def open_hdf5(path: Path, key: RecordingKey | None = None) -> Hdf5Tags | Hdf5States:
    """Open a recording of either kind, with the key if it is encrypted.

    Raises
    ------
    InputError
        If the file is damaged, or HDF5 of another origin.
    """
    with hdf5_errors(path):
        sealed = is_sealed(path)
        if sealed and key is None:
            raise InputError(f"{path} is encrypted: give its key")
        file = h5py.File(SealedFile(path, key) if sealed and key else path, "r")
        try:
            return _by_kind(path, file)
        except BaseException:
            file.close()
            raise


def _by_kind(path: Path, file: Any) -> Hdf5Tags | Hdf5States:
    root = CheckedNode(path, file)
    if not root.has_attribute("format") or root.text("format") != layout.FORMAT:
        raise InputError(f"{path} is an HDF5 file, but not a recording of this project")
    kind, version = root.text("kind"), root.integer("version")
    match kind, version:
        case "tags", 1:
            return DeltaTags(path, file, root)
        case "tags", layout.TAGS_VERSION:
            return PackedTags(path, file, root)
        case "states", layout.STATES_VERSION:
            return Hdf5States(path, file, root)
        case "tags" | "states", _:
            raise InputError(
                f"{path} has version {version} of the recording format, which this program does not read"
            )
    raise root.fault(f"its kind must be 'tags' or 'states', got {kind[:40]!a}")


class Hdf5Tags:
    """What the versions share."""

    format = FORMAT_NAME
    assumed_tick_ps = None
    sorts = False

    def __init__(self, path: Path, file: Any, root: CheckedNode) -> None:
        self.path = path
        self._file, self._root = file, root
        self.header = TagHeader(
            resolution_ps=root.positive("resolution_ps") if root.has_attribute("resolution_ps") else None,
            channels=root.json("channels", dict[int, str]),
            markers=root.json("markers", tuple[int, ...]) if root.has_attribute("markers") else (),
            metadata=root.json("metadata", dict[str, Any]),
        )
        self._span = root.integer("start_ps"), root.integer("stop_ps")
        if not -TIME_LIMIT_PS < self._span[0] <= self._span[1] < TIME_LIMIT_PS:
            raise root.fault(f"its span runs from {self._span[0]} to {self._span[1]} ps")

    @property
    def span(self) -> tuple[int, int]:
        """From and until when it was recorded."""
        return self._span

    def blocks(self) -> Iterator[TagBlock]:
        """Read gaps and span, then tags."""
        with hdf5_errors(self.path):
            yield TagBlock(np.empty(0, np.int64), np.empty(0, np.uint8), self._gaps(), *self._span)
            for time_ps, channel in self._tags():
                yield TagBlock(time_ps, channel)

    def _tags(self) -> Iterator[_Tags]:
        raise NotImplementedError

    def close(self) -> None:
        """Close the file; passes that are under way end with an error."""
        self._file.close()

    def _gaps(self) -> tuple[Gap, ...]:
        group = self._root.group("gaps")
        if group.json("reasons", list[str]) != list(layout.GAP_REASONS):
            raise group.fault("its gaps have other reasons than this version knows")
        names = ("first_ps", "last_ps", "reason", "lost")
        columns = [group.column(name, np.uint8 if name == "reason" else np.int64) for name in names]
        if len({column.shape for column in columns}) != 1 or columns[0].shape[0] > MAX_GAPS:
            raise group.fault(f"its gaps must be four lists of the same length, at most {MAX_GAPS}")
        rows = zip(*(column[:].tolist() for column in columns), strict=True)
        return tuple(self._gap(*row) for row in rows)

    def _gap(self, first_ps: int, last_ps: int, reason: int, lost: int) -> Gap:
        if reason >= len(layout.GAP_REASONS) or lost < -1:
            raise self._root.fault(f"the gap at {first_ps} ps has reason {reason} and {lost} lost tags")
        return Gap(first_ps, last_ps, layout.GAP_REASONS[reason], None if lost < 0 else lost)


class DeltaTags(Hdf5Tags):
    """Time tags of version 1."""

    def __init__(self, path: Path, file: Any, root: CheckedNode) -> None:
        super().__init__(path, file, root)
        self._delta = root.column("time_delta_ps", np.int64)
        self._channel = root.column("channel", np.uint8)
        if self._delta.shape != self._channel.shape:
            raise root.fault(
                f"{self._delta.shape[0]} times and {self._channel.shape[0]} channels do not match"
            )

    def _tags(self) -> Iterator[_Tags]:
        """Read one HDF5 chunk at a time."""
        size = self._delta.chunks[0]
        for first in range(0, self._delta.shape[0], size):
            yield self._times(self._delta[first : first + size]), self._channel[first : first + size]

    def _times(self, delta: NDArray[np.int64]) -> NDArray[np.int64]:
        # The sum in doubles is only good enough to tell whether the sum in integers wraps around.
        if np.abs(np.cumsum(delta, dtype=np.float64)).max() >= 0.999 * TIME_LIMIT_PS:
            raise self._root.fault(_BEYOND)
        return np.cumsum(delta)


class PackedTags(Hdf5Tags):
    """Time tags of version 2."""

    def __init__(self, path: Path, file: Any, root: CheckedNode) -> None:
        super().__init__(path, file, root)
        self._packed = root.column("packed", np.uint8)
        self._ends = root.column("block_end", np.int64)
        self._n_tags = root.integer("n_tags")
        if self._ends.shape[0] != -(-self._n_tags // layout.TAGS_PER_BLOCK):
            raise root.fault(f"it claims {self._n_tags} tags in {self._ends.shape[0]} blocks")

    def _tags(self) -> Iterator[_Tags]:
        """Read one block at a time."""
        start, left = 0, self._n_tags
        for end in self._each_end():
            if not start <= end <= min(start + _MOST_BLOCK_BYTES, self._packed.shape[0]):
                raise self._root.fault(f"one of its blocks runs from byte {start} to {end}")
            time_ps, channel = self._unpack(start, end, min(left, layout.TAGS_PER_BLOCK))
            start, left = end, left - len(time_ps)
            if not -TIME_LIMIT_PS < int(time_ps.min()) <= int(time_ps.max()) < TIME_LIMIT_PS:
                raise self._root.fault(_BEYOND)
            yield time_ps, channel
        if start != self._packed.shape[0]:
            raise self._root.fault(f"its blocks end at byte {start} of {self._packed.shape[0]}")

    def _each_end(self) -> Iterator[int]:
        size = self._ends.chunks[0]
        for first in range(0, self._ends.shape[0], size):
            yield from self._ends[first : first + size].tolist()

    def _unpack(self, start: int, end: int, tags: int) -> _Tags:
        try:
            return kernels.unpack_tags(self._packed[start:end], tags)
        except InputError as error:
            raise self._root.fault(str(error)) from None


class Hdf5States:
    """Prepared states in HDF5."""

    format = FORMAT_NAME

    def __init__(self, path: Path, file: Any, root: CheckedNode) -> None:
        self.path = path
        self._file, self._root = file, root
        self.header = StateHeader(
            slot_period_ps=root.positive("slot_period_ps"), metadata=root.json("metadata", dict[str, Any])
        )
        self._states = root.column("states", np.uint8)
        self.first_slot, self.n_slots = root.integer("first_slot"), root.integer("n_slots")
        if self.first_slot < 0 or self.n_slots != self._states.shape[0]:
            raise root.fault(
                f"it claims {self.n_slots} slots from {self.first_slot} on and holds {self._states.shape[0]}"
            )

    def chunks(self, max_slots: int) -> Iterator[StateChunk]:
        """Read `max_slots` slots at a time."""
        with hdf5_errors(self.path):
            for first in range(0, self.n_slots, max_slots):
                states = self._states[first : first + max_slots]
                if (states > _MAX_STATE).any():
                    slot = self.first_slot + first + int((states > _MAX_STATE).argmax())
                    raise self._root.fault(f"the state of slot {slot} has bits beyond the first four")
                yield StateChunk(self.first_slot + first, states)

    def close(self) -> None:
        """Close the file; passes that are under way end with an error."""
        self._file.close()
