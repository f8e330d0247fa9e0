"""Hashing in privacy amplification."""

from __future__ import annotations

from collections.abc import Callable

from postproc.bits import Bits
from postproc.errors import InputError
from postproc.kernels.arguments import as_bits, room_for_bits, to_fill, to_read
from postproc.kernels.dispatch import lib, table
from postproc.kernels.toeplitz_blocks import hash_in_blocks


def toeplitz_hash(
    key: Bits,
    seed: Bits,
    out_bits: int,
    *,
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Bits:
    """Hash `key` by the Toeplitz matrix of `seed`: ``out[i] = XOR_j seed[i + n - 1 - j] & key[j]``.

    Takes the same time whatever the key; scratch memory is wiped.

    Parameters
    ----------
    key : Bits
        n bits, n at least 1.
    seed : Bits
        n + out_bits - 1 bits.
    out_bits : int
        Length of the hash, at least 1.
    workers : int, optional
        Threads for seeds of more than 4 Mbit, which are hashed in blocks; by default as many as this
        process may use cores.
    progress : callable, optional
        For those, ``progress(fraction)`` is called now and then by the calling thread.

    Raises
    ------
    InputError
        If the lengths do not fit each other.

    References
    ----------
    H. Krawczyk, "LFSR-based hashing and authentication", CRYPTO '94 (the family);
    M. Hayashi and T. Tsurumaru, arXiv:1311.5322 (its use in privacy amplification).
    """
    _check(key, seed, out_bits)
    if len(seed) > lib.TOEPLITZ_TRANSFORM_BITS and min(len(key), out_bits) >= LONG_BITS:
        return hash_in_blocks(key, seed, out_bits, workers, progress)
    out = room_for_bits(out_bits)
    if table().toeplitz_hash(to_read(key.packed), len(key), to_read(seed.packed), out_bits, to_fill(out)):
        raise MemoryError(f"no memory to hash {len(key)} bits")
    return as_bits(out, out_bits)


LONG_BITS = 2**17
"""A shorter side than this is faster without blocks, which come in whole transforms."""


def _check(key: Bits, seed: Bits, out_bits: int) -> None:
    if len(key) < 1 or out_bits < 1:
        raise InputError(f"a Toeplitz hash takes and gives at least 1 bit, got {len(key)} and {out_bits}")
    if len(seed) != len(key) + out_bits - 1:
        raise InputError(
            f"a Toeplitz hash of {len(key)} bits to {out_bits} takes a seed of "
            f"{len(key) + out_bits - 1} bits, got {len(seed)}"
        )
