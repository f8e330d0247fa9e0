"""The modified Toeplitz hash, whose matrix begins with the identity."""

from __future__ import annotations

from collections.abc import Callable

from postproc.bits import Bits
from postproc.errors import InputError
from postproc.kernels import toeplitz_hash


def modified_toeplitz_hash(
    key: Bits, seed: Bits, out_bits: int, *, progress: Callable[[float], None] | None = None
) -> Bits:
    """Hash `key` by the matrix (I | T): its first m bits, plus the Toeplitz hash of the others.

    With m = `out_bits` and n bits of key, T has m rows and n - m columns and takes m fewer bits of seed than
    the full Toeplitz matrix: 2-universal and dual universal all the same. Both ends must agree on it: the
    two are different hashes.

    Parameters
    ----------
    key : Bits
        n bits.
    seed : Bits
        n - 1 bits. T[i, j] is bit i - j + n - m - 1. If m = n they do not matter: the hash is the key.
    out_bits : int
        Length of the hash, from 1 to n.
    progress : callable, optional
        As for :func:`~postproc.kernels.toeplitz_hash`.

    Raises
    ------
    InputError
        If the lengths do not fit each other.

    References
    ----------
    M. Hayashi and T. Tsurumaru, arXiv:1311.5322, section on the modified Toeplitz matrix.
    """
    n = len(key)
    if not 1 <= out_bits <= n:
        raise InputError(f"a modified Toeplitz hash of {n} bits gives 1 to {n} bits, not {out_bits}")
    if len(seed) != n - 1:
        raise InputError(
            f"a modified Toeplitz hash of {n} bits takes a seed of {n - 1} bits, got {len(seed)}"
        )
    if out_bits == n:
        return key
    others = toeplitz_hash(key.slice(out_bits, n), seed, out_bits, progress=progress)
    return key.slice(0, out_bits) ^ others
