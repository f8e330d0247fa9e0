from __future__ import annotations

import numpy as np
import pytest

from drivers.emulation.bench import bbm92 as bench
from drivers.emulation.bench.parameters import Bbm92Scene, Clock, Detector, PairParty
from tests.emulation.scenes import QUIET, bbm92, poissonian, receiver, tags

SEED = 30
LOST = bench.LOST


def theory(scene: Bbm92Scene) -> np.ndarray:
    """Outcome probabilities by going through the outcomes one by one."""
    table = np.zeros((5, 5))
    parties = (scene.alice, scene.bob)
    for a in range(4):
        for b in range(4):
            share = 1.0
            for party, d in zip(parties, (a, b), strict=True):
                key = party.receiver.key_basis_probability
                share *= key if d < 2 else 1 - key
            if (a < 2) != (b < 2):
                joint = share / 4
            else:
                error = scene.key_error if a < 2 else scene.test_error
                joint = share / 2 * (error if (a ^ b) & 1 else 1 - error)
            seen = [
                10 ** (-party.loss_db / 10) * party.receiver.detectors[d].efficiency
                for party, d in zip(parties, (a, b), strict=True)
            ]
            table[a, b] += joint * seen[0] * seen[1]
            table[a, LOST] += joint * seen[0] * (1 - seen[1])
            table[LOST, b] += joint * (1 - seen[0]) * seen[1]
            table[LOST, LOST] += joint * (1 - seen[0]) * (1 - seen[1])
    return table


UNEQUAL = receiver(
    *(Detector(efficiency=e, dark_count_rate_hz=0, jitter_rms_ps=0) for e in (0.1, 0.9, 0.4, 0.0))
)


@pytest.mark.parametrize("scene", [bbm92(), bbm92(alice=PairParty(receiver=UNEQUAL, loss_db=0.0))])
def test_outcomes_have_their_probabilities(scene: Bbm92Scene) -> None:
    table = bench.outcome_probabilities(scene.key_error, scene.test_error, scene.alice, scene.bob)[0, 0]
    assert table == pytest.approx(theory(scene))
    assert table.sum() == pytest.approx(1)


def coincidences(scene: Bbm92Scene, window_ps: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Pairs of tags within a window, by detectors (4, 4), and the counts of each party's detectors."""
    (time_a, channel_a), (time_b, channel_b) = (
        tags(bench.detected_tags(scene, SEED, p)) for p in ("alice", "bob")
    )
    time_b = time_b - scene.bob.clock.offset_ps
    first = np.searchsorted(time_b, time_a - window_ps)
    last = np.searchsorted(time_b, time_a + window_ps, "right")
    table = np.zeros((4, 4), int)
    for n, (lo, hi) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        for m in range(lo, hi):
            table[channel_a[n], channel_b[m]] += 1
    return table, [np.bincount(channel, minlength=4) for channel in (channel_a, channel_b)]


@pytest.mark.parametrize("scene", [bbm92(), bbm92(alice=PairParty(receiver=UNEQUAL))])
def test_coincidences_and_singles_are_those_of_theory(scene: Bbm92Scene) -> None:
    window_ps = 700
    table, (alice, bob) = coincidences(scene, window_ps)
    expected = theory(scene) * scene.pair_rate_hz * scene.duration_s
    singles = expected[:4].sum(axis=1), expected[:, :4].sum(axis=0)
    accidental = np.outer(*singles) * (2 * window_ps + 1) * 1e-12 / scene.duration_s
    for a in range(4):
        assert poissonian(alice[a], singles[0][a])
        assert poissonian(bob[a], singles[1][a])
        for b in range(4):
            assert poissonian(int(table[a, b]), expected[a, b] + accidental[a, b])


def test_the_parties_share_pairs_only_within_their_jitter() -> None:
    scene = bbm92(pair_rate_hz=1e5)
    narrow, _ = coincidences(scene, 700)
    none, _ = coincidences(scene, 0)
    assert narrow.sum() > 5 * none.sum()


def test_clocks_are_applied_to_each_party() -> None:
    clocks = (Clock(offset_ps=10**12, drift_ppm=20.0), Clock(offset_ps=-(10**12), drift_ppm=-20.0))
    still = bbm92()
    moving = bbm92(
        alice=PairParty(receiver=still.alice.receiver, loss_db=still.alice.loss_db, clock=clocks[0]),
        bob=PairParty(receiver=still.bob.receiver, loss_db=still.bob.loss_db, clock=clocks[1]),
    )
    for party, clock in zip(("alice", "bob"), clocks, strict=True):
        before, after = (tags(bench.detected_tags(scene, SEED, party)) for scene in (still, moving))
        offset = 777 if party == "bob" else 0
        expected = (before[0] - offset) * (1 + clock.drift_ppm * 1e-6) + clock.offset_ps
        assert np.abs(after[0] - expected).max() <= 1
        assert np.array_equal(before[1], after[1])


def test_an_echo_stands_on_its_detector_only() -> None:
    echoing = Detector(
        dark_count_rate_hz=0, jitter_rms_ps=0, dead_time_ps=0, echo_probability=0.5, echo_delay_ps=16_410
    )
    scene = bbm92(alice=PairParty(receiver=receiver(echoing, QUIET, QUIET, QUIET)), pair_rate_hz=1e5)
    time_ps, channel = tags(bench.detected_tags(scene, SEED, "alice"))
    echoes = [int(np.isin(time_ps[channel == d], time_ps[channel == d] + 16_410).sum()) for d in range(4)]
    assert echoes[0] > 0.3 * (channel == 0).sum()
    assert max(echoes[1:]) <= 2


def test_a_seed_gives_the_same_tags_and_another_gives_others() -> None:
    scene = bbm92(duration_s=0.01)
    one, again, other = (tags(bench.detected_tags(scene, seed, "bob"))[0] for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_no_pairs_leave_the_dark() -> None:
    dark = receiver(Detector(dark_count_rate_hz=1e4))
    scene = bbm92(pair_rate_hz=0, alice=PairParty(receiver=dark))
    _, channel = tags(bench.detected_tags(scene, SEED, "alice"))
    assert poissonian(len(channel), 4 * 1e4 * scene.duration_s)
    assert len(tags(bench.detected_tags(scene, SEED, "bob"))[0]) == 0
