"""Error correction, both parties' work on one core, every message encoded: rate, and how many bits it tells."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import thread_time

import numpy as np

from postproc.bits import Bits
from postproc.estimation.entropy import binary_entropy
from postproc.kernels import popcount
from postproc.reconciliation.in_memory import Clock, Result, no_clock, reconcile_bits
from postproc.reconciliation.profile import Method, Profile
from qkdctl.benchmarks.case import Case
from qkdctl.benchmarks.flight import seconds_per_block
from qkdctl.benchmarks.frames import campaign, failure_rates
from qkdctl.benchmarks.ldpc_peer import peers

QBERS = (0.01, 0.02, 0.03, 0.05, 0.08)
WAYS: tuple[tuple[Method, Profile, int], ...] = (
    ("ldpc", "fast", 16),
    ("ldpc", "fast", 20),
    ("ldpc", "efficient", 16),
    ("ldpc", "efficient", 20),
    ("cascade", "fast", 20),
    ("cascade", "efficient", 20),
    ("cascade", "fast", 22),
)
"""The exponent is that of the block; fast frames have 2^16 bits, however long it is."""

ROUND_TRIPS_MS = (0, 1, 10)
IN_FLIGHT = 256
CAMPAIGNS: dict[tuple[Method, Profile, int], int] = {
    ("ldpc", "fast", 16): 3000,
    ("ldpc", "efficient", 16): 3000,
    ("ldpc", "efficient", 20): 200,
}
"""How many blocks show how often frames fail."""


def cases(campaigns: Path | None = None) -> Iterator[Case]:
    """Each way of correcting errors, at several error rates.

    Parameters
    ----------
    campaigns : Path, optional
        Where long campaigns of frames are kept, and go on: then their failure rates are given, too.
    """
    rng = np.random.default_rng(1)
    for qber in QBERS:
        for way in WAYS:
            method, profile, exponent = way
            n = 2**exponent
            alice = Bits.from_bytes(rng.bytes(n // 8))
            bob = alice ^ Bits.from_array(rng.random(n, np.float32) < qber)
            more = _failures(campaigns, qber, way) if campaigns and way in CAMPAIGNS else {}
            yield Case(
                f"reconcile 2^{exponent} bits at {qber:.0%}, {method} {profile}",
                n / 1e6,
                "Mbit/s",
                partial(_reconcile, alice, bob, qber, method, profile),
                partial(_check, alice),
                peers=peers(alice, bob, qber) if way == PEERED else {},
                figures=partial(_figures, alice, bob, (qber, method, profile), more),
                clock=thread_time,
            )


PEERED = ("ldpc", "fast", 16)


def _failures(campaigns: Path, qber: float, way: tuple[Method, Profile, int]) -> dict[str, float]:
    """Run what is missing of a campaign; give how often its frames failed."""
    _, profile, exponent = way
    campaigns.mkdir(parents=True, exist_ok=True)
    log = campaigns / f"{profile}-{exponent}-{qber}.jsonl"
    return failure_rates(campaign(log, qber, 2**exponent, profile, CAMPAIGNS[way]))


def _reconcile(
    alice: Bits, bob: Bits, qber: float, method: Method, profile: Profile, clock: Clock = no_clock
) -> Result[Bits]:
    rng = np.random.default_rng(2)
    return reconcile_bits(alice, bob, qber=qber, method=method, profile=profile, rng=rng, clock=clock)


def _check(alice: Bits, answer: object) -> None:
    assert isinstance(answer, Result | Bits)
    assert (answer.corrected if isinstance(answer, Result) else answer) == alice


def _figures(
    alice: Bits,
    bob: Bits,
    asked: tuple[float, Method, Profile],
    more: dict[str, float],
    answer: object,
) -> dict[str, float]:
    """Give efficiency over the errors there really are, each side's rate, and rates over long lines.

    ``f`` counts everything charged with both directions, ``f_alice`` what Alice tells. Rates are by processor
    time, with the clock read twice for each message: of each party, of both on one core, and over lines of some
    milliseconds of round trip, with a core for each party and 256 blocks under way.
    """
    assert isinstance(answer, Result)
    answer = _reconcile(alice, bob, *asked, clock=thread_time)  # the first one has loaded the codes, too
    n = len(alice)
    limit = n * binary_entropy(popcount(alice ^ bob) / n)
    work = {role: sum(s for who, s in answer.turns if who == role) for role in ("alice", "bob")}
    lines = {
        f"mbit_s_at_{ms}_ms": n / 1e6 / seconds_per_block(answer.turns, ms / 1e3, IN_FLIGHT, 4 * IN_FLIGHT)
        for ms in ROUND_TRIPS_MS
    }
    return {
        "f": round(answer.leak_bits / limit, 4),
        "f_alice": round(answer.alice_bits / limit, 4),
        "rounds": answer.rounds,
        "messages": answer.messages,
        "bytes": answer.message_bytes,
        "failed_frames": answer.failed_frames,
        "one_core_mbit_s": round(n / 1e6 / sum(work.values()), 1),
        **{f"{role}_mbit_s": round(n / 1e6 / seconds, 1) for role, seconds in work.items()},
        **{name: round(rate, 1) for name, rate in lines.items()},
        **more,
    }
