"""What error correction costs: f = everything charged / (n h(q)), the mean over seeded blocks."""

import numpy as np
import pytest

from postproc.errors import BlockRefused
from postproc.estimation.entropy import binary_entropy
from postproc.reconciliation import Result, reconcile_bits
from tests.support.reconciled import noisy_pair


def results(n: int, qber: float, blocks: int, **how) -> list[Result]:
    found = []
    for seed in range(blocks):
        alice, bob = noisy_pair(n, qber, seed)
        rng = np.random.default_rng(seed)
        found.append(reconcile_bits(alice, bob, qber=qber, rng=rng, **how))
        assert found[-1].corrected == alice
        assert found[-1].qber_measured == (alice ^ bob).count() / n
    return found


def efficiency(found: list[Result], n: int, qber: float) -> float:
    return float(np.mean([result.leak_bits for result in found])) / (n * binary_entropy(qber))


@pytest.mark.parametrize(
    ("n", "qber", "blocks", "profile", "bound"),
    [
        (2000, 0.05, 60, "efficient", 1.31),
        (7000, 0.02, 40, "efficient", 1.23),
        (7000, 0.05, 40, "efficient", 1.15),
        (7000, 0.05, 40, "fast", 1.24),
        (7000, 0.08, 40, "efficient", 1.13),
        (65_536, 0.05, 4, "fast", 1.17),
        (200_000, 0.03, 1, "fast", 1.20),
    ],
)
def test_ldpc(n: int, qber: float, blocks: int, profile, bound: float):
    found = results(n, qber, blocks, method="ldpc", profile=profile)
    assert 1 < efficiency(found, n, qber) < bound
    assert all(result.frames == -(-n // 65_536) for result in found)


@pytest.mark.parametrize(
    ("n", "qber", "blocks", "profile", "bound"),
    [
        (2000, 0.05, 15, "efficient", 1.16),
        (7000, 0.02, 15, "efficient", 1.10),
        (7000, 0.05, 15, "efficient", 1.10),
        (7000, 0.05, 15, "fast", 1.11),
        (65_536, 0.02, 3, "efficient", 1.07),
        (1_000_000, 0.02, 1, "efficient", 1.06),
    ],
)
def test_cascade_by_what_alice_tells(n: int, qber: float, blocks: int, profile, bound: float):
    found = results(n, qber, blocks, method="cascade", profile=profile, charge_both_directions=False)
    assert 1 < efficiency(found, n, qber) < bound


def test_cascade_costs_twice_as_much_where_both_directions_are_charged():
    (both,) = results(7000, 0.03, 1, method="cascade")
    (one,) = results(7000, 0.03, 1, method="cascade", charge_both_directions=False)
    assert both.leak_bits == 2 * one.leak_bits == both.alice_bits + both.bob_bits
    assert one.alice_bits == one.bob_bits == one.leak_bits


def test_ldpc_feedback_costs_a_bit_a_frame_and_round():
    (result,) = results(7000, 0.05, 1, method="ldpc")
    assert result.bob_bits == result.rounds + 1
    assert result.leak_bits == result.alice_bits + result.bob_bits
    assert result.failed_frames == (result.rounds > 0)
    assert result.messages == 2 * (result.rounds + 1)


def test_fewer_rounds_for_the_fast_profile():
    for method in ("ldpc", "cascade"):
        fast, efficient = (
            np.mean([result.rounds for result in results(7000, 0.02, 15, method=method, profile=profile)])
            for profile in ("fast", "efficient")
        )
        assert fast < efficient


def test_a_block_beyond_the_cap_is_refused():
    alice, bob = noisy_pair(3000, 0.1, 1)
    with pytest.raises(BlockRefused, match="where the cap is 700: the block has more errors than expected"):
        reconcile_bits(alice, bob, qber=0.02, rng=np.random.default_rng(1), leak_cap_bits=700)


def test_nothing_to_correct_costs_nothing():
    for method in ("ldpc", "cascade"):
        (result,) = [
            reconcile_bits(*noisy_pair(0, 0, 1), qber=0.02, rng=np.random.default_rng(1), method=method)
        ]
        assert (result.leak_bits, result.messages, len(result.corrected)) == (0, 0, 0)
