"""Swabian Instruments' 16-byte records, as an array of the Time Tagger's stream has them.

Byte 0 is the type of the event, bytes 2-3 how many events were missed, 4-7 the channel (negative for falling
edges), 8-15 the time in ps; little-endian. Source: the ``CustomMeasurement`` example of the Time Tagger
software. Falling edges of channel *n* become logical channel 128 + *n*.

An overflow lasts from its begin to its end, and what was missed is its loss; an error leaves a gap of one
instant, because the clock may have been lost there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock
from postproc.timetags.formats.records import Layout, RecordFile, check_range
from postproc.timetags.formats.sources import MAX_GAPS
from postproc.timetags.gaps import union
from postproc.timetags.header import TagHeader
from postproc.timetags.scaling import TIME_LIMIT_PS
from postproc.timetags.types import Gap, TagChunk

RECORD: Final = np.dtype(
    {
        "names": ["type", "pad", "missed", "channel", "time"],
        "formats": ["u1", "u1", "<u2", "<i4", "<i8"],
        "offsets": [0, 1, 2, 4, 8],
        "itemsize": 16,
    }
)

TAG, ERROR, OVERFLOW_BEGIN, OVERFLOW_END, MISSED = range(5)

FALLING: Final = 128
LAST_CHANNEL: Final = 127


def recognise_swabian(head: bytes) -> bool:
    """Tell whether a file begins with such records."""
    records = np.frombuffer(head[: len(head) // RECORD.itemsize * RECORD.itemsize], RECORD)
    tags = records[records["type"] == TAG]
    plausible = (
        (records["type"] <= MISSED)
        & (records["pad"] == 0)
        & ((records["type"] == MISSED) | (records["missed"] == 0))
        & (np.abs(records["channel"].astype(np.int64)) <= LAST_CHANNEL)
    )
    forward = np.count_nonzero(tags["time"][1:] >= tags["time"][:-1])
    return bool(len(tags) > 1 and plausible.all() and 10 * forward >= 9 * (len(tags) - 1))


def open_swabian(path: Path) -> RecordFile:
    """Open a file of such records."""
    header = TagHeader(resolution_ps=1.0)
    return RecordFile(path, "Swabian records", header, Layout(RECORD), _Decoder)


class _Decoder:
    """One pass over a file; an overflow may go on from one portion to the next."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._overflow_from: int | None = None
        self._reached: int | None = None

    def __call__(self, records: NDArray[Any]) -> TagBlock:
        check_range(records["time"], TIME_LIMIT_PS - 1, self._name)
        if (records["type"] > MISSED).any():
            raise InputError(f"{self._name} has records of no known type: it is damaged or no Swabian file")
        tags = records[records["type"] == TAG]
        special = records[records["type"] != TAG]
        if len(special) > MAX_GAPS:
            raise InputError(f"{self._name} has more than {MAX_GAPS} gaps: it is no recording")
        gaps = tuple(self._gaps(special, int(records["time"].max())))
        return TagBlock(np.ascontiguousarray(tags["time"]), self._channels(tags["channel"]), gaps)

    def _channels(self, number: NDArray[np.int32]) -> NDArray[np.uint8]:
        wide = number.astype(np.int64)
        if len(wide) and not (np.abs(wide) <= LAST_CHANNEL).all():
            wrong = int(wide[np.argmax(np.abs(wide) > LAST_CHANNEL)])
            raise InputError(f"{self._name} has channel {wrong}; expected ±{LAST_CHANNEL} at most")
        return np.where(wide < 0, FALLING - wide, wide).astype(np.uint8)

    def _gaps(self, special: NDArray[Any], last_ps: int) -> Iterable[Gap]:
        """Give what the portion's special records tell, in order and apart."""
        found: list[Gap] = []
        for kind, missed, time_ps in special[["type", "missed", "time"]].tolist():
            if kind == OVERFLOW_BEGIN:
                self._overflow_from = time_ps if self._overflow_from is None else self._overflow_from
            elif kind == OVERFLOW_END and self._overflow_from is not None:
                found.append(Gap(self._overflow_from, max(time_ps, self._overflow_from), "overflow", None))
                self._overflow_from = None
            elif kind == MISSED:
                found.append(Gap(time_ps, time_ps, "overflow", missed))
            elif kind == ERROR:
                found.append(Gap(time_ps, time_ps, "unknown", None))
        if self._overflow_from is not None and self._overflow_from <= last_ps:
            found.append(Gap(self._overflow_from, last_ps, "overflow", None))
            self._overflow_from = last_ps + 1
        return self._apart(found)

    def _apart(self, found: list[Gap]) -> Iterable[Gap]:
        """Join what overlaps, and leave out what earlier portions have told."""
        for gap in union(found):
            if self._reached is not None and gap.first_ps <= self._reached:
                gap = Gap(self._reached + 1, max(gap.last_ps, self._reached + 1), gap.reason, gap.lost)
            self._reached = gap.last_ps
            yield gap


def write_swabian(path: Path, chunks: Iterable[TagChunk], header: TagHeader) -> None:
    """Write a recording; gaps become overflows. Parameters as for `write_text`."""
    with path.open("wb") as out:
        for chunk in chunks:
            out.write(_encoded(chunk).tobytes())


def _encoded(chunk: TagChunk) -> NDArray[Any]:
    records = np.zeros(len(chunk), RECORD)
    wide = chunk.channel.astype(np.int32)
    records["channel"] = np.where(wide > FALLING, FALLING - wide, wide)
    records["time"] = chunk.time_ps
    marks = np.array([mark for gap in chunk.gaps for mark in _marks(gap)], RECORD)
    both = np.concatenate([marks, records])
    return both[np.argsort(both["time"], kind="stable")]


def _marks(gap: Gap) -> Iterable[tuple[int, int, int, int, int]]:
    yield OVERFLOW_BEGIN, 0, 0, 0, gap.first_ps
    lost = gap.lost or 0
    while lost > 0:
        yield MISSED, 0, min(lost, 2**16 - 1), 0, gap.last_ps
        lost -= 2**16 - 1
    yield OVERFLOW_END, 0, 0, 0, gap.last_ps
