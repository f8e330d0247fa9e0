"""Which passes Cascade makes over a block, agreed by both parties from public figures alone.

Two passes over short blocks find nearly all errors, a third over long blocks finds most of what they left,
and a number of random subsets, compared all at once, find any error with probability 1 - 2^-SUBSETS,
whatever the passes before did.

Block lengths are powers of two, so that every halving is even. They were chosen by simulation at 2^20 bits and 1, 2, 3,
5 and 8 % of errors: longer blocks in the second pass cost fewer bits and more rounds, and shorter ones in the first
cost bits and leave less to be found by way of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log2

import numpy as np
from numpy.typing import NDArray

from postproc.kernels.cascade import PERMUTATION_WORDS, Kind
from postproc.reconciliation.profile import Profile
from postproc.reconciliation.randomised import random_words

SUBSETS = 11
"""The third pass leaves errors in less than a tenth of the blocks, the subsets in 2^-11 of those: 5e-5."""

MAX_THIRD_BITS = 4096

SPARE_SHARE = 7e-4
"""So many cuts for each expected error may be asked for in vain in a round, when few searches are left."""


@dataclass(frozen=True, slots=True)
class Step:
    """Passes that are opened together.

    Attributes
    ----------
    kind : {"natural", "shuffled", "chosen"}
        Bits as they stand, in a random order, or random halves of them.
    block_bits : int
        Length of the blocks whose parities are compared; the last may be shorter.
    passes : int
        How many.
    """

    kind: Kind
    block_bits: int
    passes: int = 1

    def random(self, seed: bytes) -> NDArray[np.uint64]:
        """Expand the step's public seed into the random words of its passes, shape (passes, words)."""
        if self.kind == "natural":
            return np.zeros((self.passes, 1), np.uint64)  # nothing is chosen
        words = PERMUTATION_WORDS if self.kind == "shuffled" else 1
        return random_words(seed, self.passes * words).reshape(self.passes, words)

    def blocks_told(self, n: int) -> int:
        """Say at the ends of how many blocks Alice tells the prefix parity of each pass when she opens it.

        The parity of all bits together is known from the first pass.
        """
        return -(-n // self.block_bits) - (self.kind == "shuffled")


@dataclass(frozen=True, slots=True)
class Schedule:
    """What both parties do with a block.

    Attributes
    ----------
    steps : tuple of Step
    spare_cuts : int
        How many parities Bob may ask for in vain in one round, to save rounds when few searches are left.
    """

    steps: tuple[Step, ...]
    spare_cuts: int


def _power_of_two_up_to(x: float) -> int:
    return 1 << floor(log2(max(x, 2)))


def schedule(n: int, qber: float, profile: Profile) -> Schedule:
    """Plan the passes over a block.

    Parameters
    ----------
    n : int
        Bits in the block.
    qber : float
        Estimate of the error rate; a wrong one costs bits and rounds, never correctness.
    profile : {"efficient", "fast"}
        Fewest bits, or fewer rounds.
    """
    if n == 0:
        return Schedule((), 0)
    q = min(max(qber, 1 / 4096), 0.25)
    short, long = (1.3 - 0.5 * q, 8 + 30 * q) if profile == "efficient" else (1.2, 4.6 + 30 * q)
    first = _power_of_two_up_to(short / q)
    second = _power_of_two_up_to(long / q)
    third = max(second, min(_power_of_two_up_to(n / 4), MAX_THIRD_BITS))
    steps = (
        Step("natural", first),
        Step("shuffled", second),
        Step("shuffled", third),
        Step("chosen", n, SUBSETS),
    )
    return Schedule(steps, round(n * q * SPARE_SHARE))
