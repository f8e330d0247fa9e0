"""The steps of a link of photon pairs, on a bench whose truth is known."""

import numpy as np
import pytest

from qkdctl.calibration.record import Calibration
from qkdctl.calibration.run import chosen, take
from qkdctl.calibration.use import calibrated
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.keystore.pair import PARTIES
from tests.calibration.conftest import Table

SCENARIO = load_scenario(scenario_path("misaligned-pairs"))
#: Less to look through, and only the polarisation and the delays out of order: what comes before is tested elsewhere.
CHANGED = {
    "max_offset_s = 1.0": "max_offset_s = 0.5",
    "preamble_s = 0.25": "preamble_s = 0.1",
    "offset_ps = 612_004_815_162": "offset_ps = 112_004_815_162",
    "window_ps = 6000": "window_ps = 20_000",
}
MENDED = {
    "[8.0, 8.5, 9.0, 8.0]": "[15.0, 15.0, 15.0, 15.0]",
    "[8.5, 8.0, 8.0, 9.0]": "[15.0, 15.0, 15.0, 15.0]",
    "threshold_v = 1.95": "threshold_v = 1.0",
    "hold_off_ps = 20_000 ": "hold_off_ps = 60_000 ",
}


def delays_ps(party):
    """What the cables do, from the earliest detector on."""
    delays = np.array([each.delay_ps for each in getattr(SCENARIO.emulation, party).receiver.detectors])
    return delays - delays.min()


@pytest.fixture
def table(tmp_path):
    """The packaged misaligned link of pairs, as it is when thresholds, bias and hold-off have been put right."""
    text = scenario_path("misaligned-pairs").read_text()
    for old, new in (CHANGED | MENDED).items():
        assert text.count(old) == (2 if old in ("threshold_v = 1.95", "hold_off_ps = 20_000 ") else 1), old
        text = text.replace(old, new)
    (tmp_path / "link.toml").write_text(text)
    table = Table(load_scenario(tmp_path / "link.toml"), seed=7)
    yield table
    table.stand.close()


def calibrate(table, *names):
    return list(take(table.stand, chosen(table.scenario, names), lambda text: None))


def test_delays_are_found_and_the_window_holds_the_pairs(table):
    delays, check = calibrate(table, "pair-delays", "pair-check")
    assert delays.good, delays
    found = {change.name: change.after for change in delays.changes}
    for party in PARTIES:
        # A tagger has ticks of 2 ns, which arrivals fill unevenly.
        assert np.allclose(found[f"{party}.delay_ps"], delays_ps(party), atol=400), (party, found)
    assert 4000 <= found["window_ps"] <= 12_000
    assert found["window_ps"] == table.stand.scenario.parameters.window_ps
    assert not check.good, "the controller has not been aligned"
    assert check.figures["coincidences_hz"] > 10_000
    of_a_session = calibrated(table.scenario, Calibration(scenario="link", results=[delays])).parameters
    assert of_a_session == table.stand.scenario.parameters


def test_pairs_that_are_seen_by_nobody_lock_nothing(table):
    table.bench.knobs["bob.channel.cut"].turn(0.0, True)
    (delays,) = calibrate(table, "pair-delays")
    assert not delays.good
    assert "the clocks were not locked" in delays.verdict
    assert delays.changes == []


@pytest.mark.campaign
def test_the_polarisation_of_pairs_is_aligned(table):
    aligned, check = calibrate(table, "pair-polarisation", "pair-check")
    assert aligned.good, aligned
    assert aligned.figures["qber_key_before"] > 0.2
    assert [change.place for change in aligned.changes] == ["bob.polarisation"]
    assert check.good
    assert max(check.figures["qber_key"], check.figures["qber_test"]) < 0.015
