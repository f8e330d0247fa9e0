import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.synchronisation import coarse
from postproc.synchronisation.coarse import find_lag

DRIFT = 25e-6


def poisson(rng, duration_s, rate_hz):
    return np.sort(rng.integers(0, round(duration_s * 1e12), rng.poisson(rate_hz * duration_s)))


def bunched(rng, duration_s, rate_hz):
    """Every other click is followed by up to three more."""
    first = poisson(rng, duration_s, rate_hz)
    more = [first[rng.random(len(first)) < 0.4] for _ in range(3)]
    return np.sort(np.concatenate([first, *(m + rng.integers(10_000, 60_000, len(m)) for m in more)]))


def pulsed(rng, duration_s, rate_hz):
    """Clicks of a source of 80 MHz: every other source of that rate runs in step with it."""
    pulses = rng.integers(0, round(duration_s * 80e6), rng.poisson(rate_hz * duration_s))
    return np.sort(pulses * 12_500 + np.rint(rng.normal(0, 100, len(pulses))).astype(np.int64))


def switched(rng, duration_s, rate_hz):
    """Light that goes on and off every 2 ms."""
    times = poisson(rng, duration_s, 2 * rate_hz)
    return times[times // 2_000_000_000 % 2 == 0]


def streams(rng, lag_ps, drift, *, common_hz, lone_hz, duration_s=0.01, stream_s=0.04, begin_s=0.015):
    """A segment, and a longer stream that holds its partners."""
    segment = poisson(rng, duration_s, lone_hz)
    shared = poisson(rng, duration_s, common_hz)
    partners = np.rint(shared * (1 + drift)).astype(np.int64) + lag_ps
    lone = poisson(rng, stream_s, lone_hz) + lag_ps - round(begin_s * 1e12)
    return np.sort(np.concatenate([segment, shared])), np.sort(np.concatenate([lone, partners]))


@given(
    seed=st.integers(0, 10**6),
    lag_ps=st.one_of(
        st.integers(-(10**13), 10**13),
        st.integers(-40, 40).map(lambda bins: bins * 250_000),  # on the edges of the bins
    ),
    drift=st.one_of(st.floats(-DRIFT, DRIFT), st.sampled_from([-DRIFT, 0.0, DRIFT])),
)
@settings(max_examples=40)
def test_the_lag_lies_where_the_lock_says(seed, lag_ps, drift):
    segment, stream = streams(np.random.default_rng(seed), lag_ps, drift, common_hz=3e5, lone_hz=5e5)
    lock = find_lag(segment, stream, max_drift=DRIFT, false_alarm=1e-9)
    assert lock is not None
    true_ps = lag_ps + drift * segment[0]
    assert abs(lock.clock.offset_ps - true_ps) <= lock.within_ps
    assert abs(lock.clock.drift - drift) <= lock.drift_within * (1 + 1e-9)
    assert lock.log_false_alarm < np.log(1e-9)


@pytest.mark.parametrize("drift", [-DRIFT, 0.13 * DRIFT, 0.95 * DRIFT])
def test_few_coincidences_are_found_by_scanning_the_drift(drift):
    rng = np.random.default_rng(5)
    # sqrt(5e5 * 5e5 * 3 * DRIFT) is 4330 a second: 20,000 pairs a second are 4.6 sigma with wide bins.
    segment, stream = streams(
        rng, 10**11, drift, common_hz=2e4, lone_hz=5e5, duration_s=0.03, stream_s=0.05, begin_s=0.01
    )
    lock = find_lag(segment, stream, max_drift=DRIFT, false_alarm=1e-9)
    assert lock is not None
    assert lock.drift_within < DRIFT
    assert abs(lock.clock.drift - drift) <= lock.drift_within
    assert abs(lock.clock.offset_ps - 10**11 - drift * segment[0]) <= lock.within_ps


@pytest.mark.parametrize("kind", [poisson, bunched, pulsed, switched])
def test_what_has_nothing_in_common_shows_no_lag_more_often_than_chance(kind, monkeypatch):
    """At a false alarm of 0.05, 30 tries see 5 or more with a probability below 2 %."""
    monkeypatch.setattr(coarse, "MAX_WORK", 2**20)  # two or three passes, and quickly
    alarms = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        segment = kind(rng, 0.004, 5e5) + rng.integers(0, 10**10)
        stream = kind(rng, 0.02, 5e5)
        alarms += find_lag(segment, stream, max_drift=DRIFT, false_alarm=0.05) is not None
    assert alarms < 5


def test_the_same_stream_backwards_shows_no_lag(monkeypatch):
    monkeypatch.setattr(coarse, "MAX_WORK", 2**22)
    rng = np.random.default_rng(3)
    segment, stream = streams(rng, 0, 0.0, common_hz=5e5, lone_hz=1e5)
    backwards = (stream[-1] - stream)[::-1].copy()
    assert find_lag(segment, stream, max_drift=DRIFT, false_alarm=1e-9) is not None
    assert find_lag(segment, backwards, max_drift=DRIFT, false_alarm=1e-9) is None


@pytest.mark.parametrize("sizes", [(0, 0), (1, 1), (0, 100), (100, 1), (2, 2)])
def test_next_to_nothing_shows_no_lag(sizes, monkeypatch):
    monkeypatch.setattr(coarse, "MAX_WORK", 2**20)
    rng = np.random.default_rng(0)
    few = [np.sort(rng.integers(0, 10**10, size)) for size in sizes]
    assert find_lag(*few, max_drift=DRIFT, false_alarm=1e-9) is None


def test_simultaneous_clicks_are_no_trouble():
    same = np.full(1000, 5, np.int64)
    find_lag(same, np.arange(0, 10**9, 10**6), max_drift=DRIFT, false_alarm=1e-9)
    find_lag(same, same, max_drift=DRIFT, false_alarm=1e-9)
