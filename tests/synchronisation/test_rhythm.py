import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from postproc.synchronisation.rhythm import find_rhythm, phase_error

PERIOD = 10_000.0


def clicks(
    rng,
    *,
    n=2000,
    slots=10**6,
    drift=0.0,
    phase=0.0,
    jitter=60.0,
    background=0.0,
    delays=(0,) * 4,
    period=PERIOD,
):
    """Clicks of four detectors on slots centred on ``phase + k * period * (1 + drift)``."""
    slot = rng.integers(0, slots, n)
    channel = rng.integers(0, 4, n).astype(np.uint8)
    time = phase + slot * period * (1 + drift) + rng.normal(0, jitter, n) + np.asarray(delays)[channel]
    stray = rng.random(n) < background
    time = np.where(stray, phase + rng.uniform(0, slots * period, n), time)
    order = np.argsort(time)
    return np.rint(time[order]).astype(np.int64), channel[order]


def find(time, channel, period=PERIOD, max_drift=25e-6):
    return find_rhythm(time, channel, period, max_drift=max_drift, false_alarm=1e-9)


def apart(one, other, period):
    """Distance on a circle."""
    return abs((one - other + period / 2) % period - period / 2)


@given(
    seed=st.integers(0, 10**6),
    drift=st.one_of(st.floats(-25e-6, 25e-6), st.sampled_from([-25e-6, 25e-6])),
    phase=st.floats(-(10**13), 10**13),
    delays=st.tuples(*[st.floats(-12_000, 12_000)] * 4),
    background=st.sampled_from([0.0, 0.4, 0.8]),
)
@settings(max_examples=40)
def test_period_and_phases_are_found(seed, drift, phase, delays, background):
    """Delays of any size: also where the detectors' beats together cancel."""
    time, channel = clicks(
        np.random.default_rng(seed), drift=drift, phase=phase, delays=delays, background=background
    )
    rhythm = find(time, channel)
    assert rhythm is not None
    true_period = PERIOD * (1 + drift)
    assert abs(rhythm.clock.period_ps / true_period - 1) < 6 * rhythm.drift_error
    found = rhythm.clock.origin_ps + rhythm.clock.phase_ps
    centre = phase + round((found - phase) / true_period) * true_period
    for detector, delay in enumerate(delays):
        seen = found + rhythm.phase_ps[detector]
        # 500 clicks of 60 ps; or 100 among 400 stray ones: sqrt(1 / 2 / 500) / 0.2 radians, which is 250 ps
        assert apart(seen, centre + delay, true_period) < (25 if background == 0 else 1800)


@pytest.mark.parametrize("background", [0.0, 0.5, 0.8])
def test_stated_errors_are_those_that_occur(background):
    """Over 60 tries, the standard deviation is within a third of what is stated, at 3 sigma and more."""
    pulls = []
    for seed in range(60):
        time, channel = clicks(np.random.default_rng(seed), drift=7e-6, background=background)
        rhythm = find(time, channel)
        pulls.append((rhythm.clock.period_ps / (PERIOD * (1 + 7e-6)) - 1) / rhythm.drift_error)
    assert 0.7 < np.std(pulls) < 1.4
    assert abs(np.mean(pulls)) < 0.5


@pytest.mark.parametrize("period", [1000.0, 3333.3333333333335, 20_000.0, 100_000.0])
@pytest.mark.parametrize("rate_hz", [1e4, 1e6])
def test_slot_rates_and_click_rates(period, rate_hz):
    duration_ps = 600 / rate_hz * 1e12
    rng = np.random.default_rng(2)
    time, channel = clicks(rng, n=600, slots=int(duration_ps / period), drift=-19e-6, period=period)
    rhythm = find(time, channel, period)
    assert abs(rhythm.clock.period_ps / (period * (1 - 19e-6)) - 1) < 6 * rhythm.drift_error


@pytest.mark.parametrize("n", [16, 200, 5000])
def test_random_clicks_keep_no_beat_more_often_than_chance(n):
    """At a false alarm of 0.05, 60 tries see 9 or more with a probability below 0.3 %."""
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        time, channel = np.sort(rng.integers(0, 10**10, n)), rng.integers(0, 4, n).astype(np.uint8)
        alarms += find_rhythm(time, channel, PERIOD, max_drift=25e-6, false_alarm=0.05) is not None
    assert alarms < 9


@pytest.mark.parametrize("from_slot", [200_000, 500_000, 800_000])
def test_light_that_begins_late_leaves_the_slots_countable(from_slot):
    time, channel = clicks(np.random.default_rng(6), n=4000, drift=11e-6)
    early = time < from_slot * PERIOD
    rng = np.random.default_rng(7)
    time = np.where(early, rng.integers(0, int(from_slot * PERIOD), len(time)), time)
    order = np.argsort(time)
    rhythm = find(time[order], channel[order])
    assert (
        abs(rhythm.clock.period_ps / (PERIOD * (1 + 11e-6)) - 1) * 10**6 < 0.25
    )  # slots over the whole stretch


@pytest.mark.parametrize("ramp_per_s", [-4e-7, 3e-7])
@pytest.mark.parametrize(("n", "background"), [(500, 0.0), (2000, 0.5), (4000, 0.8)])
def test_a_drift_that_changes_is_found_with_its_ramp(ramp_per_s, n, background):
    """A tenth of a second at 1 GHz: the ramp bends the phase by half a slot, and 2 slots in two tenths."""
    rng = np.random.default_rng(8)
    for slots in (10**8, 2 * 10**8):
        time, channel = clicks(rng, n=n, slots=slots, drift=-2e-5, background=background, period=1000.0)
        bent = time + np.rint(ramp_per_s / 1e12 / 2 * time.astype(float) ** 2).astype(np.int64)
        rhythm = find(bent, channel, 1000.0)
        middle = ramp_per_s / 1e12 * slots * 1000.0 / 2
        assert abs(rhythm.clock.period_ps / (1000.0 * (1 - 2e-5)) - 1 - middle) < 6 * rhythm.drift_error
        error = np.sqrt(rhythm.uncertainty.covariance[2, 2]) * 1e12
        assert abs(rhythm.clock.ramp * 1e12 - ramp_per_s) < 5 * error
        assert error < 5e-8


def test_a_beat_of_another_rate_is_none():
    time, channel = clicks(np.random.default_rng(3), drift=80e-6)
    assert find(time, channel) is None
    assert find(time, channel, max_drift=100e-6) is not None


@pytest.mark.parametrize("n", [0, 1, 15])
def test_next_to_nothing_keeps_no_beat(n):
    assert find(np.arange(n) * 10_000, np.zeros(n, np.uint8)) is None


def test_a_detector_without_a_beat_shows():
    rng = np.random.default_rng(4)
    time, channel = clicks(rng)
    stray = channel == 2
    time = np.where(stray, rng.integers(0, 10**10, len(time)), time)
    order = np.argsort(time)
    rhythm = find(time[order], channel[order])
    assert rhythm.log_chance[2] > np.log(1e-6)
    assert max(rhythm.log_chance[[0, 1, 3]]) < np.log(1e-6)
    assert rhythm.log_chance[200] == 0


@pytest.mark.parametrize("sigma", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("signal", [1.0, 0.3])
def test_the_phase_error_is_the_spread_of_phases_found(sigma, signal):
    rng = np.random.default_rng(5)
    found, stated = [], []
    for _ in range(400):
        turns = np.where(rng.random(500) < signal, rng.normal(0, sigma, 500), rng.random(500))
        first, second = np.exp(2j * np.pi * turns).sum(), np.exp(4j * np.pi * turns).sum()
        found.append(np.angle(first) / (2 * np.pi))
        stated.append(phase_error(first, second, 500))
    # the standard deviation of 400 values is known to 3.5 %
    assert np.std(found) == pytest.approx(np.mean(stated), rel=0.15)
    assert stats.kstest(np.array(found) / np.array(stated), "norm").pvalue > 1e-3
