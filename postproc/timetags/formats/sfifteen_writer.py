"""Write the events of S-Fifteen's cards; see `sfifteen`. Times are rounded to their unit, 3.9 ps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.formats.sfifteen import INPUTS, UNIT_PS, SFifteenForm
from postproc.timetags.header import TagHeader
from postproc.timetags.scaling import rescale
from postproc.timetags.types import TagChunk

_TIME_BITS = 54


def sfifteen_writer(form: SFifteenForm) -> Callable[[Path, Iterable[TagChunk], TagHeader], None]:
    """Give the function that writes a recording without gaps in this form; its parameters as for `write_text`.

    It raises InputError for channels other than 1 to 4, and for times that 54 bits do not hold.
    """

    def write(path: Path, chunks: Iterable[TagChunk], header: TagHeader) -> None:
        with path.open("wb") as out:
            for chunk in chunks:
                out.write(_encode(_events(chunk), form))

    return write


def _events(chunk: TagChunk) -> NDArray[np.uint64]:
    """Give a chunk's events; clicks of several inputs in the same unit share one."""
    known = (chunk.channel >= 1) & (chunk.channel <= INPUTS)
    if not known.all():
        raise InputError(f"S-Fifteen's cards have inputs 1 to 4, not {chunk.channel[np.argmin(known)]}")
    units = rescale(chunk.time_ps, Fraction(1) / UNIT_PS)
    if len(units) and not 0 <= units[0] <= units[-1] < 2**_TIME_BITS:
        raise InputError("S-Fifteen's cards have times from 0 to 19 hours: shift the clock")
    first = np.flatnonzero(np.diff(units, prepend=-1))
    inputs = np.left_shift(1, chunk.channel - 1, dtype=np.uint8)
    pattern = np.bitwise_or.reduceat(inputs, first) if len(first) else inputs
    return units[first].astype(np.uint64) << np.uint64(10) | pattern


def _encode(events: NDArray[np.uint64], form: SFifteenForm) -> bytes:
    if form == "a2":
        return "".join([f"{event:016x}\n" for event in events.tolist()]).encode("ascii")
    words = events.astype("<u8").view("<u4").reshape(-1, 2)
    words = words[:, ::-1] if form.endswith("x") else words
    if form.startswith("a1"):
        return words.tobytes()
    return "".join([f"{word:08x}\n" for word in words.ravel().tolist()]).encode("ascii")
