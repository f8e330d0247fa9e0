"""ID Quantique ID900 Time Controller: the raw stream of one input, little-endian u64 times in ps.

Nothing but times is in it: one file an input, channel 0 here. Source: Time Controller Series user manual, "raw
data" and the DataLinkTarget service.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock
from postproc.timetags.formats.records import Layout, RecordFile, check_range
from postproc.timetags.header import TagHeader
from postproc.timetags.scaling import TIME_LIMIT_PS
from postproc.timetags.types import TagChunk

CHANNEL = 0

_STAMP = np.dtype("<u8")


def recognise_id900(head: bytes) -> bool:
    """Tell whether a file begins with times that ascend."""
    stamp = np.frombuffer(head[: len(head) // 8 * 8], _STAMP)
    if len(stamp) < 8 or int(stamp.max()) >= TIME_LIMIT_PS or stamp[0] == stamp[-1]:
        return False
    return bool(10 * np.count_nonzero(stamp[1:] >= stamp[:-1]) >= 9 * (len(stamp) - 1))


def open_id900(path: Path) -> RecordFile:
    """Open a file of such times."""
    header = TagHeader(resolution_ps=1.0, channels={CHANNEL: "the input that was recorded"})
    return RecordFile(path, "ID900 u64", header, Layout(_STAMP), _Decoder)


class _Decoder:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, records: NDArray[Any]) -> TagBlock:
        check_range(records, TIME_LIMIT_PS - 1, self._name)
        return TagBlock(records.astype(np.int64), np.full(len(records), CHANNEL, np.uint8))


def write_id900(path: Path, chunks: Iterable[TagChunk], header: TagHeader) -> None:
    """Write a recording of one channel without gaps; parameters as for `write_text`.

    Raises
    ------
    InputError
        If there are several channels, or times before 0.
    """
    only: int | None = None
    with path.open("wb") as out:
        for chunk in chunks:
            for channel in np.unique(chunk.channel).tolist():
                only = channel if only is None else only
                if channel != only:
                    raise InputError(f"an ID900 stream holds one channel, not {only} and {channel}: keep one")
            if len(chunk) and chunk.time_ps[0] < 0:
                raise InputError("an ID900 stream has no times before 0: shift the clock")
            out.write(chunk.time_ps.astype(_STAMP).tobytes())
