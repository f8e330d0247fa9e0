"""Files of instruments: perhaps a head, then records of one size to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock
from postproc.timetags.formats.plain_or_gzip import Bytes, open_bytes
from postproc.timetags.formats.sources import MAX_GAPS
from postproc.timetags.header import TagHeader
from postproc.timetags.scaling import TIME_LIMIT_PS

#: Records read at a time.
PIECE = 2**17

Decode = Callable[[NDArray[Any]], TagBlock]
"""Turns the next records of a pass into tags; remembers what it needs from one call to the next."""


class Layout(NamedTuple):
    """Where the records of a file are, and what they look like.

    Attributes
    ----------
    dtype : dtype
        Of one record.
    first_byte : int
        Length of the head.
    records : int or None
        How many records there are; None where they go on to the end of the file.
    """

    dtype: np.dtype[Any]
    first_byte: int = 0
    records: int | None = None


class RecordFile:
    """Time tags in an instrument's own file.

    Parameters
    ----------
    path : Path
    form : str
        Name of the encoding.
    header : TagHeader
    layout : Layout
    decoder : callable
        ``decoder(name)`` gives a `Decode` for one pass; `name` is how its errors call the file.
    assumed_tick_ps : float, optional
        The unit, where neither the file nor the caller names it.

    Raises
    ------
    InputError
        During a pass, if the file is cut short or a record means nothing.
    """

    #: Instruments with several inputs may deliver tags a little out of order: they are sorted when read.
    sorts = True

    def __init__(
        self,
        path: Path,
        form: str,
        header: TagHeader,
        layout: Layout,
        decoder: Callable[[str], Decode],
        assumed_tick_ps: float | None = None,
    ) -> None:
        self.path, self.format, self.header = path, form, header
        self.assumed_tick_ps = assumed_tick_ps
        self._layout, self._decoder = layout, decoder

    def blocks(self) -> Iterator[TagBlock]:
        """Read a megabyte or so at a time."""
        name, gaps = str(self.path), 0
        decode = self._decoder(name)
        for records in pieces(self.path, self._layout):
            block = decode(records)
            gaps += len(block.gaps)
            if gaps > MAX_GAPS:
                raise InputError(f"{name} has more than {MAX_GAPS} gaps: it is no recording")
            yield block

    def close(self) -> None:
        """Do nothing: each pass opens and closes the file by itself."""


def pieces(path: Path, layout: Layout) -> Iterator[NDArray[Any]]:
    """Give the records of a file, some at a time.

    Raises
    ------
    InputError
        If there are fewer than the layout counts, or a part of one is left over.
    """
    size, left = layout.dtype.itemsize, layout.records
    with open_bytes(path) as content:
        skip(content, layout.first_byte)
        while left is None or left > 0:
            data = content.read(size * (PIECE if left is None else min(PIECE, left)))
            if len(data) % size or (left is not None and not data):
                raise InputError(f"{path} is cut short: it ends inside its records; copy the file again")
            if not data:
                return
            left = None if left is None else left - len(data) // size
            yield np.frombuffer(data, layout.dtype)


def skip(content: Bytes, size: int) -> None:
    """Pass over bytes; what is missing shows when the next ones are read."""
    while size > 0 and (data := content.read(min(size, 2**20))):
        size -= len(data)


def check_range(time: NDArray[Any], limit: int, name: str) -> None:
    """Raise InputError if a time in ticks, signed or not, leaves plus or minus `limit`."""
    if len(time) and not -limit < int(time.min()) <= int(time.max()) < limit:
        raise InputError(f"{name} has times beyond ±53 days: it is damaged, or has another format or tick")


def most_ticks(tick_ps: float) -> int:
    """Give the bound of times in ticks."""
    return int(TIME_LIMIT_PS / max(tick_ps, 1e-6)) - 2
