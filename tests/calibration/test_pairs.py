"""The steps of a link of photon pairs, on a bench whose truth is known."""

import numpy as np
import pytest

from qkdctl.calibration.record import Calibration
from qkdctl.calibration.run import chosen, take
from qkdctl.calibration.use import calibrated
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from tests.calibration.conftest import Table

TURNED = """[instruments.bob.polarisation]
driver = "oz-epc"
address = "rack"
settings = { voltages_mv = [2000, -1500, 1200, -3000] }

[instruments.bob.detectors]"""
CHANGED = {
    "max_offset_s = 2.0": "max_offset_s = 0.5",
    "preamble_s = 0.25": "preamble_s = 0.1",
    "window_ps = 6000": "window_ps = 20_000",
    "[instruments.bob.detectors]": TURNED,
}
TRUE_PS = {"alice": [400, 1100, 0, 1900], "bob": [900, 0, 1200, 2000]}


@pytest.fixture
def table(tmp_path):
    """The packaged link of pairs with a wide window, and a controller that stands anyhow."""
    text = scenario_path("pairs").read_text()
    for old, new in CHANGED.items():
        assert text.count(old) == 1, old
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
    for party, true_ps in TRUE_PS.items():
        # A tagger has ticks of 2 ns, which arrivals fill unevenly.
        assert np.allclose(found[f"{party}.delay_ps"], true_ps, atol=400), (party, found)
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
