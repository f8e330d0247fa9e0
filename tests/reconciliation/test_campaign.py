"""Long seeded runs: how often error correction leaves errors behind, and at what cost.

The allowed numbers are the goals (1e-4 of Cascade's blocks, 1e-3 of the shortest LDPC frames) plus five
standard deviations of a Poisson count.
"""

import numpy as np
import pytest
from cryptography.hazmat.primitives.poly1305 import Poly1305

from postproc.estimation.entropy import binary_entropy
from postproc.reconciliation import reconcile_bits
from tests.support.reconciled import noisy_pair

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(3600)]

SIZES = [(2000, 2000), (7000, 2000), (65_536, 300)]
QBERS = [0.01, 0.02, 0.05, 0.08]
GOAL = {"ldpc": 1e-3, "cascade": 1e-4}


@pytest.mark.parametrize(("n", "blocks"), SIZES)
@pytest.mark.parametrize("qber", QBERS)
@pytest.mark.parametrize("method", GOAL)
@pytest.mark.parametrize("profile", ["efficient", "fast"])
def test_residual_errors(method, profile, n: int, blocks: int, qber: float, record_property):
    rng, wrong, leaks = np.random.default_rng(1), 0, []
    for seed in range(blocks):
        alice, bob = noisy_pair(n, qber, seed)
        result = reconcile_bits(alice, bob, qber=qber, method=method, profile=profile, rng=rng)
        wrong += result.corrected != alice
        leaks.append(result.leak_bits)
    efficiency = np.mean(leaks) / (n * binary_entropy(qber))
    record_property("f", round(float(efficiency), 4))
    record_property("wrong", wrong)
    print(f"{method} {profile} n={n} q={qber}: f={efficiency:.4f}, {wrong} of {blocks} blocks wrong")
    expected = GOAL[method] * blocks
    assert wrong <= expected + 5 * np.sqrt(expected)


@pytest.mark.parametrize("method", GOAL)
def test_random_estimates_and_bursts(method):
    rng, wrong, blocks = np.random.default_rng(2), 0, 1500
    for seed in range(blocks):
        n, qber = int(rng.integers(2000, 30_000)), float(rng.uniform(0, 0.11))
        alice, bob = noisy_pair(n, qber, seed, burst_bits=int(rng.integers(0, n // 20)))
        estimate = qber * float(rng.uniform(0.5, 2))
        wrong += reconcile_bits(alice, bob, qber=estimate, method=method, rng=rng).corrected != alice
    expected = GOAL[method] * blocks
    print(f"{method}: {wrong} of {blocks} blocks wrong")
    assert wrong <= expected + 5 * np.sqrt(expected)


@pytest.mark.parametrize("tag_bits", [8, 10, 12])
def test_short_tags_miss_as_often_as_the_bound_allows(tag_bits: int):
    """Different keys pass a cut tag about once in 2^bits, whatever the difference; whole tags catch them all."""
    rng, missed, trials = np.random.default_rng(tag_bits), 0, 40_000
    alice, bob = (key.to_bytes() for key in noisy_pair(4096, 0.001, 1))
    assert alice != bob
    for _ in range(trials):
        hash_key = rng.bytes(32)
        ours, theirs = (
            int.from_bytes(Poly1305.generate_tag(hash_key, key), "little") for key in (alice, bob)
        )
        assert ours != theirs
        missed += (ours ^ theirs) % 2**tag_bits == 0
    expected = trials / 2**tag_bits
    print(f"{tag_bits} bits: {missed} of {trials} missed, expected {expected:.0f}")
    assert abs(missed - expected) < 5 * np.sqrt(expected)
