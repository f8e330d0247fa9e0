"""How a step chooses from what it measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulation.bench.live_parameters import NANOWIRE
from drivers.emulation.bench.parameters import Detector
from drivers.emulation.bench.polarisation import joined, mean_error, through_fibre, through_plates
from drivers.emulation.seams import Plate
from qkdctl.calibration.alignment import Search, at_most
from qkdctl.calibration.steps.bias import Scan, best_bias
from qkdctl.calibration.steps.delays import gate_width_ps
from qkdctl.calibration.steps.threshold import plateau


def test_a_plateau_is_the_longest_stretch_of_equal_counts():
    counts = np.array([[900.0], [500], [101], [100], [99], [102], [100], [98], [50], [10], [0]]) * 1000
    assert plateau(counts) == (2, 7)


@pytest.mark.parametrize("counts", [np.zeros((20, 4)), np.geomspace(1e6, 1, 20)[:, None]])
def test_no_plateau_is_none(counts):
    assert plateau(counts) is None


def test_one_detector_without_a_plateau_spoils_it():
    flat, falling = np.full(20, 1e5), np.geomspace(1e6, 1, 20)
    assert plateau(np.column_stack([flat, flat])) == (0, 19)
    assert plateau(np.column_stack([flat, falling])) is None


def scan(dark_count_rate_hz=100.0, light_hz=50_000.0, seed=1):
    random = np.random.default_rng(seed)
    bias = np.arange(5.0, 21.0)
    found = [NANOWIRE.biased(Detector(dark_count_rate_hz=dark_count_rate_hz), each) for each in bias]
    dark = np.array([hz for _, hz in found])
    light = np.array([efficiency for efficiency, _ in found]) * light_hz
    return bias, random.poisson(light + dark).astype(float), random.poisson(dark).astype(float)


def test_more_dark_counts_mean_less_bias():
    quiet, noisy = (best_bias(*scan(hz), None, 0.5) for hz in (100.0, 20_000.0))
    assert 11 < noisy < quiet < 18


def test_bias_stays_well_below_where_a_detector_latched():
    bias, bright, dark = scan(1.0)
    assert best_bias(bias, bright, dark, 16.0, 0.5) <= 0.85 * 16.0


class Wire:
    """A detector with a measurement of 100 ms, for which light goes on and off; it latches at a bias."""

    measurement_period_ms = 100.0
    bias_current_ua = (0.0,)

    def __init__(self, rate_hz, latches_ua=np.inf):
        self.rate_hz, self.latches_ua = rate_hz, latches_ua
        self.random = np.random.default_rng(1)
        self.lit = True

    def count_rates_hz(self):
        awake = 0 < self.bias_current_ua[0] < self.latches_ua
        return (self.random.poisson(self.rate_hz * 0.1 * awake * self.lit) / 0.1,)

    def pass_time(self, measure):
        return measure()

    def block(self, dark):
        self.lit = not dark


@pytest.mark.parametrize(
    ("rate_hz", "latches_ua", "found_ua"), [(3.0, np.inf, None), (20.0, np.inf, None), (5000.0, 16.0, 16.0)]
)
def test_few_counts_that_stay_away_by_chance_are_no_latching(rate_hz, latches_ua, found_ua):
    wire, found = Wire(rate_hz, latches_ua), Scan(1)
    found.run(wire, wire, 30.0, lambda text: None)
    assert found.latched_ua == [found_ua]


def test_a_detector_that_sees_nothing_has_no_best_bias():
    bias, _, dark = scan()
    assert best_bias(bias, dark, dark, None, 0.5) is None


@given(st.floats(100, 3000), st.floats(0, 0.3), st.integers(0, 10))
def test_a_gate_holds_the_light_and_not_much_else(rms_ps, noise, seed):
    random = np.random.default_rng(seed)
    light = random.normal(0, rms_ps, 20_000)
    behind = np.concatenate([light, random.uniform(-20_000, 20_000, int(noise * 20_000))])
    width = gate_width_ps(behind, 40_000.0, 0.0)
    assert np.mean(np.abs(light) <= width / 2) > 0.985
    assert width <= min(40_000, 1.5 * 2 * 4.5 * rms_ps + 5000)


@pytest.mark.parametrize("seed", range(6))
def test_a_search_aligns_any_fibre_through_noise(seed):
    """A controller of four squeezers, each of two and a half waves; errors measured with as many clicks as usual."""
    random = np.random.default_rng(seed)
    fibre = through_fibre(tuple(random.uniform(-180, 180, 3)))

    def truth(position):
        plates = [
            Plate(axis, (2 * each - 1) * 450) for axis, each in zip((0, 45, 0, 45), position, strict=True)
        ]
        return mean_error(0.01, joined(fibre, through_plates(plates)))

    def measure(position, care):
        clicks = 10_000 * care
        return random.binomial(clicks, min(truth(position), 1.0)) / clicks

    search = Search(measure)
    best = search.run((0.5,) * 4)
    assert truth(best) < 0.0115
    assert len(search.tried) < 280
    assert all(0 <= each <= 1 for position, _ in search.tried for each in position)


def test_a_search_says_how_far_it_has_come_and_never_goes_further():
    told = []
    random = np.random.default_rng(1)
    search = Search(lambda position, care: 0.2 + random.uniform(0, 0.1), told.append)
    search.run((0.5,) * 4)
    assert len(told) == len(search.tried) <= at_most(4)
    assert told[6].startswith(f"position 7 of at most {at_most(4)}; fewest errors so far 2")
