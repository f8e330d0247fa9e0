"""The hashes as calls from outside take them: packed arrays and explicit lengths."""

from __future__ import annotations

from collections.abc import Callable

from postproc import kernels
from postproc.amplification import hashing
from postproc.bits import Bits, Packed, packed_bits

Progress = Callable[[float], None]


def toeplitz_hash(
    key: Packed,
    n_bits: int,
    seed: Packed,
    out_bits: int,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Packed:
    """Hash the first n bits of `key`: ``out[i] = XOR_j seed[i + n - 1 - j] & key[j]``.

    Parameters
    ----------
    key : array of uint8, shape (ceil(n_bits / 8),)
        Bit *i* is ``key[i >> 3] >> (i & 7) & 1``; unused bits are zero.
    n_bits : int
        Length of the key, from 1 on.
    seed : array of uint8, shape (ceil((n_bits + out_bits - 1) / 8),)
        As `key`, ``n_bits + out_bits - 1`` bits.
    out_bits : int
        Length of the hash, from 1 on.
    workers, progress
        As for :func:`postproc.kernels.toeplitz_hash`, which says more.

    Returns
    -------
    array of uint8, shape (ceil(out_bits / 8),)

    Raises
    ------
    InputError
        If the lengths do not fit each other, or an unused bit is set.
    """
    given, spread = _read(key, n_bits, seed, n_bits + out_bits - 1)
    return kernels.toeplitz_hash(given, spread, out_bits, workers=workers, progress=progress).packed


def modified_toeplitz_hash(
    key: Packed, n_bits: int, seed: Packed, out_bits: int, *, progress: Progress | None = None
) -> Packed:
    """Hash by the matrix (I | T), with a seed of ``n_bits - 1`` bits; otherwise as :func:`toeplitz_hash`.

    See :func:`postproc.amplification.hashing.modified_toeplitz_hash` for the matrix.
    """
    given, spread = _read(key, n_bits, seed, n_bits - 1)
    return hashing.modified_toeplitz_hash(given, spread, out_bits, progress=progress).packed


def _read(key: Packed, n_bits: int, seed: Packed, seed_bits: int) -> tuple[Bits, Bits]:
    return packed_bits("the key", key, n_bits), packed_bits("the seed", seed, seed_bits)
