"""Read PicoQuant's PTU files; see `ptu_header` and `ptu_records`."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from postproc.errors import InputError
from postproc.timetags.formats.ptu_header import PtuHeader, PtuValue, read_header
from postproc.timetags.formats.ptu_records import FIRST_MARKER, MARKERS, T2, T3, Clock, PicoHarpT2, PicoHarpT3
from postproc.timetags.formats.records import Decode, Layout, RecordFile
from postproc.timetags.header import TagHeader
from postproc.timetags.scaling import as_ratio

_Decoder = Callable[[str, Clock], Decode]

_T2_V1: Final = partial(T2, wrap=33_552_000, counted=False)
_T2: Final = partial(T2, wrap=2**25, counted=True)
_T3_V1: Final = partial(T3, counted=False)
_T3: Final = partial(T3, counted=True)

GENERIC_T2: Final = 0x00010207

#: What ``TTResultFormat_TTTRRecType`` says: the instrument, whether it is T3, how records are decoded.
RECORD_TYPES: Final[dict[int, tuple[str, bool, _Decoder]]] = {
    0x00010203: ("PicoHarp T2", False, PicoHarpT2),
    0x00010303: ("PicoHarp T3", True, PicoHarpT3),
    0x00010204: ("HydraHarp v1 T2", False, _T2_V1),
    0x00010304: ("HydraHarp v1 T3", True, _T3_V1),
    0x01010204: ("HydraHarp v2 T2", False, _T2),
    0x01010304: ("HydraHarp v2 T3", True, _T3),
    0x00010205: ("TimeHarp 260N T2", False, _T2),
    0x00010305: ("TimeHarp 260N T3", True, _T3),
    0x00010206: ("TimeHarp 260P T2", False, _T2),
    0x00010306: ("TimeHarp 260P T3", True, _T3),
    GENERIC_T2: ("MultiHarp T2", False, _T2),
    0x00010307: ("MultiHarp T3", True, _T3),
}

#: Entries of the head that go into the recording's metadata.
_KEPT = (
    "CreatorSW_Name",
    "CreatorSW_Version",
    "File_Comment",
    "HW_Type",
    "HW_SerialNo",
    "HW_Version",
    "MeasDesc_AcquisitionTime",
    "TTResult_StopAfter",
    "TTResult_SyncRate",
)


def open_ptu(path: Path) -> RecordFile:
    """Open a file that begins with the magic bytes.

    Raises
    ------
    InputError
        If its head is damaged, or its records are of no kind that is known here.
    """
    head = read_header(path)
    kind = head.tags.get("TTResultFormat_TTTRRecType")
    if not isinstance(kind, int) or kind not in RECORD_TYPES:
        shown = f"{kind:#010x}" if isinstance(kind, int) else "missing"
        raise InputError(
            f"{path} has PTU records of type {shown}; expected one of {', '.join(map(hex, RECORD_TYPES))}"
        )
    instrument, t3, decoder = RECORD_TYPES[kind]
    clock = _clock(path, head, t3)
    header = TagHeader(
        resolution_ps=float(clock.fine_ps if t3 else clock.tick_ps),
        channels=_channels(head),
        markers=MARKERS,
        metadata={name: _plain(head.tags[name]) for name in _KEPT if name in head.tags},
    )
    layout = Layout(np.dtype("<u4"), head.size, _records(path, head))
    return RecordFile(path, f"PTU {instrument}", header, layout, lambda name: decoder(name, clock))


def _clock(path: Path, head: PtuHeader, t3: bool) -> Clock:
    tick = _picoseconds(path, head, "MeasDesc_GlobalResolution")
    return Clock(tick, _picoseconds(path, head, "MeasDesc_Resolution") if t3 else Fraction(0))


def _picoseconds(path: Path, head: PtuHeader, name: str) -> Fraction:
    """Give an entry in seconds as the decimal number that it was meant to be."""
    value = head.tags.get(name)
    if not isinstance(value, float) or not math.isfinite(value) or not 1e-15 <= value <= 1e3:
        raise InputError(f"{path} is a damaged PTU file: {name} must be a time in seconds, got {value!r:.40}")
    return as_ratio(Fraction(repr(value)) * 10**12, name)


def _records(path: Path, head: PtuHeader) -> int | None:
    """Number of records; None where the recording was not finished, and they go on to the file's end."""
    count = head.tags.get("TTResult_NumberOfRecords", 0)
    if not isinstance(count, int) or count < 0:
        raise InputError(f"{path} is a damaged PTU file: it claims {count!r:.40} records")
    return count or None


def _channels(head: PtuHeader) -> dict[int, str]:
    inputs = head.tags.get("HW_InpChannels", 0)
    named = (
        {n: f"input {n}" for n in range(1, inputs + 1)} if isinstance(inputs, int) and inputs <= 64 else {}
    )
    lines = {FIRST_MARKER + (1 << line): f"marker {line + 1}" for line in range(4)}
    return {0: "sync", **named, **lines}


def _plain(value: PtuValue) -> Any:
    """Give what JSON can carry."""
    if isinstance(value, str):
        return value[:500]
    return value if math.isfinite(value) else None
