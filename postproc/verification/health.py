r"""A last look at a key before it is delivered: one that does not look random is quarantined.

A Toeplitz hash of enough entropy looks random whatever went in, so that a failure here means a fault: a seed that is
not random, a kernel that is broken, a memory that is stuck. Equal bits have equal verdicts; but the fault may be at one
end only, so that each end says its own under its tag, and one that is bad is enough.

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

**What it costs.** A uniform key that is only delivered if it passes, while everybody hears whether it did, is at a
trace distance P (1 - P) from a uniform one, P the probability of a false alarm. So :data:`FALSE_ALARM` is part of what
a key may fail by, and far below the rest of that.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log, log2, sqrt

from postproc.bits import Bits
from postproc.kernels import health_counts
from postproc.kernels.counting import LAGS, NIBBLES

FALSE_ALARM = 1e-15
"""Probability that a key of uniform bits is quarantined, at most."""

TESTS = 1 + LAGS + NIBBLES + 1


def fault_of(key: Bits) -> str | None:
    """Say why a key does not look like random bits: which test, never which bits. None where it does."""
    for test, count, expected, reach in _tests(key):
        if abs(count - expected) > reach:
            return (
                f"the key of {len(key)} bits does not look random ({test} is {count:,}, expected "
                f"{expected:,.0f} and at most {reach:,.0f} more or less)"
            )
    return None


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
