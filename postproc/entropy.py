"""Randomness, injected: from the operating system in earnest, from a seed in tests.

Every stream is keyed by stage and block, so that what one block draws does not depend on what happened
to another.
"""

from __future__ import annotations

import os
from hashlib import shake_256
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits
from postproc.errors import InputError

DRAWS = 100
"""More ties in a row than chance makes in any number of lifetimes: one is rarer than the population over 2^32."""


class Stream:
    """Random bytes for one purpose, and what is drawn from them. Subclasses give the bytes."""

    def bytes(self, n: int) -> bytes:
        """Give `n` fresh random bytes."""
        raise NotImplementedError

    def bits(self, n: int) -> Bits:
        """Give `n` fresh random bits."""
        return Bits.from_bytes(self.bytes((n + 7) // 8), n)

    def sample(self, population: int, size: int) -> NDArray[np.int64]:
        """Choose `size` of `population` indices, every subset equally likely, ascending.

        Every index gets a random number of its own, and the smallest win: no generator stretches a short seed, so
        that a proof about random samples is a proof about these. Where the last winner ties with the first loser all
        is drawn again, which favours no subset.
        """
        if not 0 <= size <= population:
            raise InputError(f"{size} of {population} indices cannot be chosen")
        if size in (0, population):
            return np.arange(size)
        for _ in range(DRAWS):
            numbers = np.frombuffer(self.bytes(4 * population), np.uint32)
            order = np.argpartition(numbers, (size - 1, size))
            if numbers[order[size - 1]] != numbers[order[size]]:
                return np.sort(order[:size])
        raise InputError("random numbers tie again and again: the random source is broken; do not use it")


class Entropy(Protocol):
    """Where a party's randomness comes from."""

    def stream(self, stage: str, block: int) -> Stream:
        """Give the stream of a stage and block."""
        ...


class _SystemStream(Stream):
    def bytes(self, n: int) -> bytes:
        return os.urandom(n)


class SystemEntropy:
    """The operating system's randomness."""

    def stream(self, stage: str, block: int) -> Stream:
        """Give a stream; the labels do not matter here."""
        return _SystemStream()


class ByteSource(Protocol):
    """Whatever gives random bytes, such as an instrument."""

    def bytes(self, n: int) -> bytes:
        """Give `n` fresh random bytes."""
        ...


class _MixedStream(Stream):
    def __init__(self, source: ByteSource) -> None:
        self._source = source

    def bytes(self, n: int) -> bytes:
        one, other = (np.frombuffer(data, np.uint8) for data in (self._source.bytes(n), os.urandom(n)))
        return (one ^ other).tobytes()


class MixedEntropy:
    """A source's randomness, every bit of it added to one of the operating system's: as good as the better of the two.

    Parameters
    ----------
    source : ByteSource
    """

    def __init__(self, source: ByteSource) -> None:
        self._stream = _MixedStream(source)

    def stream(self, stage: str, block: int) -> Stream:
        """Give a stream; the labels do not matter here."""
        return self._stream


class _SeededStream(Stream):
    def __init__(self, label: bytes) -> None:
        self._label = label
        self._draws = 0

    def bytes(self, n: int) -> bytes:
        self._draws += 1
        return shake_256(self._label + self._draws.to_bytes(8, "little")).digest(n)


class SeededEntropy:
    """Reproducible randomness, for tests and replays. Keys made with it are worthless.

    Parameters
    ----------
    seed : bytes
        Different for the two parties, or they draw the same numbers.
    """

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def stream(self, stage: str, block: int) -> Stream:
        """Give the stream of a stage and block; asking twice gives the same stream again."""
        return _SeededStream(b"%d:%b|%b|%d|" % (len(self._seed), self._seed, stage.encode(), block))
