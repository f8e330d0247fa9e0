"""Write a recording: whole or not at all, and for nobody else's eyes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TypeVar, cast

import numpy as np

from postproc.errors import InputError
from postproc.files import replacing
from postproc.kernels import first_disorder
from postproc.timetags.formats.choice import Form, Written, instrument_writer, written_format
from postproc.timetags.formats.sealed import RecordingKey
from postproc.timetags.formats.text_writer import write_text
from postproc.timetags.header import Header, StateHeader, TagHeader
from postproc.timetags.types import StateChunk, TagChunk

_Chunk = TypeVar("_Chunk", TagChunk, StateChunk)


def write_recording(
    path: str | PathLike[str],
    chunks: Iterable[TagChunk] | Iterable[StateChunk],
    header: Header,
    to: Form | None = None,
    key: RecordingKey | None = None,
) -> None:
    """Write a recording, readable by its owner only: tags and states are key material.

    The file appears under its name when it is complete and on the disk. On any error, Ctrl-C included,
    what stood there before stays as it was and nothing else is left behind.

    Parameters
    ----------
    path : path-like
        ``.txt``, ``.csv`` (either with ``.gz``) give text, ``.ptu`` and ``.ts`` the records of PicoQuant and
        S-Fifteen; anything else gives HDF5.
    chunks : iterable of TagChunk or of StateChunk
        At least one; each begins where the one before it ends.
    header : TagHeader or StateHeader
        Says which kind it is.
    to : str, optional
        The format, whatever the suffix; instruments' formats hold no gaps, most of them no header.
    key : RecordingKey, optional
        Encrypts an HDF5 recording, which is then put together in memory: see
        :mod:`~postproc.timetags.segments` for long ones.

    Raises
    ------
    InputError
        If the file cannot be written, its suffix stands for a format that is not written here, or the chunks
        do not make a recording.
    """
    path = Path(path)
    written = written_format(path) if to is None else to
    if key is not None and written != "hdf5":
        raise InputError(f"cannot write {path}: only the project's own recordings are encrypted; use .h5")
    with _replacing(path) as draft:
        if isinstance(header, TagHeader):
            tags = _joined_tags(cast("Iterable[TagChunk]", chunks), str(path))
            _write_tags(draft, written, tags, header, key)
        elif written == "hdf5":
            states = _joined_states(cast("Iterable[StateChunk]", chunks), str(path))
            _write_states(draft, states, header, key)
        else:
            raise InputError(f"cannot write {path}: prepared states are not written as text; use .h5")


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a new private file beside `path` that takes its place if all goes well."""
    if path.exists() and not path.is_file():
        raise InputError(f"cannot write {path}: something that is not a file stands there")
    try:
        with replacing(path) as draft:
            yield draft
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None


def _write_tags(
    draft: Path, written: Written, chunks: Iterable[TagChunk], header: TagHeader, key: RecordingKey | None
) -> None:
    if written == "hdf5":
        from postproc.timetags.formats import hdf5_writer  # h5py takes 0.1 s to import

        hdf5_writer.write_tags(draft, chunks, header, key)
    elif (write := instrument_writer(written)) is not None:
        write(draft, chunks, header)
    else:
        write_text(draft, chunks, header, comma=written.startswith("csv"), zipped=written.endswith(".gz"))


def _write_states(
    draft: Path, chunks: Iterable[StateChunk], header: StateHeader, key: RecordingKey | None
) -> None:
    from postproc.timetags.formats import hdf5_writer  # h5py takes 0.1 s to import

    hdf5_writer.write_states(draft, chunks, header, key)


def _joined_tags(chunks: Iterable[TagChunk], name: str) -> Iterator[TagChunk]:
    """Pass on chunks that are sorted and whose spans join."""
    reached: int | None = None
    for chunk in chunks:
        if reached is not None and chunk.start_ps != reached:
            raise InputError(
                f"cannot write {name}: a chunk starts at {chunk.start_ps} ps, the last ended at {reached} ps"
            )
        reached = chunk.stop_ps
        _check_inside(chunk, name)
        yield chunk
    if reached is None:
        raise InputError(f"cannot write {name}: there is nothing to write")


def _check_inside(chunk: TagChunk, name: str) -> None:
    time_ps = chunk.time_ps
    if len(time_ps) != len(chunk.channel) or first_disorder(time_ps) is not None:
        raise InputError(
            f"cannot write {name}: the tags from {chunk.start_ps} ps on are not sorted and paired"
        )
    if len(time_ps) and not chunk.start_ps <= time_ps[0] <= time_ps[-1] < chunk.stop_ps:
        raise InputError(
            f"cannot write {name}: tags lie outside of their span [{chunk.start_ps}, {chunk.stop_ps}) ps"
        )


def _joined_states(chunks: Iterable[StateChunk], name: str) -> Iterator[StateChunk]:
    """Pass on chunks of consecutive slots."""
    reached: int | None = None
    for chunk in chunks:
        if reached is not None and chunk.first_slot != reached:
            raise InputError(f"cannot write {name}: slot {chunk.first_slot} follows slot {reached - 1}")
        reached = chunk.first_slot + len(chunk)
        yield StateChunk(chunk.first_slot, np.ascontiguousarray(chunk.states, np.uint8))
    if reached is None:
        raise InputError(f"cannot write {name}: there is nothing to write")
