"""Toeplitz hashing with Python's integers as rows of GF(2)."""

from postproc.bits import Bits


def toeplitz_hash(key: Bits, seed: Bits, out_bits: int) -> Bits:
    """Give ``out[i] = XOR_j seed[i + n - 1 - j] & key[j]``: the sum of the columns that the key selects."""
    n = len(key)
    diagonals = int.from_bytes(seed.to_bytes(), "little")
    total = 0
    for j, bit in enumerate(key.to_array()):
        if bit:
            total ^= diagonals >> (n - 1 - j)
    total &= (1 << out_bits) - 1
    return Bits.from_bytes(total.to_bytes((out_bits + 7) // 8, "little"), out_bits)
