"""Counts and parities, bit by bit."""

from itertools import accumulate
from operator import xor

import numpy as np

from postproc.bits import Bits


def popcount(bits: Bits) -> int:
    """Count the ones."""
    return sum(bits.to_array().tolist())


def parity(bits: Bits) -> int:
    """Give the sum modulo 2."""
    return popcount(bits) % 2


def prefix_parity(bits: Bits) -> Bits:
    """Give the parity of everything up to and including each bit."""
    return Bits.from_array(np.array(list(accumulate(bits.to_array().tolist(), xor)), np.uint8))
