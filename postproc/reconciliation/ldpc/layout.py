"""Where a frame's bits stand in its codeword: whole columns of 64, so that they move as words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits
from postproc.reconciliation.codes.code import LIFTING, Code

Words = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Layout:
    """A codeword: random bits, filled up with zeros to whole columns, then the key.

    Attributes
    ----------
    code : Code
        The code without the columns that are not needed.
    punctured : int
        Bits that Alice draws at random and Bob does not know. Each of these hides one bit of the syndrome.
    """

    code: Code
    punctured: int

    @property
    def first_payload(self) -> int:
        """The first column of key."""
        return -(-self.punctured // LIFTING)

    @property
    def payload_words(self) -> int:
        """How many columns of key there are."""
        return self.code.n_columns - self.first_payload

    def codeword(self, secret: Bits, payload: Words) -> Bits:
        """Put a codeword together from Alice's random bits and words of her key."""
        return bits_of(np.concatenate([words_of(secret), payload]))

    @cached_property
    def unknown(self) -> Bits:
        """Marks of the punctured bits."""
        every = Bits.from_array(np.ones(self.punctured, np.uint8))
        return self.codeword(every, np.zeros(self.payload_words, np.uint64))

    @cached_property
    def known(self) -> Bits:
        """Marks of the bits that are zero by agreement."""
        marks = ~words_of(self.unknown)
        marks[self.first_payload :] = 0
        return bits_of(marks)

    @cached_property
    def no_secret(self) -> Bits:
        """As many zeros as there are punctured bits: what Bob has in their place."""
        return Bits.zeros(self.punctured)

    @cached_property
    def disclosure_order(self) -> NDArray[np.int64]:
        """In which order bits are told where the syndrome was not enough: random ones first, then key.

        Bits of the key are taken one from every column in turn, so that they spread evenly.
        """
        columns = np.arange(self.first_payload, self.code.n_columns)
        payload = (columns * LIFTING + np.arange(LIFTING)[:, None]).ravel()
        return np.concatenate([np.arange(self.punctured)[::-1], payload])


@lru_cache(maxsize=8)
def layout(code: Code, punctured: int, payload_words: int) -> Layout:
    """Lay out a frame of so many words of key, with `punctured` random bits.

    Columns that are not needed would be zero (shortened): they are left out, evenly of all kinds.
    """
    first = -(-punctured // LIFTING)
    free = code.n_columns - first
    spare = free - payload_words
    left_out = first + (np.arange(spare) * 2 + 1) * free // max(1, 2 * spare)
    return Layout(code.without(left_out), punctured)


def words_of(bits: Bits) -> Words:
    """Give bits as words, the last one filled up with zeros."""
    missing = -len(bits.packed) % 8
    packed = np.append(bits.packed, np.zeros(missing, np.uint8)) if missing else bits.packed
    return packed.view(np.uint64)


def bits_of(words: Words) -> Bits:
    """Give words as bits; nobody may write them any more."""
    words.flags.writeable = False
    return Bits(words.view(np.uint8), 64 * len(words))
