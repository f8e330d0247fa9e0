"""Alice's side: syndromes, and disclosure of bits where these were not enough."""

from __future__ import annotations

from itertools import compress

import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits, Packed
from postproc.entropy import Stream
from postproc.errors import BlockRefused, ProtocolViolation
from postproc.kernels import permute
from postproc.kernels.cascade import PERMUTATION_WORDS
from postproc.reconciliation.ldpc.layout import Layout, words_of
from postproc.reconciliation.ldpc.messages import FramesDecoded, Repair, Syndromes
from postproc.reconciliation.ldpc.plan import Plan
from postproc.reconciliation.randomised import SEED_BYTES, in_whole_words, random_words

Unpacked = NDArray[np.uint8]


class _Frame:
    """A codeword, and how much of it has been disclosed."""

    def __init__(self, word: Bits, layout: Layout) -> None:
        self._word, self._layout, self._disclosed = word, layout, 0

    def syndrome(self) -> Packed:
        """Give its syndrome."""
        return self._layout.code.syndrome(self._word).packed

    def disclose(self, count: int) -> Unpacked:
        """Give the next `count` bits; at the end, as many as are left."""
        at = self._layout.disclosure_order[self._disclosed :][:count]
        if not len(at):
            raise BlockRefused("Bob cannot decode a frame of which Alice has disclosed every bit")
        self._disclosed += len(at)
        return self._word.to_array()[at]


class Encoder:
    """A block as codewords, and which of them Bob could not decode yet.

    Parameters
    ----------
    plan : Plan
        How the block is cut into frames.
    key : Bits
        Alice's key.
    entropy : Stream
        Her randomness: the public seed and the private punctured bits come from it.
    """

    def __init__(self, plan: Plan, key: Bits, entropy: Stream) -> None:
        seed = entropy.bytes(SEED_BYTES)
        words = words_of(permute(random_words(seed, PERMUTATION_WORDS), in_whole_words(key)))
        self._open = [
            _Frame(layout.codeword(entropy.bits(plan.punctured), payload), layout)
            for layout, payload in zip(plan.layouts, plan.split(words), strict=True)
        ]
        syndromes = [frame.syndrome() for frame in self._open]
        together = Bits(np.concatenate(syndromes), plan.code.checks * len(syndromes))
        self.syndromes = Syndromes(seed, plan.code.name, plan.punctured * len(syndromes), together)

    @property
    def open_frames(self) -> int:
        """How many frames Bob could not decode yet."""
        return len(self._open)

    def close(self, answer: FramesDecoded, *, charged: bool) -> None:
        """Take note of what Bob has decoded.

        Raises
        ------
        ProtocolViolation
            If he speaks of more or fewer frames than are open, or keeps other books.
        """
        if len(answer.decoded) != len(self._open) or answer.charged != charged:
            raise ProtocolViolation(
                f"Bob tells of {len(answer.decoded)} frames (charged: {answer.charged}) "
                f"where {len(self._open)} are open (charged: {charged})"
            )
        self._open = list(compress(self._open, answer.decoded.to_array() == 0))

    def disclose(self, count: int) -> Repair:
        """Give the next `count` bits of every open frame.

        Raises
        ------
        BlockRefused
            If nothing is left of a frame.
        """
        return Repair(Bits.from_array(np.concatenate([frame.disclose(count) for frame in self._open])))
