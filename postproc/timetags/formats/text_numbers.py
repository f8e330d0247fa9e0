"""Lines of two integers, a megabyte at a time, without a Python step per line."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

_SEPARATOR, _NEWLINE, _DIGIT, _MINUS, _JUNK = range(5)

_KIND_OF_BYTE = np.full(256, _JUNK, np.uint8)
_KIND_OF_BYTE[list(b" \t\r,;")] = _SEPARATOR
_KIND_OF_BYTE[list(b"\n")] = _NEWLINE
_KIND_OF_BYTE[list(b"0123456789")] = _DIGIT
_KIND_OF_BYTE[list(b"-")] = _MINUS

#: Any number of this many digits fits uint64.
_MOST_DIGITS = 19

_BLANK = re.compile(rb"[ \t\r,;]*")
_PAIR = re.compile(rb"[ \t\r,;]*-?\d+[ \t\r,;]+-?\d+[ \t\r,;]*")


class BadLineError(Exception):
    """A line is not two integers; carries its index (from 0), its text and what is wrong with it."""

    def __init__(self, index: int, line: bytes, reason: str) -> None:
        super().__init__(index, line, reason)
        self.index, self.line, self.reason = index, line, reason


def parse_pairs(text: bytes) -> NDArray[np.int64]:
    r"""Read lines of two integers.

    Blanks, tabs, commas, semicolons and carriage returns separate numbers; empty lines are skipped.

    Parameters
    ----------
    text : bytes
        Whole lines, each ended by ``\n``.

    Returns
    -------
    array of int64, shape (n, 2)

    Raises
    ------
    BadLineError
        For the first line that is anything else, or whose numbers do not fit int64.
    """
    numbers = _parse(np.frombuffer(text, np.uint8))
    if numbers is None:
        raise _first_bad_line(text)
    return numbers.reshape(-1, 2)


def _parse(byte: NDArray[np.uint8]) -> NDArray[np.int64] | None:
    """Give all the numbers in order, or None if any line is not as it should be."""
    kind = _KIND_OF_BYTE[byte]
    edges = np.flatnonzero(np.diff(kind == _DIGIT, prepend=False, append=False))
    first, end = edges[0::2], edges[1::2]
    if (kind == _JUNK).any() or not _two_a_line(first, np.flatnonzero(kind == _NEWLINE)):
        return None
    negative = _signs(kind, first)
    if negative is None or (len(first) and int((end - first).max()) > _MOST_DIGITS):
        return None
    magnitude = _magnitudes(byte, first, end)
    if (magnitude > np.iinfo(np.int64).max).any():
        return None
    value = magnitude.astype(np.int64)
    return np.where(negative, -value, value)


def _two_a_line(first: NDArray[np.intp], newline: NDArray[np.intp]) -> bool:
    per_line = np.diff(np.searchsorted(first, newline), prepend=0)
    return bool(((per_line == 2) | (per_line == 0)).all()) and int(per_line.sum()) == len(first)


def _signs(kind: NDArray[np.uint8], first: NDArray[np.intp]) -> NDArray[np.bool_] | None:
    """Which numbers are negative, or None if a minus stands anywhere but right before a number."""
    before = np.where(first > 0, kind[first - 1], _SEPARATOR) if len(first) else np.empty(0, np.uint8)
    negative: NDArray[np.bool_] = before == _MINUS
    sign_at = first[negative] - 1
    ahead = np.where(sign_at > 0, kind[sign_at - 1], _SEPARATOR)
    if (ahead == _DIGIT).any() or int((kind == _MINUS).sum()) != len(sign_at):
        return None
    return negative


def _magnitudes(
    byte: NDArray[np.uint8], first: NDArray[np.intp], end: NDArray[np.intp]
) -> NDArray[np.uint64]:
    value = np.zeros(len(first), np.uint64)
    longest = int((end - first).max()) if len(first) else 0
    for place in range(longest):
        more = first + place < end
        digit = byte[np.where(more, first + place, 0)] - np.uint8(ord("0"))
        value = np.where(more, value * np.uint64(10) + digit, value)
    return value


def _first_bad_line(text: bytes) -> BadLineError:
    """Find what `_parse` did not like, line by line."""
    for index, line in enumerate(text.split(b"\n")):
        if _BLANK.fullmatch(line):
            continue
        if not _PAIR.fullmatch(line):
            return BadLineError(index, line, "expected two whole numbers")
        digits = re.findall(rb"\d+", line)
        if any(len(word) > _MOST_DIGITS for word in digits):
            return BadLineError(index, line, f"a number has more than {_MOST_DIGITS} digits")
        if any(int(word) > np.iinfo(np.int64).max for word in digits):
            return BadLineError(index, line, "a number is beyond 64 bits")
    raise AssertionError("the fast and the slow reading of a text disagree")


def line_of_pair(text: bytes, pair: int) -> int:
    """Index of the line (from 0) that holds a given pair (from 0) of a text that `parse_pairs` accepts."""
    filled = (index for index, line in enumerate(text.split(b"\n")) if not _BLANK.fullmatch(line))
    return next(index for position, index in enumerate(filled) if position == pair)
