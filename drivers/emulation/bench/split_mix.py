"""Random numbers by their place in a sequence: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).

They are good for statistics and worthless as a secret, as befits an emulation.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

#: Words made at a time, so that they stay in the processor's cache.
_BATCH = 2**14
_GOLDEN = 0x9E3779B97F4A7C15
_STEPS = np.arange(1, _BATCH + 1, dtype=np.uint64) * np.uint64(_GOLDEN)


class SplitMix:
    """A sequence of 32-bit random numbers, two in each word of SplitMix64, the lower half first.

    Parameters
    ----------
    key : uint64
        State of the generator before its first word.
    """

    def __init__(self, key: np.uint64) -> None:
        self._key = int(key)

    def at(self, places: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Give the numbers at any places, shape (n,)."""
        words = (places.astype(np.uint64) >> np.uint64(1)) + np.uint64(1)
        words *= np.uint64(_GOLDEN)
        words += np.uint64(self._key)
        _mix(words, np.empty_like(words))
        return (words >> ((places & 1).astype(np.uint64) << np.uint64(5))).astype(np.uint32)

    def runs(self, first: int, count: int) -> Iterator[tuple[int, NDArray[np.uint32]]]:
        """Give the numbers from a place on in portions, each with its distance from that place.

        A portion is overwritten by the next.
        """
        words, spare = np.empty(_BATCH, np.uint64), np.empty(_BATCH, np.uint64)
        for begin in range(first - first % 2, first + count, 2 * _BATCH):
            np.add(_STEPS, np.uint64((self._key + begin // 2 * _GOLDEN) % 2**64), out=words)
            _mix(words, spare)
            skip = max(first - begin, 0)
            yield begin + skip - first, words.view("<u4")[skip : first + count - begin]


def _mix(words: NDArray[np.uint64], spare: NDArray[np.uint64]) -> None:
    """Turn places, multiplied by the golden ratio, into random words; nothing is allocated."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, None)):
        np.right_shift(words, np.uint64(shift), out=spare)
        np.bitwise_xor(words, spare, out=words)
        if factor is not None:
            np.multiply(words, np.uint64(factor), out=words)
