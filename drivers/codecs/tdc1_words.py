"""The 32-bit event words of the S-Fifteen TDC1: time, a mark, and the inputs that rose.

A word is little-endian: bits 31 to 5 are the time in units of 2 ns, which wraps every 2**28 ns; bit 4 marks
a word without an event, sent so that no wrap goes unnoticed; bits 3 to 0 are the inputs, one bit each.
Inputs that rise within the same unit share a word.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

UNIT_PS = 2000
TIME_BITS = 27
WRAP = 2**TIME_BITS
INPUTS = 4
WORD = np.dtype("<u4")

Words = NDArray[np.uint32]

_MARK = 1 << INPUTS
_LOW_BITS = np.arange(2 * _MARK)
#: A word has either inputs or the mark.
_LEGAL = (_LOW_BITS == _MARK) | ((_LOW_BITS > 0) & (_LOW_BITS < _MARK))


def words_of(units: NDArray[np.int64], inputs: NDArray[np.uint8]) -> Words:
    """Make words from times and bit patterns of inputs; an empty pattern makes a word without an event."""
    low = np.where(inputs == 0, _MARK, inputs).astype(np.uint32)
    words: Words = ((units % WRAP).astype(np.uint32) << np.uint32(5)) | low
    return words


def times_of(words: Words) -> Words:
    """Give the times modulo the wrap, in units."""
    times: Words = words >> np.uint32(5)
    return times


def patterns_of(words: Words) -> NDArray[np.uint8]:
    """Give the inputs' bits; zero for a word without an event."""
    return (words & np.uint32(_MARK - 1)).astype(np.uint8)


def are_legal(words: Words) -> NDArray[np.bool_]:
    """Tell which words have either inputs or the mark: of random words, half."""
    legal: NDArray[np.bool_] = _LEGAL[words & np.uint32(2 * _MARK - 1)]
    return legal


def merged(
    units: NDArray[np.int64], channel: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Put clicks of the same unit into one pattern: the instrument's way round.

    Parameters
    ----------
    units : array of int64, shape (n,)
        Ascending.
    channel : array of uint8, shape (n,)
        Inputs, counted from 0.

    Returns
    -------
    array of int64, array of uint8
        Each unit once, and its pattern.
    """
    if not len(units):
        return units, channel
    first = np.flatnonzero(np.concatenate([[True], units[1:] != units[:-1]]))
    bits = np.left_shift(1, channel, dtype=np.uint8)
    return units[first], np.bitwise_or.reduceat(bits, first)


def spread(
    units: NDArray[np.int64], patterns: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Take patterns apart into one click for each input: the inverse of `merged`."""
    single = _CHANNEL[patterns]
    if not (single == _SEVERAL).any():
        kept = patterns != 0
        return units[kept], single[kept]
    bits = (patterns[:, None] >> np.arange(INPUTS, dtype=np.uint8)) & 1
    place, channel = np.nonzero(bits)
    return units[place], channel.astype(np.uint8)


_SEVERAL = 255
_CHANNEL = np.full(_MARK, _SEVERAL, np.uint8)
_CHANNEL[0] = 0
for _input in range(INPUTS):
    _CHANNEL[1 << _input] = _input
