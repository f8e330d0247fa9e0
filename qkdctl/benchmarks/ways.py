"""Measure what the automatic choice goes by: efficiency, rate and round trips of each way of error correction.

Usage: ``python -m qkdctl.benchmarks.ways [BLOCKS]``

Blocks of 2^20 bits, seeded. Rates are by processor time of the slower party, the best of the blocks, so that what else
the machine does counts as little as it can; efficiency and round trips are means. Prints the lines of ``WAYS`` in
``postproc/reconciliation/choice.py``, which the table in the documentation repeats.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from statistics import fmean
from time import thread_time

import numpy as np

from postproc.bits import Bits
from postproc.estimation.entropy import binary_entropy
from postproc.kernels import popcount
from postproc.reconciliation.choice import MEASURED_AT, WAYS
from postproc.reconciliation.in_memory import Result, reconcile_bits
from postproc.reconciliation.profile import Method, Profile

N = 1 << 20


@dataclass(frozen=True, slots=True)
class Measured:
    """One way at one error rate."""

    efficiency: float
    mbit_s: float
    round_trips: float


def measured(method: Method, profile: Profile, qber: float, blocks: int) -> Measured:
    """Correct some blocks after one that loads the codes, and does not count for the rate."""
    rng = np.random.default_rng(1)
    told, work, rounds = [], [], []
    for _ in range(blocks + 1):
        alice = Bits.from_bytes(rng.bytes(N // 8))
        bob = alice ^ Bits.from_array(rng.random(N, np.float32) < qber)
        result = reconcile_bits(
            alice, bob, qber=qber, method=method, profile=profile, rng=rng, clock=thread_time
        )
        assert result.corrected == alice
        told.append(result.alice_bits / (N * binary_entropy(popcount(alice ^ bob) / N)))
        work.append(slower_s(result))
        rounds.append(1 + result.rounds)
    return Measured(fmean(told), N / 1e6 / min(work[1:]), fmean(rounds))


def slower_s(result: Result[Bits]) -> float:
    """Give the processor time of the party that takes longer."""
    return max(sum(s for who, s in result.turns if who == role) for role in ("alice", "bob"))


def main(blocks: str = "8") -> None:
    """Measure and print."""
    for way in WAYS:
        found = [measured(way.method, way.profile, qber, int(blocks)) for qber in MEASURED_AT]
        efficiency = ", ".join(f"{each.efficiency:.3f}" for each in found)
        rates = ", ".join(f"{each.mbit_s:.0f}" for each in found)
        rounds = ", ".join(f"{each.round_trips:.3g}" for each in found)
        print(f'Way("{way.method}", "{way.profile}", ({efficiency}), ({rates}), ({rounds})),', flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
