"""Write time tags as PTU, with the T2 records of a MultiHarp: nothing is rounded, the tick is 1 ps."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.formats.ptu_header import END, MAGIC, VERSION, PtuValue, write_tag
from postproc.timetags.formats.ptu_reader import GENERIC_T2
from postproc.timetags.formats.ptu_records import FIRST_MARKER, MARKERS
from postproc.timetags.header import TagHeader
from postproc.timetags.types import TagChunk

_WRAP_BITS = 25
_SPECIAL, _OVERFLOW = 1 << 31, 127 << 25


def write_ptu(path: Path, chunks: Iterable[TagChunk], header: TagHeader) -> None:
    """Write a recording without gaps; parameters as for `write_text`.

    Raises
    ------
    InputError
        If a time is negative, or a channel is neither 0 to 64 nor a marker.
    """
    with path.open("wb") as out:
        out.write(_head(header, 0))
        count, wraps = 0, 0
        for chunk in chunks:
            records, wraps = _records(chunk, wraps)
            out.write(records.tobytes())
            count += len(records)
        _finish(out, header, count)


def _finish(out: BinaryIO, header: TagHeader, count: int) -> None:
    """Put the number of records into the head, which keeps its length."""
    out.seek(0)
    out.write(_head(header, count))


def _head(header: TagHeader, records: int) -> bytes:
    inputs = max([channel for channel in header.channels if channel <= 64], default=0)
    tags: dict[str, PtuValue | None] = {
        "File_Comment": "time tags, unrounded",
        "CreatorSW_Name": "qkdctl",
        "HW_InpChannels": inputs,
        "TTResultFormat_TTTRRecType": GENERIC_T2,
        "TTResultFormat_BitsPerRecord": 32,
        "Measurement_Mode": 2,
        "MeasDesc_GlobalResolution": 1e-12,
        "MeasDesc_Resolution": 1e-12,
        "TTResult_NumberOfRecords": records,
        END: None,
    }
    return MAGIC + VERSION + b"".join(write_tag(name, value) for name, value in tags.items())


def _records(chunk: TagChunk, wraps: int) -> tuple[NDArray[np.uint32], int]:
    """Encode a chunk: before the first tag beyond a wrap goes a record that counts the wraps passed."""
    _check(chunk)
    count = chunk.time_ps >> _WRAP_BITS
    passed = np.diff(count, prepend=wraps)
    at = np.flatnonzero(passed)
    low = (chunk.time_ps & (2**_WRAP_BITS - 1)).astype(np.uint32)
    if len(at) and int(passed.max()) >= 2**_WRAP_BITS:
        raise InputError("two tags lie more than 18 minutes apart: PTU cannot count so many wraps at once")
    records = _codes(chunk.channel) | low
    overflows = np.uint32(_OVERFLOW) | passed[at].astype(np.uint32)
    return np.insert(records, at, overflows).astype("<u4"), int(count[-1]) if len(count) else wraps


def _codes(channel: NDArray[np.uint8]) -> NDArray[np.uint32]:
    wide = channel.astype(np.uint32)
    marker, sync = channel >= FIRST_MARKER, channel == 0
    code = np.where(marker, wide - np.uint32(FIRST_MARKER), np.where(sync, 0, wide - np.uint32(1)))
    codes: NDArray[np.uint32] = code.astype(np.uint32) << np.uint32(_WRAP_BITS)
    return np.where(marker | sync, codes | np.uint32(_SPECIAL), codes)


def _check(chunk: TagChunk) -> None:
    if len(chunk) and chunk.time_ps[0] < 0:
        raise InputError(
            f"PTU has no times before 0, and a tag lies at {chunk.time_ps[0]} ps: shift the clock"
        )
    known = (chunk.channel <= 64) | np.isin(chunk.channel, MARKERS)
    if not known.all():
        raise InputError(f"PTU has channels 0 to 64 and markers, not {chunk.channel[np.argmin(known)]}")
