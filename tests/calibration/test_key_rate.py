"""Whether a calibration is worth it: the key of a misaligned link, calibrated, beside that of one never misaligned.

Everything goes through the drivers, in bench time, so that the figures do not depend on how busy the machine is.
"""

from pathlib import Path

import pytest

from drivers.errors import NoAnswer
from postproc.parameters.session import DecoyBb84
from postproc.timetags.header import StateHeader, TagHeader
from postproc.timetags.writing import write_recording
from qkdctl.calibration.run import chosen, take
from qkdctl.config.load import load_scenario
from qkdctl.keystore.pair import both_stores, share_key
from qkdctl.node.light import pattern
from qkdctl.process import process
from tests.calibration.conftest import Table

BLOCK_SLOTS = 40_000_000
ALIGNED = {
    "fibre_turn_deg = [70.0, -50.0, 130.0]\n": "",
    "[8.0, 8.5, 9.0, 8.0]": "[15.0, 15.0, 15.0, 15.0]",
    "threshold_v = 1.95": "threshold_v = 1.0",
    "attenuation_db = 44.0": "attenuation_db = 40.0",
    "current_ma = 36.0": "current_ma = 40.0",
    "estimate_delays = false": "estimate_delays = true",
    "hold_off_ps = 20_000": "hold_off_ps = 60_000",
}


@pytest.fixture
def link(misaligned, tmp_path):
    """The scenario with a shorter block, and whatever is replaced in it."""

    def make(name, changes):
        text = misaligned.read_text()
        for old, new in {"100_000_000": str(BLOCK_SLOTS), **changes}.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / f"{name}.toml"
        path.write_text(text)
        return Table(load_scenario(path), seed=4)

    return make


def record(table, folder: Path):
    """Let the link run for a block, a preamble and what is needed on either side, through its drivers."""
    stand = table.stand
    transmitter, tagger = stand.need("alice.transmitter", object), stand.need("bob.tagger", object)
    parameters = stand.scenario.parameters
    stand.need("bob.detectors", object).enabled = True
    light = stand.light()
    light.stop()
    light.shine()
    tagger.start()
    transmitter.configure(pattern(parameters))
    transmitter.start()
    need = BLOCK_SLOTS + round(2.5 * parameters.clock.preamble_s * parameters.slot_hz)
    states, tags = [], []
    while not states or states[-1].first_slot + len(states[-1]) < need:
        tags.append(tagger.read(5.0))
        try:
            while True:
                states.append(transmitter.read(0.0))
        except NoAnswer:
            pass
    stop_ps = tags[-1].stop_ps + 10**12
    while tags[-1].stop_ps < stop_ps:
        tags.append(tagger.read(5.0))
    tagger.stop()
    light.stop()
    files = {"alice": folder / "states.h5", "bob": folder / "tags.h5"}
    write_recording(files["alice"], states, StateHeader(slot_period_ps=1e12 / parameters.slot_hz))
    write_recording(files["bob"], tags, TagHeader(resolution_ps=2000.0))
    return files


def key_bits(table, folder: Path):
    """Make key of what the link gives; give its bits."""
    folder.mkdir()
    files, scenario = record(table, folder), table.stand.scenario
    assert isinstance(scenario.parameters, DecoyBb84)
    with both_stores(folder / "keys") as stores:
        share_key(stores, None, 64)
        run = process(files, dict.fromkeys(("alice", "bob"), scenario), stores)
        return sum(key.secret_bits for key in run.keys("bob"))


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_a_calibrated_link_gives_the_key_of_one_that_was_never_misaligned(link, tmp_path):
    never = link("aligned", ALIGNED)
    aligned = key_bits(never, tmp_path / "aligned")
    table = link("link", {})
    assert key_bits(table, tmp_path / "before") == 0
    results = list(take(table.stand, chosen(table.scenario, ()), print))
    assert all(result.good for result in results), results
    calibrated = key_bits(table, tmp_path / "after")
    print(f"{calibrated} bits calibrated, {aligned} aligned: {calibrated / aligned - 1:+.2%}")
    changed = {change.name for result in results for change in result.changes}
    assert changed == {
        "threshold_v", "bias_current_ua", "attenuation_db", "bob.hold_off_ps", "bob.delay_ps", "gate_ps", "positions",
    }  # fmt: skip
    assert calibrated > 0.9 * aligned
    never.stand.close()
    table.stand.close()
