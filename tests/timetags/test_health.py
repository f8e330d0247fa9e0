from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from postproc.timetags.health import DetectorHealth, HealthMonitor
from postproc.timetags.types import Gap, TagChunk

SECOND = 10**12


def poisson(rate_hz: float, duration_s: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    duration = int(duration_s * SECOND)
    return np.sort(random.integers(0, duration, random.poisson(rate_hz * duration_s)))


def dead(times: np.ndarray, dead_time_ps: int) -> np.ndarray:
    kept: list[int] = []
    for time in times.tolist():
        if not kept or time - kept[-1] >= dead_time_ps:
            kept.append(time)
    return np.array(kept)


def with_echo(times: np.ndarray, share: float, delay_ps: int, width_ps: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    echoing = times[random.random(len(times)) < share]
    return np.sort(
        np.concatenate([times, echoing + delay_ps + random.integers(0, width_ps + 1, len(echoing))])
    )


def judge(*channels: np.ndarray, size: int = 10**9, gaps: tuple[Gap, ...] = ()) -> tuple[DetectorHealth, ...]:
    time_ps = np.concatenate(channels)
    channel = np.concatenate([np.full(len(times), n, np.uint8) for n, times in enumerate(channels)])
    order = np.argsort(time_ps, kind="stable")
    monitor = HealthMonitor()
    for chunk in chunked(time_ps[order], channel[order], size, gaps):
        monitor.feed(chunk)
    return monitor.report()


def chunked(time_ps: np.ndarray, channel: np.ndarray, size: int, gaps: tuple[Gap, ...]) -> Iterator[TagChunk]:
    edges = [*time_ps[::size].tolist(), int(time_ps[-1]) + 1]
    for number, (start, stop) in enumerate(pairwise(edges)):
        part = slice(number * size, (number + 1) * size)
        inside = tuple(gap for gap in gaps if start <= gap.first_ps < stop)
        yield TagChunk(start, stop, time_ps[part], channel[part], inside)


@pytest.mark.parametrize("delay_ps", [1_200, 16_410, 60_500, 95_000])
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_an_echo_is_found_where_it_is(delay_ps: int, share: float) -> None:
    clicks = poisson(200e3, 0.5, 1)
    faulty, sound = judge(with_echo(clicks, share, delay_ps, 300, 2), clicks + 3)
    assert faulty.echo is not None
    assert faulty.echo.delay_ns == pytest.approx(delay_ps / 1000 + 0.15, abs=0.1)
    assert faulty.echo.share == pytest.approx(share / (1 + share), rel=0.1)
    assert sound.echo is None


@pytest.mark.parametrize("rate_hz", [1e3, 1e5, 1e6, 1e7])
@pytest.mark.parametrize("dead_time_ps", [0, 24_000])
def test_steady_light_is_sound(rate_hz: float, dead_time_ps: int) -> None:
    (health,) = judge(dead(poisson(rate_hz, min(1, 2e5 / rate_hz), 3), dead_time_ps))
    assert health.echo is None
    assert health.afterpulse_share < 0.02


@pytest.mark.parametrize("period_ps", [1_000, 10_000, 50_000, 99_000, 400_000])
def test_pulsed_light_is_sound(period_ps: int) -> None:
    random = np.random.default_rng(4)
    slots = np.flatnonzero(random.random(10**6) < 0.2)
    assert judge(slots * period_ps + np.rint(random.normal(0, 50, len(slots))).astype(int))[0].echo is None


@pytest.mark.parametrize("decay_ps", [5_000, 10_000, 20_000])
def test_afterpulsing_is_no_echo_and_is_counted(decay_ps: int) -> None:
    random = np.random.default_rng(5)
    clicks = poisson(500e3, 0.6, 5)
    after = clicks[random.random(len(clicks)) < 0.05]
    after = after + 24_000 + random.exponential(decay_ps, len(after)).astype(int)
    (health,) = judge(dead(np.sort(np.concatenate([clicks, after])), 24_000))
    assert health.echo is None
    assert health.afterpulse_share == pytest.approx(0.05 / 1.05, rel=0.15)


def test_the_probability_is_that_of_the_binomial_test() -> None:
    """50 second clicks, none at any other time: 4 : 1 odds each at worst, and 100 bins to choose from."""
    pairs = np.arange(50) * 10**7
    monitor = HealthMonitor()
    times = np.sort(np.concatenate([pairs, pairs + 16_000]))
    monitor.feed(TagChunk(0, SECOND, times, np.zeros(len(times), np.uint8)))
    (health,) = monitor.report(0.01)
    assert health.echo is not None
    assert health.echo.false_alarm_probability == pytest.approx(100 * 0.8**50)
    (cautious,) = monitor.report(0.001)
    assert cautious.echo is None


@given(st.integers(100, 5000))
def test_the_size_of_chunks_does_not_matter(size: int) -> None:
    clicks = with_echo(poisson(100e3, 0.02, 6), 0.3, 20_000, 100, 7)
    assert judge(clicks, clicks + 5, size=size) == judge(clicks, clicks + 5)


def test_clicks_on_both_sides_of_a_gap_do_not_follow_each_other() -> None:
    pairs = np.arange(2000) * 10**7
    clicks = np.sort(np.concatenate([pairs, pairs + 16_000]))
    gaps = tuple(Gap(first, first + 100, "dropped") for first in (pairs + 8_000).tolist())
    assert judge(clicks)[0].echo is not None
    for size in (1, 2, 3, 10**9):
        assert judge(clicks, size=size, gaps=gaps)[0].echo is None


def test_false_alarms_are_as_rare_as_stated() -> None:
    """300 sound detectors at 1 %: over 12 alarms have a probability below 1e-4 even if the bound is tight."""
    alarms = 0
    for seed in range(300):
        monitor = HealthMonitor()
        times = poisson(1e6, 2e-3, 1000 + seed)
        monitor.feed(TagChunk(0, SECOND, times, np.zeros(len(times), np.uint8)))
        alarms += sum(health.echo is not None for health in monitor.report(0.01))
    assert binom.sf(12, 300, 0.01) < 1e-4
    assert alarms <= 12


def test_few_tags_are_no_proof() -> None:
    assert judge(np.array([5]))[0].echo is None
    assert judge(np.array([5, 16_005]))[0].echo is None
    assert HealthMonitor().report() == ()
