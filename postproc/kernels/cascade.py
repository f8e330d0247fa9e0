"""Cascade: orders of bits, Alice's answers, Bob's search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits
from postproc.errors import InputError
from postproc.kernels.arguments import (
    as_bits,
    byte_pointers,
    bytes_from,
    bytes_to_fill,
    numbers,
    numbers_from,
    room_for_bits,
    to_fill,
    to_read,
    vector,
)
from postproc.kernels.counting import prefix_parity
from postproc.kernels.dispatch import lib, table

PERMUTATION_WORDS: int = lib.PERMUTATION_WORDS
"""Random words that choose a permutation."""

MAX_PASSES: int = lib.MAX_PASSES
MAX_WORDS = 1 << 25

Kind = Literal["natural", "shuffled", "chosen"]

_KINDS: dict[Kind, tuple[int, int]] = {
    "natural": (lib.PASS_NATURAL, 1),
    "shuffled": (lib.PASS_SHUFFLED, PERMUTATION_WORDS),
    "chosen": (lib.PASS_CHOSEN, 1),
}


def permute(random: NDArray[np.uint64], bits: Bits, *, backwards: bool = False) -> Bits:
    """Bring bits into an order that random words choose, or back from it.

    Parameters
    ----------
    random : array of uint64, shape (PERMUTATION_WORDS,)
        Public randomness.
    bits : Bits
        64 bits or a multiple of them, at most 2^31.

    Raises
    ------
    InputError
        If the words or the bits have another shape.
    """
    random = _random_words(random, PERMUTATION_WORDS)
    n_words = _whole_words(bits)
    out = room_for_bits(len(bits))
    if table().permute(to_read(random), to_read(bits.packed), n_words, int(backwards), to_fill(out)):
        raise MemoryError(f"no memory to permute {len(bits)} bits")
    return as_bits(out, len(bits))


def subset_parity(subset: int, bits: Bits) -> int:
    """Give the parity of a random subset of the bits, a multiple of 64, that one random word chooses."""
    return table().subset_parity(subset, to_read(bits.packed), _whole_words(bits))


def cut_bits(n_places: int) -> int:
    """Say how many bits a cut takes where it travels: see ``csrc/cascade_tell/packed_cuts.h``."""
    return (n_places - 1).bit_length()


class CascadeTeller:
    """Alice's prefix parities of all passes, and which of them were told: each is told once.

    Parameters
    ----------
    n_places : int
        64 or a multiple, at most 2^31.
    """

    def __init__(self, n_places: int) -> None:
        self._n_places, self._width = n_places, cut_bits(n_places)
        self._prefix, self._told = (byte_pointers(MAX_PASSES) for _ in "pt")
        self._kept: list[object] = []
        self._counts = numbers(MAX_PASSES)
        self._out, self._room = bytes_to_fill(0), 0

    def open(self, number: int, bits: Bits, *, total_known: bool) -> None:
        """Prepare a pass, before any cut of it may be asked for.

        Parameters
        ----------
        number : int
            Below `MAX_PASSES`.
        bits : Bits
            Her bits in the order of the pass.
        total_known : bool
            Whether the parity of all of them has been told before.
        """
        if len(bits) != self._n_places or not 0 <= number < MAX_PASSES:
            raise InputError(f"pass {number} of {len(bits)} bits does not fit {self._n_places} places")
        prefix, told = prefix_parity(bits), np.zeros(len(bits.packed), np.uint8)
        if total_known:
            told[-1] = 1 << (len(bits) - 1) % 8
        self._prefix[number], self._told[number] = to_read(prefix.packed), to_fill(told)
        self._kept += [prefix, told]

    def tell_ends(self, number: int, block_places: int, count: int) -> Bits:
        """Give the parities at the ends of the first `count` blocks of a pass that was opened just now."""
        if (
            block_places < 1
            or not 0 <= count <= -(-self._n_places // block_places)
            or not self._prefix[number]
        ):
            raise InputError(
                f"pass {number} has no {count} blocks of {block_places} of {self._n_places} places"
            )
        out = room_for_bits(count)
        known, told = self._prefix[number], self._told[number]
        table().cascade_tell_ends(known, told, self._n_places, block_places, count, to_fill(out))
        return as_bits(out, count)

    def tell(self, counts: Sequence[int], cuts: bytes) -> bytes:
        """Give the parities at cuts.

        Parameters
        ----------
        counts : sequence of int
            How many of the cuts are in each pass, the first passes first.
        cuts : bytes
            How many bits each parity covers, 1 to their number, packed as ``csrc/cascade_tell/packed_cuts.h`` says.

        Returns
        -------
        bytes
            Packed bits, one for each cut.

        Raises
        ------
        InputError
            If a cut is outside, or has been told before, or they are not as many as counted. Nothing may then be
            said, nor asked again.
        """
        passes, asked = len(counts), sum(counts)
        if asked * self._width > 8 * len(cuts):
            raise InputError(self._complaint(lib.CUTS_MISCOUNTED, counts, cuts))
        try:
            self._counts[0:passes] = counts
        except (IndexError, OverflowError):  # too many, below 0 or beyond 32 bits
            raise InputError(f"cuts in passes cannot be {counts}") from None
        n_bytes = (asked + 7) // 8
        if n_bytes > self._room:
            self._out, self._room = bytes_to_fill(n_bytes), n_bytes
        fault = table().cascade_tell(
            self._prefix, self._told, self._n_places, self._counts, passes, cuts, len(cuts), self._out
        )
        if fault:
            raise InputError(self._complaint(fault, counts, cuts))
        return bytes_from(self._out, n_bytes)

    def _complaint(self, fault: int, counts: Sequence[int], cuts: bytes) -> str:
        if fault == lib.CUT_OUTSIDE:
            return f"asked for a parity outside the block of {self._n_places} bits"
        if fault == lib.CUT_REPEATED:
            return "asked twice for the same parity"
        width = self._width
        return f"sent {len(cuts)} bytes of cuts of {width} bits and counted {tuple(counts)} in passes that are open"


class CascadeSearch:
    """Bob's key, his views of all open passes, and the odd intervals in them.

    Call :meth:`choose` and, if it asks for anything, :meth:`take` in turn; :meth:`open` when nothing is asked.

    Parameters
    ----------
    key : Bits
        64 bits or a multiple of them, at most 2^31.
    """

    def __init__(self, key: Bits) -> None:
        self._kernels = table()
        self._n_words = _whole_words(key)
        self._handle = self._kernels.search_new(to_read(key.packed), self._n_words)
        if not self._handle:
            raise MemoryError(f"no memory to search {len(key)} bits")
        self._passes = 0
        self._wanted = 0
        self._width = cut_bits(len(key))
        self._counts, self._cuts = numbers(MAX_PASSES), byte_pointers(1)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._kernels.search_free(self._handle)

    def open(self, kind: Kind, random: NDArray[np.uint64], block_places: int, parities: Bits) -> None:
        """Open a pass.

        Parameters
        ----------
        kind : {"natural", "shuffled", "chosen"}
            Bits as they stand, permuted, or as they stand with all but a random subset blanked.
        random : array of uint64
            `PERMUTATION_WORDS` words for "shuffled", else one.
        block_places : int
            Length of the blocks; the last may be shorter.
        parities : Bits
            Alice's prefix parities at the ends of the blocks; for "shuffled" without the last, which is that of
            the first pass.

        Raises
        ------
        InputError
            If there are too many passes, or the arguments do not fit.
        """
        number, words = _KINDS[kind]
        random = _random_words(random, words)
        if self._wanted or self._passes == MAX_PASSES or block_places < 1:
            raise InputError(f"cannot open a pass of blocks of {block_places} when {self._passes} are open")
        due = -(-64 * self._n_words // block_places) - (kind == "shuffled")
        if len(parities) != due:
            raise InputError(f"the pass has {due} parities, got {len(parities)}")
        arguments = number, to_read(random), block_places, to_read(parities.packed)
        if self._kernels.search_open(self._handle, *arguments):
            raise MemoryError(f"no memory to open a pass of {64 * self._n_words} bits")
        self._passes += 1

    def choose(self, spare: int) -> tuple[bytes, tuple[int, ...]]:
        """Correct what is found, and choose the cuts to ask for.

        Parameters
        ----------
        spare : int
            So many cuts at most may be asked for in vain, to save rounds.

        Returns
        -------
        cuts : bytes
            Pass after pass, packed as ``csrc/cascade_tell/packed_cuts.h`` says; none if all intervals are even, as
            far as is known.
        counts : tuple of int
            How many cuts in each pass.

        Raises
        ------
        InputError
            If Alice's parities contradict each other.
        """
        wanted = self._kernels.search_choose(self._handle, spare, self._counts, self._cuts)
        if wanted == -lib.CONTRADICTION:
            raise InputError("parities contradict each other")
        if wanted < 0:
            raise MemoryError("no memory to search for errors")
        self._wanted = wanted
        cuts = bytes_from(self._cuts[0], (wanted * self._width + 7) // 8)
        return cuts, tuple(numbers_from(self._counts, self._passes))

    def take(self, parities: bytes) -> None:
        """Take Alice's parities at the cuts chosen last.

        Parameters
        ----------
        parities : bytes
            Packed bits, one for each cut; unused ones are zero.

        Raises
        ------
        InputError
            If they are too many or too few.
        """
        n_bytes, in_last = (self._wanted + 7) // 8, self._wanted % 8
        if len(parities) != n_bytes or (in_last and parities[n_bytes - 1] >> in_last):
            raise InputError(f"{self._wanted} parities were asked for, got {len(parities)} bytes")
        if self._kernels.search_take(self._handle, parities):
            raise MemoryError("no memory to search for errors")
        self._wanted = 0

    @property
    def key(self) -> Bits:
        """The key as far as it is corrected."""
        out = room_for_bits(64 * self._n_words)
        self._kernels.search_key(self._handle, to_fill(out))
        return as_bits(out, 64 * self._n_words)


def _random_words(random: NDArray[np.uint64], count: int) -> NDArray[np.uint64]:
    random = vector(random, np.uint64, "random")
    if len(random) < count:
        raise InputError(f"expected {count} random words, got {len(random)}")
    return random


def _whole_words(bits: Bits) -> int:
    n_words, rest = divmod(len(bits), 64)
    if rest or not 1 <= n_words <= MAX_WORDS:
        raise InputError(f"expected a multiple of 64 bits, at most 2^31, got {len(bits)}")
    return n_words
