"""``qkdctl calibrate`` as people type it; and whether it is worth it."""

import json
import subprocess
import sys

import pytest

from drivers.emulation.bench.polarisation import mean_error
from qkdctl.calibration.page import calibration_page
from qkdctl.calibration.record import (
    AGREED,
    Calibration,
    Change,
    Picture,
    Result,
    now,
    read_calibration,
    write_calibration,
)
from qkdctl.config.load import load_scenario
from qkdctl.node.addresses import write_addresses
from qkdctl.rack import make_rack
from tests.cli.conftest import qkdctl  # noqa: F401


@pytest.fixture
def lab(qkdctl, tmp_path):  # noqa: F811
    """Type a command in a directory of its own."""

    def run(*arguments, code=0):
        done = qkdctl(*arguments)
        assert done.code == code, done.err
        return done

    run.folder = tmp_path
    return run


def test_a_dry_run_lists_the_steps_and_does_nothing(lab):
    done = lab("calibrate", "misaligned", "--dry-run")
    assert [line.partition(":")[0] for line in done.out.splitlines()[:-1]] == [
        "bob-threshold", "bob-bias", "mean-photon-number", "bob-dead-time", "delays", "polarisation", "check",
    ]  # fmt: skip
    assert list(lab.folder.iterdir()) == []


def test_a_link_of_pairs_has_steps_of_its_own(lab):
    done = lab("calibrate", "misaligned-pairs", "--dry-run")
    assert [line.partition(":")[0] for line in done.out.splitlines()[:-1]] == [
        "alice-threshold", "bob-threshold", "alice-bias", "bob-bias", "alice-dead-time", "bob-dead-time", "pair-delays",
        "pair-polarisation", "pair-check",
    ]  # fmt: skip
    assert "polarisation" not in lab("calibrate", "pairs", "--dry-run").out


def test_figures_stand_alone_on_stdout(lab):
    done = lab("calibrate", "quick", "--only", "bob-threshold", "--json")
    (result,) = done.json["results"]
    assert result["good"]
    assert "bob-threshold: set the threshold" in done.err


def test_a_step_that_is_misspelt_is_suggested(lab):
    done = lab("calibrate", "misaligned", "--only", "polarization", code=2)
    assert "did you mean polarisation?" in done.err


def test_a_step_without_its_instruments_is_refused(lab):
    done = lab("calibrate", "demo", "--only", "polarisation", "--dry-run", code=3)
    assert "lacks the instruments for polarisation" in done.err


def test_undoing_takes_a_step_out_of_the_file(lab):
    file = lab.folder / "misaligned.calibration.json"
    gate = Result(
        step="delays", when=now(), good=True, verdict="", changes=[Change(AGREED, "gate_ps", 12e3, 4e3)]
    )
    other = Result(step="check", when=now(), good=True, verdict="")
    write_calibration(Calibration(scenario="misaligned", results=[gate, other]), file)
    plan = ("run", "misaligned", "--dry-run", "--json")
    assert lab(*plan).json["calibrations"] == [str(file)]
    assert lab(*plan, "--no-calibration").json["calibrations"] == []
    assert "would be undone: delays" in lab("calibrate", "misaligned", "--undo", "delays", "--dry-run").out
    assert "undone: delays" in lab("calibrate", "misaligned", "--undo", "delays").out
    assert [each.step for each in read_calibration(file).results] == ["check"]
    lab("calibrate", "misaligned", "--undo", "delays", code=2)
    lab("calibrate", "misaligned", "--undo", "all")
    assert read_calibration(file).results == []


def test_the_page_shows_every_plot_and_escapes_what_it_is_given():
    picture = Picture("<b>", "V", "Hz", [0.0, 1.0], {"<i>": [1.0, None]}, 0.5)
    change = Change("bob.tagger", "threshold_v", 1.0, [1.5, 2.0])
    here = Result(
        step="x", when=now(), good=False, verdict="<script>", advice="mend", changes=[change], pictures=[picture],
        figures={"a_v": 1.0}, instruments={"bob.tagger": "TDC1"},
    )  # fmt: skip
    page = calibration_page("lab", [here])
    assert "<script>" not in page
    assert page.count("<svg") == 1
    assert 'class="limit"' in page
    assert "1.5, 2" in page
    assert "Not everything could be calibrated" in page


def beside(folder, *arguments):
    """Type a command in a process of its own: this one has a rack to keep going."""
    words = [sys.executable, "-m", "qkdctl", *map(str, arguments)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=2000, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_a_rack_is_calibrated_by_its_addresses(misaligned, tmp_path):
    scenario = load_scenario(misaligned)
    with make_rack(scenario, seed=2, speed=0.1) as rack:
        write_addresses(tmp_path / "rack.json", rack.control_address, rack.addresses)
        there = ("--addresses", "rack.json", "--output", "found.json")
        options = (*there, "--bench-speed", "0.1", "--json")
        names = ("bob-threshold", "bob-bias", "mean-photon-number", "delays")
        steps = [word for name in names for word in ("--only", name)]
        found = json.loads(beside(tmp_path, "calibrate", misaligned, *steps, *options))
        assert all(result["good"] for result in found["results"])
        beside(tmp_path, "calibrate", misaligned, "--only", "polarisation", *options)
        assert mean_error(0.01, rack.shelf.bench._turn(10**9)) < 0.0125
        beside(tmp_path, "calibrate", misaligned, "--undo", "polarisation", *there)
        assert mean_error(0.01, rack.shelf.bench._turn(10**9)) > 0.3
