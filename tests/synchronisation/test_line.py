import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.synchronisation.clock import DriftingClock
from postproc.synchronisation.coarse import CoarseLock
from postproc.synchronisation.line import differences, fit_line, sharpen

ascending = st.lists(st.integers(-100, 100), max_size=40).map(lambda t: np.array(sorted(t), np.int64))


@given(ascending, ascending, st.integers(0, 50))
def test_all_differences_are_there(segment, stream, within):
    near = differences(segment, stream, within)
    found = sorted(zip(near.segment.tolist(), near.stream.tolist(), near.difference_ps.tolist(), strict=True))
    expected = [
        (i, j, int(b - a))
        for i, a in enumerate(segment)
        for j, b in enumerate(stream)
        if abs(b - a) <= within
    ]
    assert found == expected


@given(ascending, ascending, st.integers(0, 100), st.integers(1, 60))
def test_of_too_many_differences_whole_tags_are_left_out(segment, stream, within, most):
    every = differences(segment, stream, within)
    some = differences(segment, stream, within, most)
    assert len(some.difference_ps) <= max(most, 0)
    counts = [np.bincount(d.segment, minlength=len(segment)) for d in (every, some)]
    assert np.isin(counts[1], [0]).sum() + (counts[1] == counts[0])[counts[1] > 0].sum() == len(segment)


def test_thinning_keeps_the_whole_length():
    ticks = np.arange(10_000, dtype=np.int64)
    near = differences(ticks, ticks, 20, 10_000)
    assert near.segment.min() < 200
    assert near.segment.max() > 9_700


def scattered(
    rng, slope, offset, *, jitter_ps=200.0, pairs=2000, accidental=4000, reach=50_000, length=10**10
):
    along = rng.uniform(0, length, pairs + accidental)
    on_line = offset + slope * along[:pairs] + rng.normal(0, jitter_ps, pairs)
    return along, np.concatenate([on_line, rng.uniform(-reach, reach, accidental)])


@pytest.mark.parametrize(("slope", "offset"), [(0.0, 0.0), (2e-8, 100.0), (-3e-8, -150.0)])
def test_a_line_is_fitted_within_its_statistical_error(slope, offset):
    rng = np.random.default_rng(8)
    along, beyond = scattered(rng, slope, offset)
    line = fit_line(along, beyond, 1000)
    # 200 ps of jitter (a little less inside the window) over 2000 pairs, with a few accidental ones
    slope_error = 200 / np.sqrt(2000) / (10**10 / np.sqrt(12))
    assert abs(line.slope - slope) < 4 * slope_error
    assert abs(line.offset_ps + line.slope * 5e9 - offset - slope * 5e9) < 4 * 200 / np.sqrt(2000)
    assert np.array_equal(line.inside, np.abs(beyond - line.offset_ps - line.slope * along) <= 500)


def test_a_line_through_nothing_stays_level():
    empty = np.empty(0)
    assert fit_line(empty, empty, 1000)[:2] == (0.0, 0.0)
    one_place = fit_line(np.zeros(5), np.arange(5.0), 1000)
    assert one_place[:2] == (0.0, 0.0)


@pytest.mark.parametrize("drift", [-24.9e-6, 0.0, 3.3e-6, 25e-6])
@pytest.mark.parametrize("lag_ps", [-(10**12), 123_456_789])
def test_a_coarse_lock_is_sharpened_to_the_resolution(lag_ps, drift):
    rng = np.random.default_rng(4)
    shared = np.sort(rng.integers(0, 10**10, 1500))
    segment = np.sort(np.concatenate([shared, rng.integers(0, 10**10, 3000)]))
    partners = shared + lag_ps + np.rint(drift * shared + rng.normal(0, 150, 1500)).astype(np.int64)
    stream = np.sort(np.concatenate([partners, rng.integers(-(10**10), 2 * 10**10, 9000) + lag_ps]))
    coarse = CoarseLock(DriftingClock(int(segment[0]), float(lag_ps + 400_000), 0.0), 500_000, 25e-6, -50.0)
    clock = sharpen(segment, stream, coarse, resolution_ps=1000)
    for instant in (int(segment[0]), int(segment[-1])):
        assert abs(clock.offset_at(instant) - lag_ps - drift * instant) < 1500


@pytest.mark.parametrize("ramp_per_s", [-5e-7, -1e-7, 0.0, 4e-7])
@pytest.mark.parametrize("duration_s", [0.05, 0.2, 0.5])
def test_a_coarse_lock_is_sharpened_along_the_bend_of_a_doppler_shift(ramp_per_s, duration_s):
    rng = np.random.default_rng(5)
    length, pairs = round(duration_s * 1e12), 2000
    shared = np.sort(rng.integers(0, length, pairs))
    lone = round(1e5 * duration_s)
    segment = np.sort(np.concatenate([shared, rng.integers(0, length, lone)]))
    drift, ramp = 7e-6, ramp_per_s * 1e-12

    def true_ps(instant):
        return drift * instant + ramp / 2 * instant**2

    partners = shared + np.rint(true_ps(shared.astype(float)) + rng.normal(0, 150, pairs)).astype(np.int64)
    stream = np.sort(np.concatenate([partners, rng.integers(0, length, lone)]))
    coarse = CoarseLock(DriftingClock(int(segment[0]), 300_000.0, 0.0), 500_000, 25e-6, -50.0)
    clock = sharpen(segment, stream, coarse, resolution_ps=1000)
    instants = np.linspace(segment[0], segment[-1], 9)
    off = [clock.offset_at(int(instant)) - true_ps(instant) for instant in instants]
    assert np.max(np.abs(off)) < 700
