"""The planning model: against formulas by hand, and against the bench."""

from dataclasses import replace
from math import exp

import numpy as np
import pytest

from drivers.emulation.bench import bb84
from drivers.emulation.bench.parameters import Clock, Eve
from drivers.emulation.bench.satellite import SatellitePass
from drivers.emulation.bench.way import Encoding
from postproc.estimation import Statistics
from postproc.reconciliation.choice import WAYS
from qkdctl.config.emulation import DecoyEmulation
from qkdctl.errors import ConfigurationError
from qkdctl.planning.link import LinkModel, Settings
from qkdctl.planning.optimise import (
    PASS,
    SAMPLES,
    _drawn,
    best_settings,
    expected_bits,
    settings_of,
    shortest_block,
    thresholds,
)
from tests.support import links
from tests.support.eve import attacked, scene

PARAMETERS = links.decoy_parameters("ldpc")
PLACE = scene(PARAMETERS, Eve(), loss_db=3.0)
EMULATION = DecoyEmulation(
    duration_s=0.024, channel_loss_db=3.0, misalignment_error=0.005, bob=PLACE.bob, bob_clock=PLACE.bob_clock
)
MODEL = LinkModel.of(PARAMETERS, EMULATION)
SETTINGS = settings_of(PARAMETERS)


def test_the_model_is_read_off_the_scenario():
    assert MODEL.transmission == pytest.approx(0.85 * 10**-0.3)
    assert MODEL.dark_probability == pytest.approx(1000 * 2e-9)
    assert MODEL.click(0.5) == pytest.approx(1 - (1 - 4e-6) * exp(-0.5 * 0.85 * 10**-0.3))
    assert LinkModel.of(PARAMETERS, EMULATION, 10.0).transmission == pytest.approx(0.085)


def test_it_expects_what_the_bench_shows():
    """Counts within a few percent: the bench has a beam splitter, dead times and gates of its own."""
    expected = MODEL.statistics(SETTINGS)
    block = attacked(PARAMETERS, Eve())
    assert sum(expected.key) == pytest.approx(len(block.key_slots), rel=0.06)
    assert sum(expected.test) == pytest.approx(len(block.test_photons), rel=0.06)
    assert sum(expected.test_errors) == pytest.approx(block.figures["test_errors"], rel=0.3)


def figures(emulation):
    """What a block shows of a link on the bench."""
    place = emulation.scene(PARAMETERS)
    recordings = list(bb84.prepared_states(place, 5)), list(bb84.detected_tags(place, 5))
    (end,) = (end for end in links.link(PARAMETERS, recordings)["bob"].ends if end.record.block == 1)
    return end.record.figures


NOISY = tuple(replace(each, afterpulse_probability=0.3) for each in PLACE.bob.detectors)


@pytest.mark.parametrize(
    "changes",
    [
        {"encoding": Encoding(kind="time-bin", bin_ps=3000)},
        {"bob": replace(PLACE.bob, key_basis_probability=0.4)},
        {"bob": replace(PLACE.bob, detectors=NOISY)},
    ],
    ids=["time-bins", "another bias at Bob", "afterpulses"],
)
def test_it_expects_what_other_benches_show(changes):
    emulation = replace(EMULATION, **changes)
    expected = LinkModel.of(PARAMETERS, emulation).statistics(settings_of(PARAMETERS, emulation))
    shown = figures(emulation)
    assert sum(expected.key) == pytest.approx(shown["key_bits"], rel=0.06)
    assert sum(expected.test) == pytest.approx(shown["test_bits"], rel=0.08)
    assert sum(expected.test_errors) == pytest.approx(
        shown["test_errors"], abs=4 * shown["test_errors"] ** 0.5
    )


def test_a_satellite_has_no_one_loss():
    flying = replace(EMULATION, satellite=SatellitePass())
    with pytest.raises(ConfigurationError, match="expected it to be given, as with --loss-db"):
        LinkModel.of(PARAMETERS, flying)
    assert LinkModel.of(PARAMETERS, flying, 3.0) == MODEL


@pytest.mark.parametrize("hold_off_ps", [10**7, 3 * 10**6, 2 * 10**7])
def test_events_are_as_many_as_the_session_lets_start(hold_off_ps):
    """Clicks at about 100 kHz, and detectors that are dead for 10 us: after each, none of any detector counts."""
    dead_ps, slots = 10**7, 50_000_000
    dead = tuple(replace(each, dead_time_ps=dead_ps, delay_ps=0) for each in PLACE.bob.detectors)
    slow = replace(
        EMULATION,
        duration_s=1.0,
        channel_loss_db=20.0,
        bob=replace(PLACE.bob, detectors=dead),
        bob_clock=Clock(),
    )
    receiver = replace(PARAMETERS.bob, hold_off_ps=hold_off_ps)
    model = LinkModel.of(replace(PARAMETERS, bob=receiver), slow)
    chunks = list(bb84.detected_tags(slow.scene(PARAMETERS), 3))
    times, channels = (
        np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in ("time_ps", "channel")
    )
    assert 7e4 < len(times) < 1.5e5
    alone = np.diff(times, prepend=-(10**9)) > hold_off_ps
    live, rates = model.live(SETTINGS), model.rates_hz(SETTINGS)
    for basis in (0, 1):
        found = np.count_nonzero(alone & (channels // 2 == basis))
        assert 2 * rates[basis] * live[basis] == pytest.approx(found, rel=0.03)
    expected = model.statistics(replace(SETTINGS, n_slots=slots))
    key = np.count_nonzero(alone & (channels < 2)) * SETTINGS.key_basis_probability
    assert sum(expected.key) == pytest.approx(key, rel=0.05)


def test_the_best_settings_are_no_worse_than_any_around_them():
    found = best_settings(MODEL, SETTINGS, PARAMETERS.security)
    best = expected_bits(MODEL, found, PARAMETERS.security)
    assert best > 1.05 * expected_bits(MODEL, SETTINGS, PARAMETERS.security)
    random = np.random.default_rng(1)
    for _ in range(30):
        factor = random.uniform(0.9, 1.1, 3)
        first, second, _ = found.probabilities
        near = Settings(
            (found.means[0] * factor[0], found.means[1] * factor[1], found.means[2]),
            (first * factor[2], second, 1 - first * factor[2] - second),
            found.key_basis_probability,
            found.n_slots,
        )
        if near.probabilities[2] > 0:
            assert expected_bits(MODEL, near, PARAMETERS.security) < best * 1.002


def test_one_decoy_is_searched_as_well():
    parameters = links.decoy_parameters("ldpc", decoys=1)
    start = settings_of(parameters)
    found = best_settings(MODEL, start, parameters.security)
    assert len(found.means) == 2
    assert sum(found.probabilities) == pytest.approx(1)
    assert expected_bits(MODEL, found, parameters.security) > expected_bits(MODEL, start, parameters.security)


def test_honest_blocks_pass_the_thresholds_as_often_as_said():
    agreed = thresholds(MODEL, SETTINGS, PARAMETERS.security)
    assert agreed["secret_bits"] > 0
    random = np.random.default_rng(99)
    from qkdctl.planning.optimise import _proof

    proof = _proof(SETTINGS, PARAMETERS.security)
    passed = {"single_photons": 0, "phase_error": 0}
    for _ in range(200):
        found = proof.estimate(_drawn(random, MODEL.statistics(SETTINGS)))
        passed["single_photons"] += found.single_photons >= agreed["single_photons_min"]
        passed["phase_error"] += found.phase_error <= agreed["phase_error_max"]
    assert all(count >= 200 * (PASS - 0.03) for count in passed.values())


@pytest.mark.parametrize(
    ("waived", "both"), [((), True), (("charged-reconciliation",), False)], ids=["both", "one"]
)
def test_thresholds_have_room_for_what_cascade_is_charged(waived, both):
    parameters = links.decoy_parameters("cascade")
    security = replace(parameters.security, waived=(*parameters.security.waived, *waived))
    model = LinkModel.of(replace(parameters, security=security), EMULATION)
    agreed = thresholds(model, SETTINGS, security)
    expected = model.statistics(SETTINGS)
    bits, errors = sum(expected.key), sum(expected.key_errors)
    for way in WAYS:
        if way.method == "cascade":
            assert agreed["leak_max_bits"] > bits * way.charged(errors / bits, both_directions=both)
    other = thresholds(MODEL, SETTINGS, security)
    assert (agreed["secret_bits"] < other["secret_bits"]) is both


def test_thresholds_are_written_as_they_are_meant():
    """Rounded to the side that lets more through, and the length is that of what is written."""
    agreed = thresholds(MODEL, SETTINGS, PARAMETERS.security)
    assert float(f"{agreed['phase_error_max']:.4f}") == agreed["phase_error_max"]
    from qkdctl.planning.optimise import _proof

    proof, random = _proof(SETTINGS, PARAMETERS.security), np.random.default_rng(1)
    drawn = [_drawn(random, MODEL.statistics(SETTINGS)) for _ in range(SAMPLES)]
    highest = np.percentile([proof.estimate(block).phase_error for block in drawn], 100 * PASS)
    assert 0 <= agreed["phase_error_max"] - highest < 1e-4


def test_longer_blocks_are_better_and_finite_is_less_than_endless():
    rates = [
        expected_bits(MODEL, replace(SETTINGS, n_slots=n), PARAMETERS.security) / n
        for n in (10**6, 10**7, 10**8, 10**9)
    ]
    assert rates == sorted(rates)
    assert rates[-1] < MODEL.asymptotic_rate()
    long = replace(SETTINGS, n_slots=10**9)
    short = shortest_block(MODEL, long, PARAMETERS.security)
    assert short < 10**9
    at = expected_bits(MODEL, replace(SETTINGS, n_slots=short), PARAMETERS.security) / short
    assert at >= 0.9 * rates[-1]


def test_a_drawn_block_is_a_block():
    expected = Statistics((1000, 300, 2), (100, 30, 0), (2, 1, 0), (20, 9, 0))
    drawn = [_drawn(np.random.default_rng(seed), expected) for seed in range(400)]
    assert np.mean([sum(block.key) for block in drawn]) == pytest.approx(1302, rel=0.01)
    assert np.mean([sum(block.key_errors) for block in drawn]) == pytest.approx(29, rel=0.05)
