"""Dispersion, drifting polarisation, time-bins and wandering clocks, held against theory."""

from __future__ import annotations

from dataclasses import replace
from math import exp, hypot, sqrt

import numpy as np
import pytest

from drivers.emulation.bench import bb84 as bench
from drivers.emulation.bench.clocks import PartyClock
from drivers.emulation.bench.parameters import Clock
from drivers.emulation.bench.walks import STEP_S, Drift, Wander
from drivers.emulation.bench.way import Encoding, Fibre, spread
from tests.emulation.scenes import QUIET, SIGMAS, bb84, binomial, receiver, states, tags

PS = 10**12


def test_dispersion_spreads_the_arrivals_of_light_and_of_nothing_else() -> None:
    """17 ps/nm/km over 100 km at 0.1 nm: 170 ps full width, 72 ps of standard deviation."""
    fibre = Fibre(length_km=100, linewidth_nm=0.1)
    assert fibre.spread_ps == pytest.approx(72.19, abs=0.01)
    scene = bb84(fibre=fibre)
    times, _ = tags(bench.detected_tags(scene, 4))
    late = (times + 5000) % 10_000 - 5000
    expected = hypot(QUIET.jitter_rms_ps, fibre.spread_ps)
    assert abs(late.std() - expected) < SIGMAS * expected / sqrt(2 * len(late))
    dark = spread(receiver(QUIET), fibre).detectors[0]
    assert dark.dark_count_rate_hz == QUIET.dark_count_rate_hz


def test_a_drifting_polarisation_forgets_where_it_was_as_a_brownian_motion_does() -> None:
    """Over 400 fibres the mean cosine is exp(-rate**2 t), within five standard errors."""
    rate_deg, time_s = 20.0, 3.0
    turns = np.array([Drift(rate_deg, seed).turn(round(time_s * PS)) for seed in range(400)])
    for axis in range(3):
        cosines = turns[:, axis, axis]
        expected = exp(-(np.deg2rad(rate_deg) ** 2) * time_s)
        assert abs(cosines.mean() - expected) < SIGMAS * cosines.std() / sqrt(len(cosines))
    assert Drift(rate_deg, 1).turn(0) == Drift(0.0, 1).turn(7 * PS) == ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def test_the_same_drift_is_found_in_any_order() -> None:
    there, back = Drift(30.0, 9), Drift(30.0, 9)
    times = [round(each * PS) for each in (0.1, 5.0, 40.0, 41.0)]
    assert [there.turn(each) for each in times] == [back.turn(each) for each in reversed(times)][::-1]


def test_a_drift_shows_as_errors() -> None:
    scene = bb84(fibre=Fibre(drift_deg_per_root_s=200.0), misalignment_error=0.0, n_slots=400_000)
    sent = states(bench.prepared_states(scene, 8))
    times, channel = tags(bench.detected_tags(scene, 8))
    slot = np.rint(times / 10_000).astype(int)
    key = (channel < 2) & (sent[slot] & 1 == 0)
    wrong = (channel & 1) != (sent[slot] >> 1 & 1)
    turn = np.array(Drift(200.0, 8).turn(2**19 * 10_000))
    assert binomial(int(wrong[key].sum()), int(key.sum()), (1 - turn[0, 0]) / 2)


@pytest.fixture(scope="module")
def bins() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Slots, times within them in bins, detectors, states: of a link in time-bins."""
    scene = bb84(
        encoding=Encoding(kind="time-bin", bin_ps=2_000),
        misalignment_error=0.03,
        bob=receiver(replace(QUIET, jitter_rms_ps=0.0), key=0.5),
    )
    times, channel = tags(bench.detected_tags(scene, 6))
    sent = states(bench.prepared_states(scene, 6))
    slot = times // 10_000
    return slot, times % 10_000 // 2_000, channel, sent[slot]


def test_in_the_key_basis_the_bin_is_the_bit(bins: tuple[np.ndarray, ...]) -> None:
    _, when, channel, sent = bins
    key = channel < 2
    assert (when[key] == channel[key]).all()
    right = key & (sent & 1 == 0)
    assert binomial(int((channel[right] != (sent[right] >> 1 & 1)).sum()), int(right.sum()), 0.03)


def test_an_interferometer_has_three_peaks_and_only_the_middle_tells(bins: tuple[np.ndarray, ...]) -> None:
    _, when, channel, sent = bins
    test = (channel >= 2) & (sent & 1 == 1)
    counts = np.bincount(when[test], minlength=3)
    total = int(test.sum())
    # Clicks of one pulse count once a peak, which takes a few in a hundred of the brightest.
    for peak, share in enumerate((0.25, 0.5, 0.25)):
        assert counts[peak] == pytest.approx(
            share * total, abs=SIGMAS * sqrt(total * share * (1 - share)) + 0.01 * total
        )
    wrong = (channel & 1) != (sent >> 1 & 1)
    middle, outer = test & (when == 1), test & (when != 1)
    assert binomial(int(wrong[middle].sum()), int(middle.sum()), 0.03)
    assert binomial(int(wrong[outer].sum()), int(outer.sum()), 0.5)


def test_a_pulse_in_one_bin_shows_on_its_own_side(bins: tuple[np.ndarray, ...]) -> None:
    _, when, channel, sent = bins
    one = (channel >= 2) & (sent & 1 == 0)
    early, late = one & (sent & 2 == 0), one & (sent & 2 > 0)
    assert set(when[early].tolist()) == {0, 1}
    assert set(when[late].tolist()) == {1, 2}


def test_time_bins_lose_no_light() -> None:
    polarised = bb84(bob=receiver(QUIET, key=0.5))
    binned = replace(polarised, encoding=Encoding(kind="time-bin"))
    counts = [len(tags(bench.detected_tags(scene, 6))[0]) for scene in (polarised, binned)]
    # Where two photons of a pulse meet, polarisation counts one click and time-bins may count two.
    assert counts[0] - SIGMAS * sqrt(counts[0]) < counts[1] < 1.03 * counts[0]


def test_a_clock_s_rate_walks_at_random() -> None:
    """Variance of the offset after t: rate**2 t**3 / 3 for a walk in small steps; within five standard errors."""
    ppb, time_s, clocks = 30.0, 20.0, 500
    offsets = np.array(
        [Wander(ppb, seed, "bob").offset_ps(np.array([round(time_s * PS)]))[0] for seed in range(clocks)]
    )
    expected = (ppb * 1e-9) ** 2 * time_s**3 / 3 * PS**2
    assert (
        abs(np.mean(offsets.astype(float) ** 2) / expected - 1)
        < SIGMAS * sqrt(2 / clocks) + 2 * STEP_S / time_s
    )


def test_a_clock_that_wanders_never_goes_back_and_is_the_same_however_it_is_read() -> None:
    clock = Clock(offset_ps=5, drift_ppm=1.5, wander_ppb_per_root_s=50.0)
    times = np.linspace(0, 60 * PS, 10_001).astype(np.int64)
    whole = PartyClock(clock, 3, "bob").shown(times)
    parts = PartyClock(clock, 3, "bob")
    assert np.array_equal(whole, np.concatenate([parts.shown(part) for part in np.array_split(times, 7)]))
    assert (np.diff(whole) > 0).all()
    still = PartyClock(replace(clock, wander_ppb_per_root_s=0.0), 3, "bob").shown(times)
    assert np.array_equal(still, clock.change.apply(times))
