"""Longer codes: every entry of a base matrix becomes several, in a cyclic order of its own.

A code lifted by k has k copies of every row and column. An entry of shift s becomes k entries of shift s,
which join copy i of its row to copy i + t of its column, modulo k, with t at random for each entry: a short
cycle of the base matrix stays one only where its t's add up to 0, once in k. Copies of columns that share no
row share none, and copies of a path are paths.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from postproc.reconciliation.codes.code import Code
from postproc.reconciliation.codes.placement import Draws

SEED = 2


@lru_cache(maxsize=4)
def lifted(code: Code, factor: int) -> Code:
    """Lift a code to `factor` times its length; by 1, give it as it is."""
    if factor == 1:
        return code
    draws = Draws(SEED << 96 | factor << 64 | code.n_rows << 32 | code.n_columns)
    offsets = np.array([draws.below(factor) for _ in code.shift])
    rows = []
    for row in range(code.n_rows):
        entries = slice(code.row_start[row], code.row_start[row + 1])
        columns, shifts, offset = code.column[entries].astype(np.int64), code.shift[entries], offsets[entries]
        rows += [(columns * factor + (copy + offset) % factor, shifts) for copy in range(factor)]
    row_start = np.cumsum([0] + [len(shifts) for _, shifts in rows]).astype(np.uint32)
    column = np.concatenate([columns for columns, _ in rows]).astype(np.uint32)
    shift = np.concatenate([shifts for _, shifts in rows])
    return Code(code.n_columns * factor, code.n_puncturable * factor, row_start, column, shift)
