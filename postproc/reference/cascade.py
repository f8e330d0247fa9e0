"""Cascade, plainly: orders of bits one by one, and Bob's search with nothing remembered but the cuts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

MASK = 2**32 - 1


def _mix(random: Sequence[int], word: int, n_words: int) -> int:
    """Move a word: multiply, fold the upper bits down, twice; again if it came beyond the last word."""
    bits = (n_words - 1).bit_length()
    mask, fold = (1 << bits) - 1, bits // 2 + 1
    while True:
        word = (word * (random[0] & MASK | 1) + random[1]) & mask
        word ^= word >> fold
        word = word * (random[0] >> 32 | 1) & mask
        word ^= word >> fold
        if word < n_words:
            return word


def place_of(random: Sequence[int], index: int, n_words: int) -> int:
    """Say where a bit goes in the order that 38 random words choose."""
    word, column = divmod(index, 64)
    for last, keys in enumerate((random[:19], random[19:])):
        column = (column + ((word + 1) * (keys[2] & MASK | 1) & MASK) // 2**26) % 64
        group = column // 4 if last else column % 16
        shift = (keys[3 + group] >> 32) * n_words >> 32
        word = (_mix(keys, word, n_words) + shift) % n_words
    return 64 * word + column


def is_member(subset: int, index: int) -> bool:
    """Say whether a bit is in the random subset that one word chooses: splitmix64 over the words' numbers."""
    z = (subset + (index // 64 + 1) * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return (z ^ z >> 31) >> index % 64 & 1 == 1


@dataclass
class Pass:
    """Which bit stands at each place (None if it is blanked), and Alice's prefix parities at cuts."""

    order: list[int | None]
    told: dict[int, int]

    def intervals(self) -> Iterator[tuple[int, int]]:
        """Give start and end of each interval between cuts."""
        cuts = sorted(self.told)
        yield from pairwise(cuts)

    def is_odd(self, key: Sequence[int], start: int, end: int) -> bool:
        """Compare an interval's parity with Alice's."""
        ours = sum(key[i] for i in self.order[start:end] if i is not None)
        return (ours + self.told[start] + self.told[end]) % 2 == 1


@dataclass
class Search:
    """Bob's key, and all passes open."""

    key: list[int]
    passes: list[Pass] = field(default_factory=list)

    def correct(self) -> None:
        """Flip bits that stand alone in an odd interval, in any pass, until there are none."""
        while (wrong := next(self._wrong(), None)) is not None:
            self.key[wrong] ^= 1

    def _wrong(self) -> Iterator[int]:
        for each in self.passes:
            for start, end in each.intervals():
                bit = each.order[start]
                if end - start == 1 and bit is not None and each.is_odd(self.key, start, end):
                    yield bit

    def odd(self) -> list[list[tuple[int, int]]]:
        """Give the odd intervals of each pass."""
        return [[(a, b) for a, b in p.intervals() if p.is_odd(self.key, a, b)] for p in self.passes]


def cuts_in(start: int, end: int, depth: int) -> list[int]:
    """Give the cuts that halve an interval `depth` times."""
    if not depth or end - start == 1:
        return []
    middle = (start + end) // 2
    return [middle, *cuts_in(start, middle, depth - 1), *cuts_in(middle, end, depth - 1)]


def pack_cuts(cuts: Sequence[int], n_places: int) -> bytes:
    """Pack cuts as they travel: one less than each in as few bits as the last place needs, the lowest bit first."""
    width, all_bits = (n_places - 1).bit_length(), 0
    for number, cut in enumerate(cuts):
        all_bits |= cut - 1 << number * width
    return all_bits.to_bytes((len(cuts) * width + 7) // 8, "little")


def unpack_cuts(packed: bytes, count: int, n_places: int) -> list[int]:
    """Undo :func:`pack_cuts`."""
    width, all_bits = (n_places - 1).bit_length(), int.from_bytes(packed, "little")
    return [(all_bits >> number * width) % 2**width + 1 for number in range(count)]
