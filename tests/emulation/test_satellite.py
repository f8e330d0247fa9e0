"""A satellite's pass, held against tables, geometry and the distribution of its fading."""

from __future__ import annotations

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest
from scipy import stats

from drivers.emulation.bench import bb84 as bench
from drivers.emulation.bench.live_bb84 import LiveBb84Bench
from drivers.emulation.bench.live_parameters import DecoyAlice, LiveBb84Scene
from drivers.emulation.bench.parameters import Detector, Eve
from drivers.emulation.bench.satellite import LIGHT_KM_S, SatellitePass
from drivers.emulation.bench.timeline import middle_ps
from drivers.roles import Pattern
from tests.emulation.scenes import QUIET, SIGMAS, bb84, receiver, tags

#: Computed elsewhere, for a zenith pass with 10 urad, 1 m, zenith transmission 0.7:
#: altitude in km, elevation in degrees, range in km, drift in us/s, its change in ns/s^2, loss in dB.
TABLE = [
    (500, 10, 1695, 23.2, 7.5, 33.5), (500, 20, 1193, 22.1, 25, 26.1), (500, 30, 909, 20.4, 59, 22.3),
    (500, 45, 683, 16.7, 140, 18.9), (500, 60, 571, 11.8, 241, 16.9), (500, 90, 500, 0, 359, 15.5),
    (600, 10, 1932, 22.7, 6.8, 34.6), (600, 20, 1392, 21.7, 22, 27.4), (600, 30, 1075, 20.0, 50, 23.7),
    (600, 45, 815, 16.3, 115, 20.4), (600, 60, 683, 11.5, 197, 18.5), (600, 90, 600, 0, 291, 17.1),
    (1200, 10, 3131, 20.1, 4.6, 38.8), (1200, 20, 2455, 19.1, 13, 32.3), (1200, 30, 1999, 17.6, 25, 29.1),
    (1200, 45, 1580, 14.4, 53, 26.2), (1200, 60, 1351, 10.2, 86, 24.4), (1200, 90, 1200, 0, 123, 23.1),
]  # fmt: skip
PASS = SatellitePass(altitude_km=500, rises_at_s=3.0)


def when(path: SatellitePass, elevation_deg: float) -> float:
    """While it rises, by bisection."""
    low, high = path.rises_at_s, path.culminates_at_s
    for _ in range(60):
        middle = (low + high) / 2
        below = float(path.elevation_deg(np.array([middle]))[0]) < elevation_deg
        low, high = (middle, high) if below else (low, middle)
    return high


@pytest.mark.parametrize("row", TABLE)
def test_it_is_the_pass_of_the_table(row: tuple[float, ...]) -> None:
    altitude_km, elevation_deg, range_km, drift, change, loss_db = row
    path = replace(PASS, altitude_km=altitude_km)
    at = when(path, elevation_deg) + np.array([-0.1, 0.0, 0.1])
    flight_s = path.range_km(at) / LIGHT_KM_S
    assert path.range_km(at)[1] == pytest.approx(range_km, abs=0.51)
    assert abs(flight_s[2] - flight_s[0]) / 0.2 * 1e6 == pytest.approx(drift, abs=0.051)
    second = (flight_s[2] - 2 * flight_s[1] + flight_s[0]) / 0.01 * 1e9
    assert second == pytest.approx(change, abs=0.51 if change > 10 else 0.051)
    assert path.mean_loss_db(float(at[1])) == pytest.approx(loss_db, abs=0.051)


def test_it_lasts_and_there_is_nothing_before_and_after() -> None:
    assert pytest.approx(443, abs=0.5) == PASS.duration_s
    end_s = PASS.rises_at_s + PASS.duration_s
    assert PASS.mean_loss_db(2.9) == PASS.mean_loss_db(end_s + 0.1) == inf
    assert PASS.mean_loss_db(3.1) == pytest.approx(PASS.mean_loss_db(end_s - 0.1))
    low = replace(PASS, culmination_deg=40.0)
    assert float(low.elevation_deg(np.array([low.culminates_at_s]))[0]) == pytest.approx(40)
    assert low.duration_s < PASS.duration_s
    with pytest.raises(ValueError, match="never comes over the horizon"):
        replace(PASS, culmination_deg=5.0)


def test_fading_is_a_beta_distribution() -> None:
    """Kolmogorov and Smirnov: a false alarm in a million; mean and variance at five standard deviations.

    The disc of 10 urad is as bright as a Gaussian beam on its axis whose radius, at 1/e^2, is w = 10 urad / sqrt 2; off
    the axis by a Rayleigh distributed r the share is exp(-2 r^2 / w^2), to the power of 4 (sigma / w)^2 uniform.
    """
    path = replace(PASS, pointing_urad=1.5)
    beta = (10.0 / sqrt(2) / 1.5) ** 2 / 4
    assert path.light.beta == pytest.approx(beta)
    shares = np.array([path.fading(11, block) for block in range(4000)])
    assert stats.kstest(shares, stats.beta(beta, 1).cdf).pvalue > 1e-6
    mean = beta / (beta + 1)
    variance = beta / (beta + 2) - mean**2
    assert abs(shares.mean() - mean) < SIGMAS * sqrt(variance / len(shares))
    assert replace(PASS, pointing_urad=0.0).fading(11, 5) == 1.0


SCENE = LiveBb84Scene(
    alice=DecoyAlice(nominal_mean=0.5),
    channel_loss_db=0.0,
    misalignment_error=0.0,
    bob=receiver(replace(QUIET, efficiency=1.0, jitter_rms_ps=0.0)),
    satellite=replace(PASS, rises_at_s=0.0, horizon_deg=60.0),
)
PATTERN = Pattern(slot_hz=1e8, levels=(1.0,), probabilities=(1.0,), key_basis_probability=0.5)


def test_the_live_bench_s_clicks_come_when_light_does_and_as_many() -> None:
    """At culmination 359 ns/s^2 bend the arrivals; each click lies on a slot that left a flight time ago."""
    table = LiveBb84Bench(SCENE, 5)
    table.alice.modulators.begin(0.0, PATTERN)
    path = SCENE.satellite
    assert path is not None
    begin_s = path.culminates_at_s - 0.2
    table.bob.begin(begin_s)
    clicks = table.bob.clicks(begin_s + 0.4).time_ps
    # Undo the flight by iteration: range changes slowly.
    left = clicks - path.delay_ps(clicks)
    for _ in range(4):
        left = clicks - path.delay_ps(left)
    period_ps = 10_000
    start_ps = table.alice.modulators.runs[0].start_ps
    assert np.abs((left - start_ps + period_ps // 2) % period_ps - period_ps // 2).max() <= 2
    span_s = (clicks[-1] - clicks[0]) / 1e12
    mean = 0.5 * 10 ** (-path.mean_loss_db(path.culminates_at_s) / 10)
    expected = span_s * PATTERN.slot_hz * 4 * -np.expm1(-mean / 4)
    assert abs(len(clicks) - expected) < SIGMAS * sqrt(expected) + 1e-3 * expected
    assert (np.diff(clicks) >= 0).all()


def test_below_the_horizon_it_is_dark_and_counters_know_it() -> None:
    table = LiveBb84Bench(replace(SCENE, satellite=replace(PASS, rises_at_s=1.0)), 5)
    table.alice.modulators.begin(0.0, PATTERN)
    assert sum(table.bob.counts(0.2, 0.8)) == 0
    assert sum(table.bob.counts(2.0, 2.5)) > 0


def test_any_pace_gives_the_same_clicks() -> None:
    def recorded(looks: int) -> np.ndarray:
        table = LiveBb84Bench(replace(SCENE, satellite=replace(PASS, rises_at_s=0.0, pointing_urad=2.0)), 5)
        table.alice.modulators.begin(0.0, PATTERN)
        table.bob.begin(0.0)
        return np.concatenate([table.bob.clicks(0.4 * (n + 1) / looks).time_ps for n in range(looks)])

    assert np.array_equal(recorded(1), recorded(7))


def test_a_recording_has_the_pass_in_it() -> None:
    """Clicks of a recording lie on slots too, and fade from block to block."""
    path = replace(PASS, rises_at_s=0.0, pointing_urad=2.5)
    scene = bb84(
        satellite=path,
        channel_loss_db=0.0,
        bob=receiver(replace(QUIET, jitter_rms_ps=0.0)),
        n_slots=4_000_000,
    )
    times, _ = tags(bench.detected_tags(scene, 3))
    left = times
    for _ in range(6):
        left = times - path.delay_ps(left)
    assert np.abs((left + 5000) % 10_000 - 5000).max() <= 2
    counts = np.bincount(left // (2**20 * 10_000), minlength=4)[:3]
    shares = [path.fading(3, block) for block in range(3)]
    assert counts / counts.sum() == pytest.approx(np.array(shares) / sum(shares), abs=0.05)


def test_what_does_not_go_together_is_refused() -> None:
    active = replace(receiver(Detector()), basis_choice="active")
    with pytest.raises(ValueError, match="cannot follow a satellite"):
        replace(SCENE, bob=active)
    with pytest.raises(ValueError, match="Eve's photons"):
        bb84(satellite=PASS, eve=Eve())


def test_the_middle_of_a_block_is_its_middle() -> None:
    assert middle_ps(3) == 7 * 10**10
