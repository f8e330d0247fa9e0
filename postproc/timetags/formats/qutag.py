"""qutools quTAG: binary time stamp files (a head of 40 bytes, then 10 bytes an event).

An event is its time (int64) and its channel (int16), little-endian. The head does not tell the unit of time
as far as is known here: 1 ps, that of the quTAG, is assumed unless the caller knows better. Channels 100 to
104 and 200 to 203 are marker inputs. Sources: ``tdcbase.h`` of the quTAG library (sizes, markers); the order
of the fields is recalled from its manual and was not held against a file of the instrument.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock
from postproc.timetags.formats.records import Layout, RecordFile, check_range, most_ticks
from postproc.timetags.header import TagHeader
from postproc.timetags.scaling import Ratio, as_ratio, rescale
from postproc.timetags.types import TagChunk

HEAD_BYTES: Final = 40
RECORD: Final = np.dtype([("time", "<i8"), ("channel", "<i2")])
MARKERS: Final = (*range(100, 105), *range(200, 204))
LAST_CHANNEL: Final = 31

_KNOWN = (*range(LAST_CHANNEL + 1), *MARKERS)


def recognise_qutag(head: bytes) -> bool:
    """Tell whether a file has such events after its first 40 bytes."""
    whole = (len(head) - HEAD_BYTES) // RECORD.itemsize * RECORD.itemsize
    if whole < 8 * RECORD.itemsize:
        return False
    records = np.frombuffer(head[HEAD_BYTES : HEAD_BYTES + whole], RECORD)
    time = records["time"]
    forward = np.count_nonzero(time[1:] >= time[:-1])
    return bool(np.isin(records["channel"], _KNOWN).all() and 10 * forward >= 9 * (len(time) - 1))


def open_qutag(path: Path, tick_ps: Ratio | None) -> RecordFile:
    """Open a file of such events, counted in ticks of `tick_ps`."""
    tick = Fraction(1) if tick_ps is None else as_ratio(tick_ps, "the tick in ps")
    if not 0 < tick < 10**15:
        raise InputError(f"the tick must lie between 0 and 10**15 ps, got {tick_ps}")
    header = TagHeader(resolution_ps=float(tick), markers=MARKERS)
    layout = Layout(RECORD, HEAD_BYTES)
    assumed = float(tick) if tick_ps is None else None
    return RecordFile(path, "quTAG binary", header, layout, lambda name: _Decoder(name, tick), assumed)


class _Decoder:
    def __init__(self, name: str, tick_ps: Fraction) -> None:
        self._name, self._tick_ps = name, tick_ps

    def __call__(self, records: NDArray[Any]) -> TagBlock:
        time, channel = np.ascontiguousarray(records["time"]), records["channel"]
        check_range(time, most_ticks(float(self._tick_ps)), self._name)
        if not ((channel >= 0) & (channel <= 255)).all():
            wrong = channel[np.argmax((channel < 0) | (channel > 255))]
            raise InputError(f"{self._name} has channel {wrong}; expected 0 to 255")
        return TagBlock(rescale(time, self._tick_ps), channel.astype(np.uint8))


def write_qutag(path: Path, chunks: Iterable[TagChunk], header: TagHeader) -> None:
    """Write a recording without gaps, in ticks of 1 ps, after an empty head; parameters as for `write_text`."""
    with path.open("wb") as out:
        out.write(bytes(HEAD_BYTES))
        for chunk in chunks:
            records = np.empty(len(chunk), RECORD)
            records["time"], records["channel"] = chunk.time_ps, chunk.channel
            out.write(records.tobytes())
