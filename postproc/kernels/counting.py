"""Counts and parities of bit strings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from postproc.bits import Bits
from postproc.kernels import arguments
from postproc.kernels.arguments import as_bits, room_for_bits, to_fill, to_read
from postproc.kernels.dispatch import lib, table

LAGS: int = lib.LAGS
NIBBLES: int = lib.NIBBLES


def popcount(bits: Bits) -> int:
    """Count the ones, in the same time whatever they are."""
    return table().popcount(to_read(bits.packed), bits.packed.size)


def parity(bits: Bits) -> int:
    """Give the sum of all bits modulo 2; 0 for none."""
    return popcount(bits) & 1


def prefix_parity(bits: Bits) -> Bits:
    """Give ``out[i] = bits[0] ^ ... ^ bits[i]``, so that any interval's parity is two bits of the result."""
    out = room_for_bits(len(bits))
    table().prefix_parity(to_read(bits.packed), len(bits), to_fill(out))
    return as_bits(out, len(bits))


class HealthCounts(NamedTuple):
    """What shows that bits are not random.

    Attributes
    ----------
    ones : int
    differ : list of int
        For each d from 1 to `LAGS`, how many bits differ from the bit d later.
    nibbles : list of int
        How often each of `NIBBLES` values of four bits comes, the first bit the lowest; what is left at the end
        is left out.
    longest_run : int
        Length of the longest run of equal bits.
    """

    ones: int
    differ: list[int]
    nibbles: list[int]
    longest_run: int


def health_counts(bits: Bits) -> HealthCounts:
    """Count, in the same time whatever the bits are."""
    out = arguments.room(lib.HEALTH_COUNTS, np.uint64)
    table().health_counts(to_read(bits.packed), len(bits), to_fill(out))
    counts: list[int] = out.tolist()
    return HealthCounts(counts[0], counts[1 : 1 + LAGS], counts[1 + LAGS : -1], counts[-1])
