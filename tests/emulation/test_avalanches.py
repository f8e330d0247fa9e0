"""Afterpulses and recovery, held against a detector that is followed event by event, and against theory."""

from __future__ import annotations

from dataclasses import replace
from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from drivers.emulation.bench import avalanches as module
from drivers.emulation.bench.avalanches import avalanches
from drivers.emulation.bench.parameters import Detector
from tests.emulation.scenes import SIGMAS, poissonian
from tests.emulation.test_detection import run

PLAIN = Detector(efficiency=1, dark_count_rate_hz=0, jitter_rms_ps=0, dead_time_ps=0)
AFTERPULSING = replace(PLAIN, afterpulse_probability=0.2, afterpulse_from_ps=300_000, afterpulse_to_ps=10**9)


def followed(events: list[int], parents: list[int], gaps: list[int], last: int | None) -> list[int]:
    """The slow way, event after event in order of time: numbers of those that click."""
    clicks: list[int] = []
    for number in sorted(range(len(events)), key=lambda each: (events[each], each)):
        there = parents[number] < 0 or parents[number] in clicks
        if there and (last is None or events[number] - last >= gaps[number]):
            clicks.append(number)
            last = events[number]
    return clicks


@given(st.data())
def test_iteration_finds_what_following_finds(data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 25))
    times = sorted(data.draw(st.lists(st.integers(0, 400), min_size=n, max_size=n)))
    parents = [data.draw(st.integers(-1, number - 1)) if number else -1 for number in range(n)]
    # A child comes after its parent.
    parents = [
        each if each >= 0 and times[each] < times[number] else -1 for number, each in enumerate(parents)
    ]
    gaps = [data.draw(st.integers(0, 90)) for _ in range(n)]
    last = data.draw(st.none() | st.integers(-100, 0))
    clicked = module._settled(
        np.array(times, np.int64), np.array(parents, np.intp), np.array(gaps, np.int64), last
    )
    assert np.flatnonzero(clicked).tolist() == followed(times, parents, gaps, last)


@given(
    st.lists(st.integers(0, 400), max_size=25).map(sorted),
    st.integers(0, 2**32),
    st.integers(0, 90),
    st.sampled_from([0, 40]),
    st.none() | st.integers(-100, 0),
)
def test_what_clicks_is_what_following_finds(times, seed, dead, recovery, last):
    """Afterpulses among the light, each with the very event that it comes from."""
    detector = replace(
        PLAIN, dead_time_ps=dead, recovery_ps=recovery, afterpulse_probability=0.6,
        afterpulse_from_ps=10, afterpulse_to_ps=300,
    )  # fmt: skip
    light = np.array(times, np.int64)
    found = avalanches(light, 500, detector, last, np.random.default_rng(seed))
    random = np.random.default_rng(seed)
    events, parents, later, origins = module._with_afterpulses(light, 500, detector, random)
    gaps = np.empty(len(events), np.int64)
    gaps[np.argsort(events, kind="stable")] = module._gaps(len(events), detector, random)
    clicks = followed(events.tolist(), parents.tolist(), gaps.tolist(), last)
    assert found.clicks.tolist() == events[clicks].tolist()
    assert found.later.tolist() == later[np.isin(origins, clicks)].tolist()


def test_an_event_comes_after_the_one_that_it_comes_from() -> None:
    with pytest.raises(ValueError, match="expected after it"):
        module._settled(np.array([1, 5]), np.array([1, -1]), np.zeros(2, np.int64), None)


def test_each_click_brings_about_others() -> None:
    """Few and far between, n photons make n / (1 - p) clicks: a branching process."""
    light = np.arange(1, 20_001) * 10**10
    clicks = run(AFTERPULSING, light, list(range(0, int(light[-1]) + 2 * 10**10, 10**12)))
    p = AFTERPULSING.afterpulse_probability
    variance = len(light) * p / (1 - p) ** 3
    assert abs(len(clicks) - len(light) / (1 - p)) < SIGMAS * sqrt(variance)


def test_photons_that_find_it_dead_bring_about_nothing() -> None:
    """Of each pair the second photon is lost, and what comes of the first is as if it were alone."""
    first = np.arange(1, 2001) * 10**10
    light = np.sort(np.concatenate((first, first + 10**6)))
    held = replace(AFTERPULSING, dead_time_ps=10**7)
    clicks = run(held, light, [0, int(light[-1]) + 10**10])
    p = held.afterpulse_probability
    # Few afterpulses come while the one before them still holds: 1 in 50.
    variance = len(first) * p / (1 - p) ** 3
    assert abs(len(clicks) - len(first) / (1 - p)) < SIGMAS * sqrt(variance) + 20


def test_their_delays_follow_the_power_law() -> None:
    """Kolmogorov and Smirnov, a false alarm in a million; first generation only."""
    light = np.arange(1, 20_001) * 10**10
    weak = replace(AFTERPULSING, afterpulse_probability=0.05)
    clicks = run(weak, light, [0, int(light[-1]) + 10**10])
    late = np.sort(clicks) % 10**10
    late = late[late > 0]
    power, first, last = -0.2, 3e5, 1e9

    def cdf(t: np.ndarray) -> np.ndarray:
        return (t**power - first**power) / (last**power - first**power)

    assert len(late) > 800
    # One in twenty has a predecessor of its own kind, which is later than the law says.
    assert stats.ks_1samp(late, cdf).statistic < 0.05 + stats.kstwo.ppf(1 - 1e-6, len(late))


@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.3])
def test_the_dead_time_holds_them_off(exponent: float) -> None:
    held = replace(AFTERPULSING, dead_time_ps=10_000_000, afterpulse_exponent=exponent)
    clicks = run(held, np.arange(1, 2001) * 10**10, [0, 3 * 10**13])
    assert np.diff(np.sort(clicks)).min() >= 10_000_000
    assert len(clicks) > 2200


def test_any_blocks_hold_as_many() -> None:
    light = np.sort(np.random.default_rng(1).integers(0, 10**12, 20_000))
    coarse, fine = (run(AFTERPULSING, light, list(range(0, 10**12 + 1, step))) for step in (10**12, 10**10))
    expected = len(light) / (1 - AFTERPULSING.afterpulse_probability)
    for clicks in (coarse, fine):
        assert abs(len(clicks) - expected) < SIGMAS * sqrt(2 * expected)
        assert (np.diff(clicks) >= 0).all()


@pytest.mark.parametrize("tau_ps", [5_000, 40_000])
def test_a_nanowire_that_recovers_clicks_at_the_rate_of_its_renewals(tau_ps: float) -> None:
    """Steady light of rate r: the mean wait is the dead time and the integral of the chance of not having clicked."""
    rate, dead_ps, duration = 2e7, 20_000, 2 * 10**10
    light = np.sort(np.random.default_rng(3).integers(0, duration, round(rate * duration * 1e-12)))
    detector = replace(PLAIN, dead_time_ps=dead_ps, recovery_ps=tau_ps)
    clicks = run(detector, light, [0, duration])
    r = rate * 1e-12
    wait, _ = integrate.quad(lambda t: exp(-r * (t - tau_ps * (1 - exp(-t / tau_ps)))), 0, 3e6, limit=500)
    # A renewal process counts with less noise than a Poisson one.
    assert poissonian(len(clicks), duration / (dead_ps + wait))
    assert np.diff(clicks).min() >= dead_ps


def test_what_is_off_takes_no_randomness() -> None:
    random = np.random.default_rng(5)
    found = avalanches(np.array([1, 5, 900]), 1000, replace(PLAIN, dead_time_ps=10), None, random)
    assert found.clicks.tolist() == [1, 900]
    assert random.random() == np.random.default_rng(5).random()
