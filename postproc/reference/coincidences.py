"""Greedy one-to-one pairing of two streams of time tags, in unbounded integers."""

from collections.abc import Sequence


def first_disorder(time_ps: Sequence[int]) -> int | None:
    """Find the first tag that is earlier than the one before it."""
    return next((i for i in range(1, len(time_ps)) if time_ps[i] < time_ps[i - 1]), None)


def correlate(a_ps: Sequence[int], b_ps: Sequence[int], first_ps: int, bin_ps: int, n_bins: int) -> list[int]:
    """Count all pairs by their difference."""
    counts = [0] * n_bins
    for a in a_ps:
        for b in b_ps:
            place = (b - a - first_ps) // bin_ps
            if 0 <= place < n_bins:
                counts[place] += 1
    return counts


def coincidences(a_ps: Sequence[int], b_ps: Sequence[int], window_ps: int) -> tuple[list[int], list[int]]:
    """Look at the two earliest unpaired tags: near ones pair, else the earlier one stays alone."""
    index_a: list[int] = []
    index_b: list[int] = []
    a = b = 0
    while a < len(a_ps) and b < len(b_ps):
        if abs(b_ps[b] - a_ps[a]) <= window_ps:
            index_a.append(a)
            index_b.append(b)
            a, b = a + 1, b + 1
        elif a_ps[a] < b_ps[b]:
            a += 1
        else:
            b += 1
    return index_a, index_b
