import numpy as np
import pytest

from postproc.errors import SynchronisationFailed
from postproc.synchronisation.delays import common_delay, estimate_delays

REACH, WINDOW = 50_000, 1000
ALICE, BOB = (0, 1, 2, 3), (4, 5, 6, 7)


def coincidences(rng, alice, bob, counts, *, common=0.0, jitter_ps=200.0, accidental=4000):
    """Differences of all pairs of detectors: `counts[i, j]` coincidences, and accidental ones."""
    i, j = (index.repeat(counts.ravel()) for index in np.indices(counts.shape).reshape(2, -1))
    residual = common + np.asarray(bob)[j] - np.asarray(alice)[i] + rng.normal(0, jitter_ps, len(i))
    stray = rng.integers(0, 4, (2, accidental))
    residual = np.concatenate([residual, rng.uniform(-REACH, REACH, accidental)])
    channels = [
        np.concatenate([index, lone]).astype(np.uint8) for index, lone in zip((i, j), stray, strict=True)
    ]
    return residual, channels[0], channels[1] + np.uint8(4)


def estimate(residual, alice, bob):
    return estimate_delays(residual, alice, bob, alice=ALICE, bob=BOB, reach_ps=REACH, window_ps=WINDOW)


LIKE_BBM92 = np.where(np.eye(4, dtype=bool), 300, 75)  # partners, and detectors of the other basis
LIKE_BBM92[[0, 1, 2, 3], [1, 0, 3, 2]] = 6  # errors


@pytest.mark.parametrize("common", [0.0, -9_000.0])
@pytest.mark.parametrize(
    ("alice", "bob"),
    [
        ((0, 0, 0, 0), (0, 0, 0, 0)),
        ((-12_000, 0, 3000, 9000), (12_000, -5000, -7000, 0)),
        ((-6550, -240, 1190, 5600), (-6720, -180, 1250, 5650)),
    ],
)
def test_every_delay_is_found_to_its_statistical_error(alice, bob, common):
    rng = np.random.default_rng(1)
    found = estimate(*coincidences(rng, alice, bob, LIKE_BBM92, common=common))
    for true, got, channels in ((alice, found.alice, ALICE), (bob, found.bob, BOB)):
        relative = np.array([got[channel] for channel in channels])
        assert relative.mean() == pytest.approx(0, abs=1e-6)
        # each delay rests on over 450 coincidences of 200 ps: 12 ps for a median
        assert np.abs(relative - (np.array(true) - np.mean(true))).max() < 5 * 12
    assert abs(found.common_ps - (common + np.mean(bob) - np.mean(alice))) < 30


def test_the_errors_stay_in_the_window_though_they_are_few():
    """Pairs of detectors with different bits of one basis are fitted with all others, not left behind."""
    rng = np.random.default_rng(2)
    alice, bob = (-6550, -240, 1190, 5600), (-6720, -180, 1250, 5650)
    found = estimate(*coincidences(rng, alice, bob, LIKE_BBM92))
    for i, j in ((0, 5), (1, 4), (2, 7), (3, 6)):
        left = bob[j - 4] - alice[i] - found.common_ps - found.bob[j] + found.alice[i]
        assert abs(left) < 60


def test_a_silent_detector_is_named():
    rng = np.random.default_rng(3)
    residual, alice, bob = coincidences(rng, (0,) * 4, (0,) * 4, LIKE_BBM92)
    with pytest.raises(SynchronisationFailed, match="detector 2 of Alice shows no coincidences"):
        estimate(residual[alice != 2], alice[alice != 2], bob[alice != 2])
    with pytest.raises(SynchronisationFailed, match="detector 7 of Bob shows no coincidences"):
        estimate(residual[bob != 7], alice[bob != 7], bob[bob != 7])


def test_nothing_but_accidental_coincidences_is_no_delay():
    rng = np.random.default_rng(4)
    nothing = coincidences(rng, (0,) * 4, (0,) * 4, np.zeros((4, 4), np.int64))
    with pytest.raises(SynchronisationFailed, match="shows no coincidences"):
        estimate(*nothing)
    with pytest.raises(SynchronisationFailed, match="no coincidence peak"):
        common_delay(nothing[0], reach_ps=REACH, window_ps=WINDOW)
    with pytest.raises(SynchronisationFailed):
        common_delay(np.empty(0), reach_ps=REACH, window_ps=WINDOW)


def test_groups_that_nothing_binds_are_no_delays():
    """Where the bases never mix, the delay between them could be anything."""
    rng = np.random.default_rng(5)
    counts = np.zeros((4, 4), np.int64)
    counts[:2, :2] = counts[2:, 2:] = 200
    with pytest.raises(SynchronisationFailed, match=r"detectors 0, 1 of Alice .* those of 2, 3"):
        estimate(*coincidences(rng, (0,) * 4, (0,) * 4, counts))


def test_one_false_peak_is_outvoted():
    rng = np.random.default_rng(6)
    residual, alice, bob = coincidences(rng, (0, 500, -500, 0), (0,) * 4, LIKE_BBM92)
    strayed = (alice == 0) & (bob == 6) & (np.abs(residual) < 2000)
    found = estimate(np.where(strayed, residual + 16_400, residual), alice, bob)
    assert [round(found.alice[c], -2) for c in ALICE] == pytest.approx([0, 500, -500, 0], abs=100)


def test_peaks_that_contradict_each_other_are_no_delays():
    rng = np.random.default_rng(7)
    counts = np.zeros((4, 4), np.int64)
    for k in range(4):  # a single loop around all detectors
        counts[k, k] = counts[k, (k + 1) % 4] = 300
    residual, alice, bob = coincidences(rng, (0,) * 4, (0,) * 4, counts)
    strayed = (alice == 0) & (bob == 4) & (np.abs(residual) < 2000)
    with pytest.raises(SynchronisationFailed, match="contradict each other"):
        estimate(np.where(strayed, residual + 16_400, residual), alice, bob)


@pytest.mark.parametrize("position", [0.0, 12_345.0, -37_000.0])
def test_where_delays_are_known_the_common_one_is_found(position):
    rng = np.random.default_rng(9)
    residual = np.concatenate([rng.normal(position, 200, 500), rng.uniform(-REACH, REACH, 5000)])
    found = common_delay(residual, reach_ps=REACH, window_ps=WINDOW)
    assert found.alice == found.bob == {}
    assert abs(found.common_ps - position) < 5 * 12
