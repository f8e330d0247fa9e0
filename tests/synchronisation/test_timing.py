import numpy as np
import pytest
from scipy.stats import norm

from postproc.synchronisation.timing import TimingLeak, timing_alarm, timing_leak

SIGMA, BIN = 150, 100


def truth(apart_ps):
    """Mutual information of a fair bit and a binned Gaussian time whose mean moves with it."""
    edges = np.arange(-60, 61) * BIN
    given_bit = [np.diff(norm.cdf(edges, mean, SIGMA)) for mean in (0, apart_ps)]

    def entropy(p):
        return -float(np.sum(p[p > 0] * np.log2(p[p > 0])))

    return entropy((given_bit[0] + given_bit[1]) / 2) - (entropy(given_bit[0]) + entropy(given_bit[1])) / 2


def sampled(seed, apart_ps, n):
    rng = np.random.default_rng(seed)
    bit = rng.integers(0, 2, n)
    return timing_leak(bit.astype(np.uint8), rng.normal(apart_ps * bit, SIGMA), BIN)


@pytest.mark.parametrize("apart_ps", [0, 20, 50, 150, 400, 5000])
@pytest.mark.parametrize("n", [300, 3000, 30_000])
def test_known_information_is_found_within_its_error(apart_ps, n):
    leaks = [sampled(seed, apart_ps, n) for seed in range(40)]
    exact = truth(apart_ps)
    error = np.mean([leak.error for leak in leaks])
    assert np.mean([abs(leak.bits - exact) < 3 * leak.error + 1e-12 for leak in leaks]) >= 0.95
    # Cutting off below zero lifts the mean where there is no information; otherwise it is unbiased.
    lift = error if exact < 3 * error else 0
    assert abs(np.mean([leak.bits for leak in leaks]) - exact) < 4 * error / np.sqrt(40) + lift + exact / 500
    assert error < 0.1


def test_a_time_that_names_the_detector_tells_all():
    bit = np.arange(10_000) % 2
    leak = timing_leak(bit.astype(np.uint8), 5000.0 * bit, BIN)
    assert leak.bits == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_next_to_no_coincidences_tell_nothing(n):
    leak = timing_leak(np.zeros(n, np.uint8), np.arange(n) * 100.0, BIN)
    assert leak.bits == 0
    assert leak.samples == n


@pytest.mark.parametrize(
    ("bits", "error", "severity"),
    [
        (0.0, 0.01, "info"),
        (9e-4, 1e-5, "info"),
        (0.01, 0.01, "info"),
        (0.03, 0.01, "warning"),
        (0.002, 1e-4, "warning"),
    ],
)
def test_it_warns_of_what_is_not_noise(bits, error, severity):
    alarm = timing_alarm(TimingLeak(bits, error, 1000))
    assert alarm.severity == severity
    assert alarm.figures["bits_per_bit"] == bits
