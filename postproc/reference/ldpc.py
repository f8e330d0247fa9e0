"""The syndrome of a quasi-cyclic code, from the definition of each bit."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from postproc.bits import Bits

LIFTING = 64


def ldpc_syndrome(row_start: Sequence[int], column: Sequence[int], shift: Sequence[int], bits: Bits) -> Bits:
    """Give ``s[64 i + r] = XOR over the entries e of row i of x[64 column[e] + (r + shift[e]) % 64]``."""
    x = bits.to_array().tolist()
    syndrome = [
        sum(x[LIFTING * column[e] + (r + shift[e]) % LIFTING] for e in range(first, end)) % 2
        for first, end in pairwise(row_start)
        for r in range(LIFTING)
    ]
    return Bits.from_array(np.array(syndrome, np.uint8))
