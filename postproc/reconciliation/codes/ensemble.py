"""How many columns of each degree a code gets.

Columns of degree 2 form one path through nearly all rows; of the edges that remain, a share goes to columns of
degree 3, some to degree 8 and the rest to degree 20. These few numbers describe the whole family.
They were fitted by simulation with codes of 2^13 and 2^16 bits at 1 to 15 % of errors; for the principle of
irregular columns see T. Richardson, A. Shokrollahi and R. Urbanke, IEEE Trans. Inf. Theory 47 (2001) 619.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PATH_SHARE = 0.95
"""Columns of degree 2 for each row. As many as rows would close a cycle through them alone."""

LOW_DEGREE, MIDDLE_DEGREE, TOP_DEGREE = 3, 8, 20

MANY_ROWS = 50
"""From here on codes of low rate take more columns of the middle degree: at 1 % and f = 1.22, 4 of 400 frames of 2^16
bits fail at first instead of 37, after 14.4 sweeps instead of 17.0. Shorter codes were fitted without."""


def _shares(n_rows: int, n_columns: int) -> tuple[float, float]:
    """Share of the edges beyond the path that go to columns of the low, and of the middle degree."""
    syndrome_fraction = n_rows / n_columns
    if n_rows < MANY_ROWS:
        syndrome_fraction = max(syndrome_fraction, 0.17)
    low = np.interp(syndrome_fraction, [0.10, 0.17], [0.27, 0.30])
    middle = np.interp(syndrome_fraction, [0.14, 0.17, 0.33], [0.31, 0.22, 0.12])
    return float(low), float(middle)


def column_degrees(n_rows: int, n_columns: int) -> NDArray[np.int64]:
    """Give the degree of each column of a base matrix, ascending, shape (n_columns,).

    A column meets a row at most once, so that few rows allow only low degrees.
    """
    top = min(TOP_DEGREE, max(LOW_DEGREE, round(0.8 * n_rows)))
    middle = min(MIDDLE_DEGREE, top)
    on_path = round(PATH_SHARE * (n_rows - 1))
    low_edges, middle_edges = _shares(n_rows, n_columns)
    per_edge = {LOW_DEGREE: low_edges, middle: middle_edges, top: 1 - low_edges - middle_edges}
    per_column = {degree: share / degree for degree, share in per_edge.items()}
    scale = (n_columns - on_path) / sum(per_column.values())
    degrees = np.full(n_columns, LOW_DEGREE)
    degrees[:on_path] = 2
    end = n_columns
    for degree in sorted({middle, top} - {LOW_DEGREE}, reverse=True):
        start = end - round(scale * per_column[degree])
        degrees[start:end] = degree
        end = start
    return degrees
