"""Streams of time tags."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.kernels.arguments import room, to_fill, to_read, vector
from postproc.kernels.dispatch import table


def first_disorder(time_ps: NDArray[np.int64]) -> int | None:
    """Find the first tag that is earlier than the one before it.

    Parameters
    ----------
    time_ps : array of int64, shape (n,)

    Returns
    -------
    int or None
        Its index; None if the times ascend (equal times do).
    """
    time_ps = vector(time_ps, np.int64, "time_ps")
    found = table().first_disorder(to_read(time_ps), len(time_ps))
    return found if found < len(time_ps) else None


def coincidences(
    a_ps: NDArray[np.int64], b_ps: NDArray[np.int64], window_ps: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Pair two streams of time tags one to one, greedily in time order.

    Of the two earliest unpaired tags, one of each stream: if they are at most `window_ps` apart they pair,
    else the earlier one stays alone. Any int64 times will do, also a whole range apart.

    Parameters
    ----------
    a_ps, b_ps : array of int64, shapes (n_a,) and (n_b,)
        Ascending times on one clock; fewer than 2**32 each.
    window_ps : int
        Largest difference of a pair, 0 to 2**63 - 1.

    Returns
    -------
    index_a, index_b : array of uint32, shape (pairs,)
        Where the partners stand in `a_ps` and `b_ps`; both ascend.

    Raises
    ------
    InputError
        If a stream is not in time order, or the window is out of range.
    """
    a_ps, b_ps = _in_one_call(a_ps, "a_ps"), _in_one_call(b_ps, "b_ps")
    if not 0 <= window_ps < 2**63:
        raise InputError(f"a coincidence window is 0 to 2**63 - 1 ps, got {window_ps}")
    index_a, index_b = (room(min(len(a_ps), len(b_ps)), np.uint32) for _ in "ab")
    pairs = table().coincidences(
        to_read(a_ps), len(a_ps), to_read(b_ps), len(b_ps), window_ps, to_fill(index_a), to_fill(index_b)
    )
    if pairs > len(index_a):
        _in_order(a_ps, "a_ps")
        _in_order(b_ps, "b_ps")
    return index_a[:pairs], index_b[:pairs]


def correlate(
    a_ps: NDArray[np.int64],
    b_ps: NDArray[np.int64],
    counts: NDArray[np.uint64],
    *,
    first_ps: int,
    bin_ps: int,
    most_pairs: int = 2**63,
) -> int:
    """Count all pairs of two streams by their difference, b minus a.

    Parameters
    ----------
    a_ps, b_ps : array of int64, shapes (n_a,) and (n_b,)
        Ascending times, within +-2**62 ps.
    counts : array of uint64, shape (bins,)
        Bin *k* grows by the pairs from ``first_ps + k * bin_ps`` to below the next bin.
    first_ps, bin_ps : int
        The span of all bins is below 2**53 ps.
    most_pairs : int
        After so many it ends.

    Returns
    -------
    int
        How many tags of `a_ps` were dealt with: all, unless there were more pairs.

    Raises
    ------
    InputError
        If a stream is not in time order, or the bins are out of range.
    """
    a_ps, b_ps = _stream(a_ps, "a_ps"), _stream(b_ps, "b_ps")
    if not (bin_ps >= 1 and bin_ps * len(counts) < 2**53 and abs(first_ps) < 2**53):
        raise InputError(f"{len(counts)} bins of {bin_ps} ps from {first_ps} ps on are out of range")
    bins = len(counts)
    into = to_fill(vector(counts, np.uint64, "counts"))
    return table().correlate(
        to_read(a_ps), len(a_ps), to_read(b_ps), len(b_ps), first_ps, bin_ps, bins, most_pairs, into
    )


def _stream(time_ps: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    time_ps = _in_one_call(time_ps, name)
    _in_order(time_ps, name)
    return time_ps


def _in_one_call(time_ps: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    time_ps = vector(time_ps, np.int64, name)
    if len(time_ps) >= 2**32:
        raise InputError(
            f"{name} has {len(time_ps)} tags, but one call takes fewer than 2**32: cut it in chunks"
        )
    return time_ps


def _in_order(time_ps: NDArray[np.int64], name: str) -> None:
    late = first_disorder(time_ps)
    if late is not None:
        raise InputError(
            f"{name} must be in time order, but tag {late} at {time_ps[late]} ps "
            f"comes after {time_ps[late - 1]} ps"
        )
