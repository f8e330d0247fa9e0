"""A quasi-cyclic LDPC code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from postproc.bits import Bits

LIFTING = 64


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """A base matrix whose entries stand for 64 x 64 circulants.

    Attributes
    ----------
    n_columns : int
        Columns of the base matrix.
    n_puncturable : int
        The first so many columns share no row with one another. A set of their bits then meets as many
        checks that no other of these bits meets: the parity-check matrix, restricted to such bits, has full
        column rank, and each of them, if random and private, hides one syndrome bit.
    row_start, column, shift : array
        The entries, as :func:`postproc.kernels.ldpc_syndrome` takes them.
    """

    n_columns: int
    n_puncturable: int
    row_start: NDArray[np.uint32]
    column: NDArray[np.uint32]
    shift: NDArray[np.uint8]

    @property
    def n_rows(self) -> int:
        """Rows of the base matrix."""
        return len(self.row_start) - 1

    @property
    def name(self) -> str:
        """Rows and columns, as in ``44x128``."""
        return f"{self.n_rows}x{self.n_columns}"

    @property
    def length(self) -> int:
        """Bits of a codeword."""
        return LIFTING * self.n_columns

    @property
    def checks(self) -> int:
        """Bits of a syndrome."""
        return LIFTING * self.n_rows

    @property
    def max_punctured(self) -> int:
        """Bits that may be punctured."""
        return LIFTING * self.n_puncturable

    def without(self, columns: NDArray[np.integer[Any]]) -> Code:
        """Leave columns out, as if their bits were known to be zero."""
        gone = np.zeros(self.n_columns, bool)
        gone[columns] = True
        keep = ~gone[self.column]
        place = np.cumsum(~gone) - 1
        rows = np.append(0, np.cumsum(keep))[self.row_start].astype(np.uint32)
        column = place[self.column[keep]].astype(np.uint32)
        left = int(np.count_nonzero(~gone[: self.n_puncturable]))
        return Code(self.n_columns - len(columns), left, rows, column, self.shift[keep])

    def syndrome(self, bits: Bits) -> Bits:
        """Give the syndrome of `length` bits."""
        return kernels.ldpc_syndrome(self.row_start, self.column, self.shift, bits)

    def bits_of(self, checks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the bits that any of these checks adds up, ascending; there is at least one check."""
        rows, places = np.divmod(checks, LIFTING)
        entries = [np.arange(*self.row_start[row : row + 2]) for row in rows]
        bits = [
            LIFTING * self.column[e].astype(np.int64) + (place + self.shift[e]) % LIFTING
            for e, place in zip(entries, places, strict=True)
        ]
        return np.unique(np.concatenate(bits))

    def decoder(self) -> kernels.LdpcDecoder:
        """Give a decoder for words of this code; see :class:`postproc.kernels.LdpcDecoder`."""
        return kernels.LdpcDecoder(self.row_start, self.column, self.shift, self.n_columns)
