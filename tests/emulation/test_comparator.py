"""What a tagger's inputs make of pulses at a threshold."""

import numpy as np
import pytest

from drivers.emulation.bench.comparator import Comparator
from tests.emulation.scenes import SIGMAS

S = 10**12
COMPARATOR = Comparator(2.0)


@pytest.mark.parametrize(
    ("level_v", "share"), [(1.0, 1.0), (2.0, 0.5), (2.1, 0.1587), (3.0, 0.0), (-0.5, 0.0)]
)
def test_the_share_of_pulses_that_cross(level_v, share):
    assert COMPARATOR.share(level_v) == pytest.approx(share, abs=1e-4)


def test_a_low_threshold_counts_noise_and_a_high_one_none():
    assert COMPARATOR.noise(1.0) == 0
    assert COMPARATOR.noise(0.1) > COMPARATOR.noise(0.15) > 0
    assert COMPARATOR.noise(0.0) == COMPARATOR.noise_hz


def test_on_the_plateau_every_click_is_seen_as_it_is():
    times, inputs = np.arange(100) * 1000, np.zeros(100, np.uint8)
    seen = COMPARATOR.seen(1.0, times, inputs, 0, 100_000, np.random.default_rng(1))
    assert seen[0] is times
    assert seen[1] is inputs


@pytest.mark.parametrize("level_v", [0.08, 1.95, 2.05])
def test_counts_are_those_of_theory_and_in_order(level_v):
    times = np.arange(200_000) * (S // 200_000)
    inputs = np.zeros(len(times), np.uint8)
    seen, where = COMPARATOR.seen(level_v, times, inputs, 0, S, np.random.default_rng(2))
    expected = len(times) * COMPARATOR.share(level_v) + 4 * COMPARATOR.noise(level_v)
    assert len(seen) == pytest.approx(expected, abs=SIGMAS * np.sqrt(expected) + 1)
    assert len(where) == len(seen)
    assert (np.diff(seen) >= 0).all()
