"""Whether a calibration of photon pairs is worth it: the misaligned link, calibrated, beside one never misaligned.

The length of a key is agreed beforehand, so it is agreed for nearly all that the link gives that was never misaligned:
a calibrated one that gives a tenth less, or errs more, makes no key at all.
"""

from dataclasses import replace

import pytest

from postproc.timetags.header import TagHeader
from postproc.timetags.writing import write_recording
from qkdctl.calibration.run import chosen, take
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.keystore.pair import PARTIES, both_stores, share_key
from qkdctl.process import process
from tests.calibration.conftest import Table

ALIGNED = {
    "fibre_turn_deg = [-40.0, 75.0, 20.0]\n": "",
    "[8.0, 8.5, 9.0, 8.0]": "[15.0, 15.0, 15.0, 15.0]",
    "[8.5, 8.0, 8.0, 9.0]": "[15.0, 15.0, 15.0, 15.0]",
    "threshold_v = 1.95": "threshold_v = 1.0",
    "hold_off_ps = 20_000 ": "hold_off_ps = 60_000 ",
    "estimate_delays = false": "estimate_delays = true",
}
RECORD_PS = 5 * 10**12
NEARLY_ALL = 0.92
"""Over six standard deviations of the test basis's counts from everything."""

KEY_SHARE, TEST_SHARE = 0.7**2, 0.3**2
"""Of the coincidences: both parties have to choose the basis."""


@pytest.fixture
def link(tmp_path):
    tables = []

    def make(name, changes):
        text = scenario_path("misaligned-pairs").read_text()
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        path = tmp_path / f"{name}.toml"
        path.write_text(text)
        tables.append(Table(load_scenario(path), seed=4))
        return tables[-1]

    yield make
    for table in tables:
        table.stand.close()


def record(table, folder):
    """Let both taggers run for a block, a preamble and what is needed on either side."""
    stand = table.stand
    taggers = {party: stand.need(f"{party}.tagger", object) for party in PARTIES}
    for party in PARTIES:
        stand.need(f"{party}.detectors", object).enabled = True
    light = stand.light()
    light.shine()
    for tagger in taggers.values():
        tagger.start()
    tags = {party: [tagger.read(5.0)] for party, tagger in taggers.items()}
    while min(read[-1].stop_ps for read in tags.values()) < RECORD_PS:
        for party, tagger in taggers.items():
            tags[party].append(tagger.read(5.0))
    for tagger in taggers.values():
        tagger.stop()
    light.stop()
    folder.mkdir()
    files = {party: folder / f"{party}.h5" for party in PARTIES}
    for party, path in files.items():
        write_recording(path, tags[party], TagHeader(resolution_ps=2000.0))
    return files


def ends(scenario, files, folder):
    """What comes of the blocks at Alice's."""
    with both_stores(folder) as stores:
        share_key(stores, None, 64)
        return process(files, dict.fromkeys(PARTIES, scenario), stores).results["alice"]


def key_bits(scenario, files, folder):
    return sum(getattr(result, "secret_bits", 0) for result in ends(scenario, files, folder))


def agreed(scenario, coincidences):
    """The scenario with a length agreed for so many coincidences in a block."""
    security = scenario.parameters.security
    key_bits, test_bits = (round(NEARLY_ALL * share * coincidences) for share in (KEY_SHARE, TEST_SHARE))
    thresholds = replace(
        security.thresholds, key_bits=key_bits, test_bits=test_bits, leak_max_bits=round(0.16 * key_bits)
    )
    parameters = replace(scenario.parameters, security=replace(security, thresholds=thresholds))
    return replace(scenario, parameters=parameters)


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_calibrated_pairs_give_the_key_of_those_that_were_never_misaligned(link, tmp_path):
    never, table = link("aligned", ALIGNED), link("link", {})
    aligned = record(never, tmp_path / "aligned")
    coincidences = max(
        result.record.figures.get("coincidences", 0)
        for result in ends(never.scenario, aligned, tmp_path / "look")
        if hasattr(result, "record")
    )
    best = key_bits(agreed(never.scenario, coincidences), aligned, tmp_path / "best")
    assert best > 0
    before = record(table, tmp_path / "before")
    assert key_bits(agreed(table.scenario, coincidences), before, tmp_path / "none") == 0
    results = list(take(table.stand, chosen(table.scenario, ()), print))
    assert all(result.good for result in results), results
    after = record(table, tmp_path / "after")
    found = key_bits(agreed(table.stand.scenario, coincidences), after, tmp_path / "found")
    print(f"{found} bits calibrated, {best} aligned, for {coincidences} coincidences")
    changed = {(change.place, change.name) for result in results for change in result.changes}
    assert changed == {
        ("alice.tagger", "threshold_v"), ("bob.tagger", "threshold_v"), ("alice.detectors", "bias_current_ua"),
        ("bob.detectors", "bias_current_ua"), ("agreed", "alice.hold_off_ps"), ("agreed", "bob.hold_off_ps"),
        ("agreed", "alice.delay_ps"), ("agreed", "bob.delay_ps"), ("agreed", "window_ps"),
        ("bob.polarisation", "positions"),
    }  # fmt: skip
    assert found > 0.9 * best
