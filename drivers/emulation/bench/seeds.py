"""One independent random stream for every (seed, party, channel, block)."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """Give the generator that belongs to a key.

    Parameters
    ----------
    seed : int
        Of the whole scene, not negative.
    *key : str or int
        Names and block numbers; each combination is a stream of its own.
    """
    return np.random.default_rng(_sequence(seed, key))


def word(seed: int, *key: str | int) -> np.uint64:
    """Give one 64-bit word that belongs to a key."""
    return np.uint64(_sequence(seed, key).generate_state(1, np.uint64)[0])


def _sequence(seed: int, key: tuple[str | int, ...]) -> np.random.SeedSequence:
    numbers = (zlib.crc32(part.encode()) if isinstance(part, str) else part for part in key)
    return np.random.SeedSequence(seed, spawn_key=tuple(numbers))
