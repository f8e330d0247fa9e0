"""Low-density parity-check codes: quasi-cyclic, of lifting size 64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits
from postproc.errors import InputError
from postproc.kernels.arguments import as_bits, room_for_bits, to_fill, to_read, vector
from postproc.kernels.dispatch import lib, table


@dataclass(frozen=True, slots=True)
class Belief:
    """What is known of bits before they are decoded.

    Attributes
    ----------
    bits : Bits
        What they seem to be.
    known : Bits
        Which of them are certain.
    unknown : Bits
        Of which nothing is known.
    ratio : int
        Log-likelihood ratio of all others, 0 to 127.

    Raises
    ------
    InputError
        If the three differ in length, or the ratio is out of range.
    """

    bits: Bits
    known: Bits
    unknown: Bits
    ratio: int

    def __post_init__(self) -> None:
        if not len(self.bits) == len(self.known) == len(self.unknown) or not 0 <= self.ratio <= 127:
            raise InputError(
                f"a belief takes three bit strings of one length and a ratio of 0 to 127, got "
                f"{len(self.bits)}, {len(self.known)}, {len(self.unknown)} and {self.ratio}"
            )


def ldpc_syndrome(
    row_start: NDArray[np.uint32], column: NDArray[np.uint32], shift: NDArray[np.uint8], bits: Bits
) -> Bits:
    """Compute the syndrome of a quasi-cyclic code of lifting size 64, given by its m_b x n_b base matrix.

    Bit ``64 i + r`` of the result is the XOR of ``bits[64 column[e] + (r + shift[e]) % 64]`` over the
    entries e of row i, which are ``row_start[i] <= e < row_start[i + 1]``.

    Parameters
    ----------
    row_start : array of uint32, shape (m_b + 1,)
        Where each row's entries start; from 0, never descending, ending at E.
    column : array of uint32, shape (E,)
        Block column of each entry, below n_b.
    shift : array of uint8, shape (E,)
        Cyclic shift of each entry, below 64.
    bits : Bits
        64 n_b bits.

    Raises
    ------
    InputError
        If the arrays do not describe a code for that many bits.
    """
    row_start = vector(row_start, np.uint32, "row_start")
    column = vector(column, np.uint32, "column")
    shift = vector(shift, np.uint8, "shift")
    if not len(row_start) or len(column) != len(shift) or len(bits) % 64:
        raise InputError(
            "a syndrome takes at least 1 row_start, as many columns as shifts, and a multiple of 64 bits, "
            f"got {len(row_start)}, {len(column)} and {len(shift)}, and {len(bits)}"
        )
    rows, columns = len(row_start) - 1, len(bits) // 64
    out = room_for_bits(64 * rows)
    code = to_read(row_start), rows, to_read(column), to_read(shift), len(column)
    fault = table().ldpc_syndrome(*code, to_read(bits.packed), columns, to_fill(out))
    if fault:
        raise InputError(_code_fault(fault, row_start, column, shift, columns))
    return as_bits(out, 64 * rows)


TABLE_BYTES = 12 * 128


class LdpcDecoder:
    """Layered sum-product decoding in 8 bits: finds bits with a given syndrome, from what is believed of each.

    Nothing but the number of sweeps depends on what is decoded, and at the level scalar the places at which
    the tables are read; all levels give the same bits. One can decode frame after frame.

    Parameters
    ----------
    row_start, column, shift
        The code, as for :func:`ldpc_syndrome`; kept, and not to be changed.
    n_columns : int
        n_b.

    Raises
    ------
    InputError
        If the arrays do not describe a code of so many columns.
    """

    def __init__(
        self,
        row_start: NDArray[np.uint32],
        column: NDArray[np.uint32],
        shift: NDArray[np.uint8],
        n_columns: int,
    ) -> None:
        self._code = (
            vector(row_start, np.uint32, "row_start"),
            vector(column, np.uint32, "column"),
            vector(shift, np.uint8, "shift"),
        )
        row_start, column, shift = self._code
        self._rows, self._columns = len(row_start) - 1, n_columns
        if self._rows < 0 or len(column) != len(shift) or n_columns < 0:
            raise InputError(
                f"a code has as many columns as shifts and at least 1 row_start, got {len(column)}, {len(shift)} "
                f"and {len(row_start)}"
            )
        self._kernels = table()
        code = to_read(row_start), self._rows, to_read(column), to_read(shift), len(column), n_columns
        if fault := self._kernels.ldpc_fault(*code):
            raise InputError(_code_fault(fault, row_start, column, shift, n_columns))
        self._handle = self._kernels.decoder_new(*code)
        if not self._handle:
            raise MemoryError(f"no memory to decode {64 * n_columns} bits")

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._kernels.decoder_free(self._handle)

    def start(self, belief: Belief) -> None:
        """Begin with what is believed of 64 n_b bits; what was found out before is forgotten."""
        if len(belief.bits) != 64 * self._columns:
            raise InputError(
                f"the code is for {64 * self._columns} bits, a multiple of 64 bits, got {len(belief.bits)}"
            )
        bits, known, unknown = (to_read(part.packed) for part in (belief.bits, belief.known, belief.unknown))
        self._kernels.decoder_start(self._handle, bits, known, unknown, belief.ratio)

    def run(
        self, tables: NDArray[np.uint8], syndrome: Bits, max_sweeps: int, patience: int
    ) -> tuple[Bits, int]:
        """Decode; once more from where it has come, if it is called again.

        Parameters
        ----------
        tables : array of uint8, shape (12 * 128,)
            Four roundings each of phi, of its inverse, and of its inverse for late sweeps; see
            :mod:`postproc.reconciliation.ldpc.quantiser`.
        syndrome : Bits
            64 m_b bits.
        max_sweeps : int
            Most sweeps over all rows, 1 to 10000.
        patience : int
            Give up after so many sweeps on end that fulfil no more checks than one before. 0 makes all sweeps
            whatever comes of them, in a time that does not depend on the errors.

        Returns
        -------
        bits : Bits
            64 n_b bits.
        sweeps : int
            Sweeps made until the bits had the syndrome; 0 if they have not.

        Raises
        ------
        InputError
            If the syndrome or the tables have another length, or a number is out of range.
        """
        if len(syndrome) != 64 * self._rows:
            raise InputError(
                f"decoding takes 64 syndrome bits for each row, got {len(syndrome)} for {self._rows} rows"
            )
        if not (1 <= max_sweeps <= 10_000 and 0 <= patience <= 10_000):
            raise InputError(
                f"decoding takes 1 to 10000 sweeps and 0 to 10000 patience, got {max_sweeps}, {patience}"
            )
        out = room_for_bits(64 * self._columns)
        arguments = to_read(_tables(tables)), to_read(syndrome.packed), max_sweeps, patience, to_fill(out)
        sweeps = self._kernels.decoder_run(self._handle, *arguments)
        return as_bits(out, 64 * self._columns), sweeps


def ldpc_decode(
    row_start: NDArray[np.uint32],
    column: NDArray[np.uint32],
    shift: NDArray[np.uint8],
    belief: Belief,
    tables: NDArray[np.uint8],
    syndrome: Bits,
    max_sweeps: int,
    patience: int,
) -> tuple[Bits, int]:
    """Decode one frame; see :class:`LdpcDecoder`."""
    decoder = LdpcDecoder(row_start, column, shift, -(-len(belief.bits) // 64))
    decoder.start(belief)
    return decoder.run(tables, syndrome, max_sweeps, patience)


def _tables(tables: NDArray[np.uint8]) -> NDArray[np.uint8]:
    tables = vector(tables, np.uint8, "tables")
    if len(tables) != TABLE_BYTES:
        raise InputError(f"a decoder's tables have {TABLE_BYTES} bytes, got {len(tables)}")
    inverses = tables[4 * 128 :]
    if inverses.max() > lib.LARGEST_ANSWER or inverses[127::128].any():
        raise InputError(f"a decoder's inverse tables go up to {lib.LARGEST_ANSWER} and end in 0")
    return tables


def _code_fault(
    fault: int,
    row_start: NDArray[np.uint32],
    column: NDArray[np.uint32],
    shift: NDArray[np.uint8],
    columns: int,
) -> str:
    if fault == lib.CODE_BAD_ROWS:
        return f"row_start must ascend from 0 to the number of entries, {len(column)}"
    if fault == lib.CODE_BAD_COLUMN:
        entry = int(np.argmax(column >= columns))
        return (
            f"entry {entry} of the code has column {column[entry]}, but the bits have {columns} blocks of 64"
        )
    entry = int(np.argmax(shift >= 64))
    return f"entry {entry} of the code has shift {shift[entry]}, but shifts must be below 64"
