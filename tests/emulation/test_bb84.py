from __future__ import annotations

from itertools import pairwise
from math import exp

import numpy as np
import pytest

from drivers.emulation.bench import bb84 as bench
from drivers.emulation.bench.parameters import Clock, Detector
from drivers.emulation.bench.scenes import Bb84Scene
from tests.emulation.scenes import QUIET, bb84, binomial, poissonian, receiver, states, tags

PERIOD = 10_000
SEED = 20


def clicks_by_slot(scene: Bb84Scene, seed: int = SEED) -> tuple[np.ndarray, np.ndarray]:
    """The prepared states, and which detectors clicked in which slot (n_slots, 4)."""
    time_ps, channel = tags(bench.detected_tags(scene, seed))
    delays = np.array([detector.delay_ps for detector in scene.bob.detectors])
    clock = scene.bob_clock
    on_bench = (time_ps - clock.offset_ps) / (1 + clock.drift_ppm * 1e-6) - delays[channel]
    slot = np.rint(on_bench / PERIOD).astype(int)
    clicked = np.zeros((scene.n_slots, 4), bool)
    clicked[slot, channel] = True
    assert clicked.sum() == len(time_ps), "a detector clicked twice in a slot"
    return states(bench.prepared_states(scene, seed)), clicked


def theory(scene: Bb84Scene, state: int, detector: int) -> float:
    """Click probability, written down directly: 1 - exp(-mu t η share), and half of it in the wrong basis."""
    mu = (*scene.source.intensities, 0.0)[state >> 2]
    through = 10 ** (-scene.channel_loss_db / 10) * scene.bob.detectors[detector].efficiency
    key_share = scene.bob.key_basis_probability
    share = key_share if detector < 2 else 1 - key_share
    if (detector >= 2) != bool(state & 1):
        path = 0.5
    elif (detector & 1) == (state >> 1 & 1):
        path = 1 - scene.misalignment_error
    else:
        path = scene.misalignment_error
    return 1 - exp(-mu * through * share * path)


@pytest.fixture(scope="module")
def quiet() -> tuple[Bb84Scene, np.ndarray, np.ndarray]:
    scene = bb84()
    return scene, *clicks_by_slot(scene)


def test_each_detector_clicks_with_its_probability_for_each_state(
    quiet: tuple[Bb84Scene, np.ndarray, np.ndarray],
) -> None:
    scene, sent, clicked = quiet
    for state in range(12):
        of_state = clicked[sent == state]
        for detector in range(4):
            assert binomial(int(of_state[:, detector].sum()), len(of_state), theory(scene, state, detector))


def test_gain_error_rate_and_double_clicks_are_those_of_theory(
    quiet: tuple[Bb84Scene, np.ndarray, np.ndarray],
) -> None:
    scene, sent, clicked = quiet
    bright_key_0 = clicked[sent == 0b0000]
    p = [theory(scene, 0, detector) for detector in range(4)]
    none = np.prod([1 - q for q in p])
    gain = bright_key_0.any(axis=1).sum()
    assert binomial(int(gain), len(bright_key_0), 1 - none)
    in_basis = bright_key_0[:, 0] ^ bright_key_0[:, 1]
    single = [p[0] * (1 - p[1]), p[1] * (1 - p[0])]
    assert binomial(int(bright_key_0[in_basis, 1].sum()), int(in_basis.sum()), single[1] / sum(single))
    doubles = (bright_key_0.sum(axis=1) >= 2).sum()
    one_only = sum(none / (1 - q) * q for q in p)
    assert binomial(int(doubles), len(bright_key_0), 1 - none - one_only)


def test_detectors_click_independently(quiet: tuple[Bb84Scene, np.ndarray, np.ndarray]) -> None:
    scene, sent, clicked = quiet
    of_state = clicked[sent == 0b0001]
    for one in range(4):
        for other in range(one):
            both = int((of_state[:, one] & of_state[:, other]).sum())
            assert binomial(both, len(of_state), theory(scene, 1, one) * theory(scene, 1, other))


def test_dark_counts_and_unequal_detectors() -> None:
    detectors = [
        Detector(efficiency=eta, dark_count_rate_hz=dark, jitter_rms_ps=0, dead_time_ps=0, delay_ps=delay)
        for eta, dark, delay in [(0.1, 0, 0), (0.9, 0, 200), (0.5, 2e6, -300), (0.0, 1e6, 0)]
    ]
    scene = bb84(bob=receiver(*detectors, key=0.4))
    _, channel = tags(bench.detected_tags(scene, SEED))
    sent = np.bincount(states(bench.prepared_states(scene, SEED)), minlength=16)
    duration_s = scene.n_slots * PERIOD * 1e-12
    for number, detector in enumerate(detectors):
        light = sum(int(sent[state]) * theory(scene, state, number) for state in range(12))
        assert poissonian(int((channel == number).sum()), light + detector.dark_count_rate_hz * duration_s)


def test_bobs_clock_and_the_delays_are_where_they_belong() -> None:
    detectors = [
        Detector(efficiency=0.5, jitter_rms_ps=0, dead_time_ps=0, delay_ps=d) for d in (0, 100, -200, 7)
    ]
    clock = Clock(offset_ps=123_456_789_012, drift_ppm=-12.5)
    scene = bb84(bob=receiver(*(detectors)), bob_clock=clock, n_slots=2_000_000)
    time_ps, channel = tags(bench.detected_tags(scene, SEED))
    on_bench = (time_ps - clock.offset_ps) / (1 - 12.5e-6) - np.array([0, 100, -200, 7])[channel]
    off_grid = np.abs(on_bench - np.rint(on_bench / PERIOD) * PERIOD)
    # What is off the grid of slots are the 100 Hz of dark counts in 20 ms.
    assert (off_grid > 1).sum() <= 25
    assert on_bench.max() > 0.999 * 2_000_000 * PERIOD


def test_what_blocks_hold_back_at_the_end_is_recorded() -> None:
    detector = Detector(efficiency=1, dark_count_rate_hz=0, jitter_rms_ps=900, dead_time_ps=0, delay_ps=5_000)
    scene = bb84(n_slots=2, channel_loss_db=0.0, bob=receiver(detector, key=0.7))
    found, expected = 0, 0.0
    for seed in range(300):
        time_ps, _ = tags(bench.detected_tags(scene, seed))
        found += int((time_ps >= PERIOD).sum())
        state = int(states(bench.prepared_states(scene, seed))[1])
        expected += sum(theory(scene, state, d) for d in range(4))
    assert poissonian(found, expected)


def test_delays_and_echoes_do_not_upset_the_order_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_SLOTS_PER_BLOCK", 10)
    late = Detector(dead_time_ps=0, delay_ps=70_000, echo_probability=0.5, echo_delay_ps=250_000)
    early = Detector(dead_time_ps=0, delay_ps=-70_000)
    scene = bb84(n_slots=3_000, bob=receiver(late, early, late, early))
    time_ps, _ = tags(bench.detected_tags(scene, SEED))
    assert len(time_ps) > 500
    assert (np.diff(time_ps) >= 0).all()


def test_spans_join_and_reach_from_end_to_end() -> None:
    scene = bb84(n_slots=3_000_000, bob_clock=Clock(offset_ps=-5, drift_ppm=10))
    chunks = list(bench.detected_tags(scene, SEED))
    assert len(chunks) > 1
    assert chunks[0].start_ps == -5
    assert chunks[-1].stop_ps == 30_000_300_000 - 5
    assert all(one.stop_ps == other.start_ps for one, other in pairwise(chunks))


def test_the_block_size_changes_randomness_but_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = bb84(bob=receiver(QUIET))
    sent = np.bincount(states(bench.prepared_states(scene, SEED)), minlength=16)
    mean = sum(int(sent[state]) * theory(scene, state, d) for state in range(12) for d in range(4))
    for slots in (1_000, 2**20):
        monkeypatch.setattr(bench, "_SLOTS_PER_BLOCK", slots)
        assert poissonian(len(tags(bench.detected_tags(scene, SEED))[0]), mean)


def test_a_seed_gives_the_same_tags_and_another_gives_others() -> None:
    scene = bb84(n_slots=50_000)
    one, again, other = (tags(bench.detected_tags(scene, seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert len(one[0]) != len(other[0]) or not np.array_equal(one[0], other[0])


def test_a_detector_keeps_its_tags_when_another_changes() -> None:
    scene = bb84()
    changed = bb84(bob=receiver(QUIET, QUIET, QUIET, Detector(dark_count_rate_hz=1e6), key=0.7))
    before, after = (tags(bench.detected_tags(s, SEED)) for s in (scene, changed))
    for detector in range(3):
        assert np.array_equal(before[0][before[1] == detector], after[0][after[1] == detector])


def test_an_empty_link_is_silent_but_spans_its_time() -> None:
    scene = bb84(channel_loss_db=400.0)
    (chunk,) = bench.detected_tags(scene, SEED)
    assert len(chunk) == 0
    assert (chunk.start_ps, chunk.stop_ps) == (0, scene.n_slots * PERIOD)
