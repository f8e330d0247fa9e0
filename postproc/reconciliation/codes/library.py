"""The codes that come with the package, as :mod:`postproc.reconciliation.codes.design` has written them.

All base matrices stand one after the other in four arrays: for each code its size, for each row its number
of entries, for each entry the step to its column and its shift.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from postproc.reconciliation.codes.code import Code

FILE_NAME = "codes.npz"


@lru_cache(maxsize=1)
def library() -> tuple[Code, ...]:
    """Give all codes, the shortest first, of each length those with the fewest rows first."""
    with (files("postproc.reconciliation.codes") / FILE_NAME).open("rb") as file:
        return tuple(read(file))


def read(file: IO[bytes]) -> Iterable[Code]:
    """Read codes as :func:`write` has written them."""
    with np.load(file) as data:
        sizes, row_length = data["sizes"], data["row_length"]
        column_step, shift = data["column_step"], data["shift"]
    first_row = first_entry = 0
    for n_rows, n_columns, n_puncturable in sizes.tolist():
        lengths = row_length[first_row : first_row + n_rows]
        row_start = np.append(0, np.cumsum(lengths)).astype(np.uint32)
        end = first_entry + int(row_start[-1])
        column = _columns(column_step[first_entry:end], row_start)
        yield Code(n_columns, n_puncturable, row_start, column, shift[first_entry:end])
        first_row, first_entry = first_row + n_rows, end


def write(path: Path, codes: Iterable[Code]) -> None:
    """Write codes whose columns ascend within each row."""
    codes = list(codes)
    np.savez_compressed(
        path,
        sizes=np.array([(code.n_rows, code.n_columns, code.n_puncturable) for code in codes], np.uint16),
        row_length=np.concatenate([np.diff(code.row_start) for code in codes]).astype(np.uint8),
        column_step=np.concatenate([_steps(code) for code in codes]),
        shift=np.concatenate([code.shift for code in codes]),
    )


def _steps(code: Code) -> NDArray[np.uint16]:
    """From each column to the next; in every row from 0."""
    steps = np.diff(code.column, prepend=0)
    steps[code.row_start[:-1]] = code.column[code.row_start[:-1]]
    return steps.astype(np.uint16)


def _columns(steps: NDArray[np.uint16], row_start: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Undo :func:`_steps`."""
    total = np.append(0, np.cumsum(steps, dtype=np.int64))
    before_row = np.repeat(total[row_start[:-1]], np.diff(row_start))
    column: NDArray[np.uint32] = (total[1:] - before_row).astype(np.uint32)
    return column
