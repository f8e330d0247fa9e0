r"""A last look at a key before it is stored: bits that do not look random are never delivered.

A Toeplitz hash of enough entropy looks random whatever went in, so that a failure here means a fault: a seed that is
not random, a kernel that is broken, a memory that is stuck. Both ends hold the same bits and come to the same verdict.

For uniform bits each test fails with at most its share of the stated false-alarm rate, by a bound and not by an
approximation:

==============  ================================================================  ==========================
test            what it counts                                                    bound
==============  ================================================================  ==========================
balance         ones                                                              Hoeffding, 1963, theorem 1
lag d           places where bits d apart differ, d = 1 to 64: these are          the same
                independent fair coins too
nibble v        how often each of the 16 values of four bits comes                the same
longest run     bits in a row that are alike                                      union over the places
==============  ================================================================  ==========================

It is no measure of secrecy: what Eve knows does not show in the bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log, log2, sqrt

from postproc.bits import Bits
from postproc.errors import BlockRefused
from postproc.kernels import health_counts
from postproc.kernels.counting import LAGS, NIBBLES

FALSE_ALARM = 1e-9
"""Probability that a key of uniform bits is refused."""

TESTS = 1 + LAGS + NIBBLES + 1


def check_health(key: Bits) -> None:
    """Raise BlockRefused if a key does not look like random bits; says which test, and never which bits."""
    for test, count, expected, reach in _tests(key):
        if abs(count - expected) > reach:
            raise BlockRefused(
                f"the key of {len(key)} bits does not look random ({test} is {count:,}, expected "
                f"{expected:,.0f} and at most {reach:,.0f} more or less): it is not delivered; check the "
                "random source, and run qkdctl bench, which checks the kernels"
            )


def _tests(key: Bits) -> Iterator[tuple[str, int, float, float]]:
    """Name, count, expectation, and how far off it may be."""
    n, counts = len(key), health_counts(key)
    yield "balance", counts.ones, n / 2, _reach(n)
    for lag, differ in enumerate(counts.differ[: max(n - 1, 0)], 1):
        yield f"lag {lag}", differ, (n - lag) / 2, _reach(n - lag)
    for value, count in enumerate(counts.nibbles):
        yield f"nibble {value}", count, n // 4 / NIBBLES, _reach(n // 4)
    yield "longest run", counts.longest_run, 0.0, _longest(n)


def _reach(n: int) -> float:
    """Counts of `n` independent coins lie within this of their expectation, but for a share of the rate."""
    return sqrt(n / 2 * log(2 * TESTS / FALSE_ALARM))


def _longest(n: int) -> int:
    """A run is longer with probability at most ``n 2^-longest``: after its first bit all must follow."""
    return ceil(log2(max(n, 1) * TESTS / FALSE_ALARM))
