from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulation.bench.detection import DetectorModel
from drivers.emulation.bench.parameters import Detector
from tests.emulation.scenes import binomial, poissonian

NOTHING = np.empty(0, np.int64)
PERFECT = Detector(efficiency=1, dark_count_rate_hz=0, jitter_rms_ps=0, dead_time_ps=0)


def run(detector: Detector, light: np.ndarray, edges: list[int], seed: int = 1) -> np.ndarray:
    model = DetectorModel(detector, seed, "bob", "key0")
    edges = [*edges, edges[-1] + 2 * model.guard_ps + 1]
    clicks = []
    for block in range(len(edges) - 1):
        inside = light[(light >= edges[block]) & (light < edges[block + 1])]
        clicks.append(model.clicks(block, inside, edges[block], edges[block + 1]))
    return np.concatenate(clicks)


def test_light_on_a_perfect_detector_clicks_when_it_comes() -> None:
    light = np.sort(np.random.default_rng(1).integers(0, 10**9, 1000))
    assert np.array_equal(run(PERFECT, light, [0, 10**8, 10**9]), light)


@given(
    st.lists(st.integers(0, 999), max_size=60).map(sorted), st.integers(1, 300), st.sets(st.integers(1, 999))
)
def test_dead_time_is_that_of_a_detector_that_is_not_paralysed(
    light: list[int], dead_time: int, cuts: set[int]
) -> None:
    alive: list[int] = []
    for time in light:
        if all(time - click >= dead_time for click in alive):
            alive.append(time)
    detector = Detector(efficiency=1, dark_count_rate_hz=0, jitter_rms_ps=0, dead_time_ps=dead_time)
    assert run(detector, np.array(light, np.int64), [0, *sorted(cuts), 1000]).tolist() == alive


def test_dead_time_takes_its_share_of_the_rate() -> None:
    """A detector with dead time τ in steady light of rate r clicks r / (1 + r τ) times a second."""
    rate, dead_time, duration = 5e6, 50_000, 10**11
    random = np.random.default_rng(2)
    light = np.sort(random.integers(0, duration, random.poisson(rate * duration * 1e-12)))
    detector = Detector(dark_count_rate_hz=0, jitter_rms_ps=0, dead_time_ps=dead_time)
    mean = rate / (1 + rate * dead_time * 1e-12) * duration * 1e-12
    assert poissonian(len(run(detector, light, [0, duration])), mean)


def test_dark_counts_are_poissonian() -> None:
    detector = Detector(dark_count_rate_hz=1e5, jitter_rms_ps=0, dead_time_ps=0)
    blocks = [len(run(detector, NOTHING, [0, 10**8], seed)) for seed in range(2000)]
    assert poissonian(sum(blocks), 2000 * 1e5 * 1e-4)
    # The variance of a sample variance of n Poisson counts of mean m is close to (m + 2 m²) / n.
    assert abs(np.var(blocks) - 10) < 5 * np.sqrt((10 + 2 * 100) / 2000)


def test_jitter_is_gaussian_of_the_given_width() -> None:
    light = np.arange(1, 100_001) * 10**6
    detector = Detector(dark_count_rate_hz=0, jitter_rms_ps=300, dead_time_ps=0)
    clicks = run(detector, light, [0, 5 * 10**10, 10**11 + 10**6])
    late = clicks - light
    assert abs(late.mean()) < 5 * 300 / np.sqrt(len(light))
    assert abs(late.std() - 300) < 5 * 300 / np.sqrt(2 * len(light))
    assert binomial(int((np.abs(late) > 600).sum()), len(light), 0.0455)


def test_clicks_that_jitter_over_the_edge_of_a_block_stay_in_order() -> None:
    light = np.arange(0, 10**6, 50)
    detector = Detector(dark_count_rate_hz=0, jitter_rms_ps=200, dead_time_ps=0)
    clicks = run(detector, light, list(range(0, 10**6 + 1, 10_000)))
    assert len(clicks) == len(light)
    assert (np.diff(clicks) >= 0).all()


@pytest.mark.parametrize("dead_time_ps", [0, 100_000])
def test_an_echo_comes_again_whatever_the_dead_time(dead_time_ps: int) -> None:
    light = np.arange(20_000) * 10**6
    detector = Detector(
        dark_count_rate_hz=0,
        jitter_rms_ps=0,
        dead_time_ps=dead_time_ps,
        echo_probability=0.4,
        echo_delay_ps=16_410,
    )
    clicks = np.sort(run(detector, light, [0, 2 * 10**10]))
    echoes = clicks[clicks % 10**6 == 16_410]
    assert len(clicks) == len(light) + len(echoes)
    assert binomial(len(echoes), len(light), 0.4)


def test_a_delay_moves_everything_alike() -> None:
    light = np.arange(100) * 10**6
    detector = Detector(dark_count_rate_hz=0, jitter_rms_ps=0, dead_time_ps=0, delay_ps=-4321)
    assert np.array_equal(run(detector, light, [0, 10**8]), light - 4321)
