"""Where the TDC1's words begin in a stream of bytes that has lost some.

Nothing in a word says where it begins. Words that are read across their borders give themselves away in
two manners: half of them are illegal, where the bits that then stand for the inputs change at random; and
where these change slowly, time seems to run 2**8, 2**16 or 2**24 times too fast, because the bits that
change fastest are then read as the highest. So of all ways to read a block the right one is sound, and no
other sound one has a much slower clock.

This holds for clicks that come at random, at any rate. A signal whose period is a multiple of 4.096 us of
the instrument's own clock, to 2 ns, can look as good at a wrong place; no test signal should have one.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from drivers.codecs import tdc1_words as codec

SIZE = codec.WORD.itemsize
#: Words that are judged together. Of sparse ones, read at a wrong place, a block is sound with a
#: probability of (7/16)**16, two in a million.
BLOCK = 16
#: Bytes of a block, and what it takes to read it at all four places.
BLOCK_BYTES = BLOCK * SIZE
OVERHANG = SIZE - 1
#: A step of a wrap less this much (33 ms) is a step back: the vendor's parser draws the line there.
BACKWARDS = codec.WRAP // 8
#: A clock that runs this many times faster than another one is not credible.
CREDIBLE = 8


class Verdict(IntEnum):
    """What a block of words looks like."""

    BAD = 0
    #: It could be, but read at another place it makes more sense.
    DOUBTFUL = 1
    FINE = 2


Spans = NDArray[np.float64]


def judge(data: bytes) -> NDArray[np.int64]:
    """Give a verdict on each whole block of a stream."""
    blocks = max(len(data) - OVERHANG, 0) // BLOCK_BYTES
    own, *others = (spans(data, offset, blocks, BLOCK) for offset in range(SIZE))
    credible = own <= CREDIBLE * (1 + np.min(others, axis=0))
    return np.where(np.isinf(own), Verdict.BAD, np.where(credible, Verdict.FINE, Verdict.DOUBTFUL))


def first_word(data: bytes) -> int | None:
    """Find the one of the first four bytes at which words begin.

    Parameters
    ----------
    data : bytes
        At least two blocks and the overhang.

    Returns
    -------
    int or None
        None if nothing makes sense, or more than one thing does.
    """
    found = np.concatenate([spans(data, offset, 1, 2 * BLOCK) for offset in range(SIZE)])
    credible = np.flatnonzero(np.isfinite(found) & (found <= CREDIBLE * (1 + found.min())))
    return int(credible[0]) if len(credible) == 1 else None


def spans(data: bytes, offset: int, blocks: int, words: int) -> Spans:
    """Read blocks from an offset on, and give the time that each takes; infinite for one that is not sound.

    The time from one block to the next belongs to none.
    """
    read = np.frombuffer(data, codec.WORD, blocks * words, offset).reshape(blocks, words)
    steps = np.diff(codec.times_of(read)) & np.uint32(codec.WRAP - 1)
    sound = codec.are_legal(read).all(axis=1) & (steps < codec.WRAP - BACKWARDS).all(axis=1)
    return np.where(sound, steps.sum(axis=1, dtype=np.int64), np.inf)
