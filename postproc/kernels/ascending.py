"""Ascending integers in few bits; :mod:`postproc.ascending` describes the form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.kernels import arguments
from postproc.kernels.arguments import to_fill, to_read, vector
from postproc.kernels.dispatch import table

HEAD_BYTES = 13
MOST_LOW_BITS = 48


def pack_ascending(values: NDArray[np.int64], low_bits: int, room: int) -> NDArray[np.uint8] | None:
    """Code integers, head and all.

    Parameters
    ----------
    values : array of int64, shape (n,)
        At least one, below 2**32, their span below 2**62.
    low_bits : int
        So many bits of each step, or one more if that takes fewer bits, are left as they are; at most 47.
    room : int
        Most bytes that it may take.

    Returns
    -------
    array of uint8 or None
        None where they descend somewhere, or take more.
    """
    values = vector(values, np.int64, "values")
    if not 1 <= len(values) < 2**32 or not 0 <= low_bits < MOST_LOW_BITS:
        raise InputError(
            f"coding takes 1 to 2**32 - 1 numbers and 0 to 47 bits, got {len(values)}, {low_bits}"
        )
    out = arguments.room(max(room, 0), np.uint8)
    size = table().pack_ascending(to_read(values), len(values), low_bits, to_fill(out), len(out))
    return out[:size] if size else None


def unpack_ascending(
    coded: NDArray[np.uint8], low_bits: int, first: int, most: int, n_steps: int
) -> NDArray[np.int64] | None:
    """Decode what follows the head.

    Parameters
    ----------
    coded : array of uint8
    low_bits : int
        At most 48.
    first, most : int
        The first integer, and what none may exceed; in 64 bits.
    n_steps : int
        How many integers follow the first.

    Returns
    -------
    array of int64, shape (n_steps + 1,), or None
        None where the bytes are anything else.
    """
    coded = vector(coded, np.uint8, "coded")
    fits = 0 <= low_bits <= MOST_LOW_BITS and 0 <= n_steps < 2**32 and -(2**63) <= first <= most < 2**63
    if not fits or 8 * len(coded) < n_steps * low_bits:
        raise InputError(
            f"{len(coded)} bytes do not hold {n_steps} steps of {low_bits} bits from {first} to {most}"
        )
    values = arguments.room(n_steps + 1, np.int64)
    fault = table().unpack_ascending(
        to_read(coded), len(coded), low_bits, first, most, n_steps, to_fill(values)
    )
    return None if fault else values
