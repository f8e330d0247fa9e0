"""S-Fifteen's time stamp cards: events of 64 bits, as binary (a1) or hexadecimal text (a0, a2).

Bits 63 to 10 are the time in units of 1/256 ns; bit 4 marks a record without an event, sent because a counter
of the card rolled over; bits 3 to 0 are the inputs that rose, one bit each. Bits 9 to 5 are not used here.

a1 has two little-endian 32-bit words an event, a0 a line of eight hexadecimal digits for each of them, in
either order: ``X`` in the customary names of the files says that the high word comes first. a2 has all 16
digits on a line. Source: ``readevents7`` and fpfind, https://github.com/s-fifteen-instruments/fpfind.
"""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock
from postproc.timetags.formats.records import Layout, RecordFile
from postproc.timetags.header import TagHeader
from postproc.timetags.scaling import rescale

SFifteenForm = Literal["a0", "a0x", "a1", "a1x", "a2"]

UNIT_PS = Fraction(1000, 256)
INPUTS = 4

_MARK = 1 << INPUTS
_TIME_SHIFT = 10
_NOT_HEX = 255

_HEX = np.full(256, _NOT_HEX, np.uint8)
for _digit, _character in enumerate(b"0123456789abcdef"):
    _HEX[[_character, ord(chr(_character).upper())]] = _digit

_A0, _A2 = re.compile(rb"(?:[0-9a-fA-F]{8}\n){2,}"), re.compile(rb"(?:[0-9a-fA-F]{16}\n){2,}")
_DIGITS: dict[SFifteenForm, int] = {"a0": 8, "a0x": 8, "a2": 16}


def recognise_hexadecimal(head: bytes) -> SFifteenForm | None:
    """Tell the form of text from a file's beginning; None if it is not from such a card."""
    if match := _A2.match(head):
        return "a2"
    if match := _A0.match(head):
        return "a0x" if _swapped(_words(match[0], 8)) else "a0"
    return None


def recognise_binary(head: bytes) -> SFifteenForm | None:
    """Tell the form of a file that is no text; None if it does not look as if it came from such a card."""
    words = np.frombuffer(head[: len(head) // 8 * 8], "<u4")
    if len(words) < 2 * 8:
        return None
    events = _events(words, _swapped(words))
    return ("a1x" if _swapped(words) else "a1") if _plausible(events) else None


def open_sfifteen(path: Path, form: SFifteenForm) -> RecordFile:
    """Open a file of known form."""
    header = TagHeader(resolution_ps=float(UNIT_PS), channels={n: f"input {n}" for n in range(1, INPUTS + 1)})
    digits = _DIGITS.get(form)
    lines = 16 // digits if digits else 1
    dtype = np.dtype((np.uint8, lines * (digits + 1))) if digits else np.dtype("<u8")
    return RecordFile(path, f"S-Fifteen {form}", header, Layout(dtype), lambda name: _Decoder(form, name))


class _Decoder:
    """One pass over a file."""

    def __init__(self, form: SFifteenForm, name: str) -> None:
        self._digits, self._swapped, self._name = _DIGITS.get(form), form.endswith("x"), name

    def __call__(self, records: NDArray[Any]) -> TagBlock:
        if self._digits:
            words = _words(records.tobytes(), self._digits)
            if words is None:
                raise InputError(f"{self._name} has a line that is not {self._digits} hexadecimal digits")
        else:
            words = records.view("<u4")
        return _block(_events(words, self._swapped))


def _words(text: bytes, digits: int) -> NDArray[np.uint32] | None:
    """Give the 32-bit words of lines of hexadecimal digits, low ones first where a line has two."""
    lines = np.frombuffer(text, np.uint8).reshape(-1, digits + 1)
    value = _HEX[lines[:, :digits]]
    if (value == _NOT_HEX).any() or (lines[:, digits] != ord("\n")).any():
        return None
    packed = (value[:, 0::2] << 4 | value[:, 1::2])[:, ::-1]
    return np.ascontiguousarray(packed).view("<u4").ravel()


def _events(words: NDArray[np.uint32], swapped: bool) -> NDArray[np.uint64]:
    pairs = words.reshape(-1, 2)[:, ::-1] if swapped else words.reshape(-1, 2)
    return np.ascontiguousarray(pairs).view("<u8").ravel()


def _swapped(words: NDArray[np.uint32] | None) -> bool:
    """Tell which order the words have: those that change slowly are the high ones."""
    if words is None or len(words) < 4:
        return False
    steps = np.abs(np.diff(words[: len(words) // 2 * 2].reshape(-1, 2).astype(np.int64), axis=0)).sum(axis=0)
    return bool(steps[0] < steps[1])


def _plausible(events: NDArray[np.uint64]) -> bool:
    """Tell whether all have inputs or the mark, mostly one input, and times that mostly ascend."""
    pattern, low = events & np.uint64(_MARK - 1), events & np.uint64(2 * _MARK - 1)
    single = np.count_nonzero((pattern & (pattern - np.uint64(1))) == 0)
    forward = np.count_nonzero(events[1:] >= events[:-1])
    sensible = 2 * single > len(events) and 10 * forward >= 9 * (len(events) - 1)
    return bool((low != 0).all() and sensible)


def _block(events: NDArray[np.uint64]) -> TagBlock:
    marks = (events & np.uint64(_MARK)) != 0
    clicks = events[~marks]
    units = (clicks >> np.uint64(_TIME_SHIFT)).astype(np.int64)
    inputs = ((clicks[:, None] >> np.arange(INPUTS, dtype=np.uint64)) & np.uint64(1)).astype(bool)
    place, channel = np.nonzero(inputs)
    time_ps = rescale(units, UNIT_PS)[place]
    return TagBlock(time_ps, (channel + 1).astype(np.uint8), wraps=int(marks.sum()))
