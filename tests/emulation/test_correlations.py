"""Second-order correlations on the bench, at five standard deviations."""

from __future__ import annotations

from math import sqrt

import numpy as np

from drivers.emulation.bench import bbm92
from tests.emulation import scenes
from tests.emulation.scenes import QUIET, SIGMAS, receiver, tags
from tests.emulation.test_bb84 import clicks_by_slot
from tests.emulation.test_bbm92 import theory


def test_pulses_of_a_laser_are_poissonian() -> None:
    """g2(0) of one state is 1: two detectors click together as often as chance has it."""
    scene = scenes.bb84(bob=receiver(QUIET, key=0.5), channel_loss_db=0.0)
    sent, clicked = clicks_by_slot(scene)
    bright = clicked[sent == 0]
    singles = bright.mean(axis=0)
    for one, other in ((0, 2), (0, 3), (2, 3)):
        together = int((bright[:, one] & bright[:, other]).sum())
        expected = len(bright) * singles[one] * singles[other]
        assert abs(together / expected - 1) < SIGMAS / sqrt(expected)


def test_bright_and_dim_pulses_together_are_bunched() -> None:
    """Over intensities mu with probability p, g2(0) is close to <mu^2> / <mu>^2."""
    scene = scenes.bb84(bob=receiver(QUIET, key=0.5), channel_loss_db=5.0)
    _, clicked = clicks_by_slot(scene)
    together = int((clicked[:, :2].any(axis=1) & clicked[:, 2:].any(axis=1)).sum())
    singles = clicked[:, :2].any(axis=1).mean(), clicked[:, 2:].any(axis=1).mean()
    means, weights = np.array(scene.source.intensities), np.array(scene.source.intensity_probabilities)
    share = 10 ** (-0.5) * QUIET.efficiency / 2
    seen = 1 - np.exp(-means * share)
    g2 = float(weights @ seen**2 / (weights @ seen) ** 2)
    expected = g2 * singles[0] * singles[1] * len(clicked)
    assert g2 > 1.2
    assert abs(together / expected - 1) < SIGMAS / sqrt(expected) + 0.01


def test_a_photon_of_a_pair_is_alone_but_for_other_pairs() -> None:
    """Heralded g2: of Alice's clicks, those with clicks in both of Bob's bases, by accident of another pair."""
    scene = scenes.bbm92(pair_rate_hz=4e6, duration_s=0.5)
    window_ps = 2000
    (herald_ps, _), (time_ps, channel) = (tags(bbm92.detected_tags(scene, 9, p)) for p in ("alice", "bob"))
    time_ps = time_ps - scene.bob.clock.offset_ps

    def near(own: np.ndarray) -> np.ndarray:
        first, last = (np.searchsorted(own, herald_ps + edge) for edge in (-window_ps, window_ps + 1))
        return last - first

    in_key, in_test = (near(time_ps[chosen]) for chosen in (channel < 2, channel >= 2))
    table = theory(scene)
    heralds, partners = table[:4].sum(), (table[:4, :2].sum(), table[:4, 2:4].sum())
    own = [share / heralds for share in partners]
    # Another pair's photon in the window, whoever of that pair Alice sees.
    others = [
        table[:, a:b].sum() * scene.pair_rate_hz * (2 * window_ps + 1) * 1e-12 for a, b in ((0, 2), (2, 4))
    ]
    expected = len(herald_ps) * (own[0] * others[1] + own[1] * others[0] + others[0] * others[1])
    found = int((in_key * in_test).sum())
    assert abs(found - expected) < SIGMAS * sqrt(expected)
    g2 = expected * len(herald_ps) / (int(in_key.sum()) * int(in_test.sum()))
    assert g2 < 0.2
