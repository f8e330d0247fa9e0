"""What shows that bits are not random, bit by bit."""

from __future__ import annotations

from itertools import groupby

from postproc.bits import Bits


def health_counts(bits: Bits) -> tuple[int, list[int], list[int], int]:
    """Give the ones, how many bits differ from the one 1 to 64 later, the values of fours, the longest run."""
    x = bits.to_array().tolist()
    differ = [sum(a != b for a, b in zip(x, x[d:], strict=False)) for d in range(1, 65)]
    fours = [x[i] + 2 * x[i + 1] + 4 * x[i + 2] + 8 * x[i + 3] for i in range(0, len(x) // 4 * 4, 4)]
    longest = max((len(list(run)) for _, run in groupby(x)), default=0)
    return sum(x), differ, [fours.count(value) for value in range(16)], longest
