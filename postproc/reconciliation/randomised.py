"""Public randomness: both parties expand the same seed into the same random words.

The raw output of Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) is
fixed by its definition; NumPy's higher-level draws may change with its version and are not used here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits
from postproc.errors import InputError

SEED_BYTES = 16
MAX_BITS = 2**31


def random_words(seed: bytes, n: int) -> NDArray[np.uint64]:
    """Expand a seed of 16 bytes into `n` random words."""
    return np.random.Philox(key=int.from_bytes(seed, "little")).random_raw(n)


def in_whole_words(key: Bits) -> Bits:
    """Fill up the last 64-bit word with zeros: permutations move whole words.

    Raises
    ------
    InputError
        If the key has more than 2^31 bits: places travel as 32-bit numbers.
    """
    n = len(key)
    if n > MAX_BITS:
        raise InputError(f"error correction takes blocks of up to 2^31 bits, got {n}: end blocks earlier")
    return key if n % 64 == 0 else Bits.from_bytes(key.to_bytes() + bytes(8), -(-n // 64) * 64)


def without_filling(key: Bits, n: int) -> Bits:
    """Take back the `n` bits that :func:`in_whole_words` has filled up."""
    return key if len(key) == n else Bits.from_bytes(key.to_bytes(), n)


def subset_mask(word: int, n_words: int) -> NDArray[np.uint64]:
    """Give the members of the random subset that one word chooses, as ``csrc/subset_parity/subset.h`` has it.

    Returns
    -------
    array of uint64, shape (n_words,)
    """
    z = np.uint64(word) + np.arange(1, n_words + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)
