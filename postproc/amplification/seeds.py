"""In which order a seed fills a Toeplitz matrix: ours, and those of other packages.

===============  ==================================================  ======================================
order            the seed's bits run                                 used by
===============  ==================================================  ======================================
``row-first``    along the first row from its end to its start,      this package; randextract "row-first"
                 then down the first column
``column-first`` up the first column from its foot,                  randextract "col-first"
                 then along the first row
``wrapped``      down the first column, then along the first row     cryptomite; randextract by default
                 from its end, up to the second place
===============  ==================================================  ======================================

The corner, which row and column share, counts once. The modified hash takes the same orders for the columns
of its T alone; randextract has the identity behind T, where we have it in front.
"""

from __future__ import annotations

from typing import Literal, get_args

from postproc.bits import Bits
from postproc.errors import InputError

SeedOrder = Literal["row-first", "column-first", "wrapped"]

SEED_ORDERS: tuple[SeedOrder, ...] = get_args(SeedOrder)


def seed_from(order: SeedOrder, seed: Bits, key_bits: int, out_bits: int) -> Bits:
    """Bring a seed in someone's order into ours: the same matrix.

    Parameters
    ----------
    order : SeedOrder
        What `seed` is in.
    seed : Bits
        ``key_bits + out_bits - 1`` bits.
    key_bits, out_bits : int
        Columns and rows of the matrix.

    Raises
    ------
    InputError
        If there is no such order, or the seed has another length.
    """
    return _turned(order, seed, key_bits, out_bits, out_bits)


def seed_to(order: SeedOrder, seed: Bits, key_bits: int, out_bits: int) -> Bits:
    """Bring a seed in our order into someone's: the inverse of :func:`seed_from`."""
    return _turned(order, seed, key_bits, out_bits, key_bits - 1)


def _turned(order: SeedOrder, seed: Bits, key_bits: int, out_bits: int, first: int) -> Bits:
    """Reorder; a wrapped seed starts over with bit `first`."""
    if len(seed) != key_bits + out_bits - 1:
        raise InputError(
            f"a Toeplitz matrix of {out_bits} x {key_bits} takes a seed of {key_bits + out_bits - 1} bits, "
            f"got {len(seed)}"
        )
    if order == "row-first":
        return seed
    if order == "column-first":
        return Bits.from_array(seed.to_array()[::-1])
    if order == "wrapped":
        return Bits.join([seed.slice(first, len(seed)), seed.slice(0, first)])
    raise InputError(f"'{order}' is no order of a seed: choose one of {', '.join(SEED_ORDERS)}")
