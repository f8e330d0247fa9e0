"""Which way of correcting errors suits a block: the one that is charged least of those that are fast enough.

Where none is, it is the one that leaves most key a second.

Both parties choose by public figures alone, and so alike: the error rate, the rate at which sifted bits come, the
line's round trip, and whether Bob's side is charged. What each way takes was measured with 24 seeded blocks of 2^20
bits at each error rate, by ``python -m qkdctl.benchmarks.ways 24``: efficiencies and round trips are means, rates the
best of the blocks by processor time, on a core of an AMD EPYC with AVX-512 that other programs used as well. Between
the error rates they are interpolated, and beyond, the nearest one holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from postproc.estimation.entropy import binary_entropy
from postproc.reconciliation.profile import Method, Profile

MEASURED_AT = (0.01, 0.02, 0.03, 0.05, 0.08)

MARGIN = 1.3
"""A way is fast enough if it could do so much more than it has to."""

MOST_IN_FLIGHT_BITS = 2.5e8
"""Blocks in flight hold a byte and a half a bit of Bob's memory while Cascade searches them."""


@dataclass(frozen=True, slots=True)
class Way:
    """A method with a profile, and what it takes at the rates in `MEASURED_AT`.

    Attributes
    ----------
    efficiency : tuple of float
        What Alice tells, over the Shannon limit n h(q).
    mbit_s : tuple of float
        Sifted bits per second and core of the slower party, with AVX-512.
    round_trips : tuple of float
    """

    method: Method
    profile: Profile
    efficiency: tuple[float, ...]
    mbit_s: tuple[float, ...]
    round_trips: tuple[float, ...]

    def charged(self, qber: float, *, both_directions: bool) -> float:
        """Give what a bit of the block is charged, in bits: Cascade's both sides tell as much as each other."""
        sides = 2 if self.method == "cascade" and both_directions else 1
        return sides * _at(qber, self.efficiency) * binary_entropy(min(max(qber, 1e-4), 0.5))

    def bits_per_s(self, qber: float, round_trip_s: float) -> float:
        """Give the fastest pace, where as many blocks are in flight as memory is for."""
        waiting_s = _at(qber, self.round_trips) * round_trip_s
        on_the_line = MOST_IN_FLIGHT_BITS / waiting_s if waiting_s else inf
        return min(1e6 * _at(qber, self.mbit_s), on_the_line)


WAYS = (
    Way("cascade", "efficient", (1.037, 1.042, 1.042, 1.051, 1.061), (403, 345, 285, 275, 218),
        (353, 300, 348, 230, 262)),
    Way("cascade", "fast", (1.051, 1.046, 1.048, 1.060, 1.068), (689, 421, 363, 320, 258),
        (112, 192, 172, 110, 126)),
    Way("ldpc", "efficient", (1.130, 1.094, 1.078, 1.068, 1.061), (115, 76, 64, 53, 60), (1, 2.88, 2.32, 3.08, 2.56)),
    Way("ldpc", "fast", (1.216, 1.159, 1.139, 1.121, 1.111), (276, 232, 207, 173, 194), (1.76, 1.52, 2.36, 1.6, 1)),
)  # fmt: skip


def choose(
    qber: float,
    *,
    bits_per_s: float,
    round_trip_s: float,
    charge_both_directions: bool,
    method: Method | None = None,
    profile: Profile | None = None,
) -> Way:
    """Choose a way.

    Parameters
    ----------
    qber : float
        Estimate of the error rate.
    bits_per_s : float
        Sifted bits to be corrected; 0 where time does not matter.
    round_trip_s : float
        Of the line between the parties.
    charge_both_directions : bool
    method, profile : str, optional
        What is not left to choose.
    """
    open_ways = [way for way in WAYS if method in (None, way.method) and profile in (None, way.profile)]

    def cost(way: Way) -> tuple[bool, float]:
        pace = way.bits_per_s(qber, round_trip_s)
        charged = way.charged(qber, both_directions=charge_both_directions)
        slow = pace < MARGIN * bits_per_s
        return slow, -pace * max(1 - charged - binary_entropy(qber), 0) if slow else charged

    return min(open_ways, key=cost)


def _at(qber: float, figures: tuple[float, ...]) -> float:
    return float(np.interp(qber, MEASURED_AT, figures))
