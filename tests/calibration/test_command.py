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


@pytest.fixture
def lab(tmp_path):
    """Type a command in a directory of its own."""

    def run(*arguments, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "qkdctl", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=290,
            check=False,
        )
        assert done.returncode == code or (code is None and done.returncode), done.stderr
        return done

    run.folder = tmp_path
    return run


def test_a_dry_run_lists_the_steps_and_does_nothing(lab):
    done = lab("calibrate", "misaligned", "--dry-run")
    assert [line.partition(":")[0] for line in done.stdout.splitlines()[:-1]] == [
        "bob-threshold", "bob-bias", "mean-photon-number", "bob-dead-time", "delays", "polarisation", "check",
    ]  # fmt: skip
    assert list(lab.folder.iterdir()) == []


def test_a_link_of_pairs_has_fewer_steps(lab):
    done = lab("calibrate", "pairs", "--dry-run")
    assert "alice-bias" in done.stdout
    assert "polarisation" not in done.stdout


def test_a_step_that_is_misspelt_is_suggested(lab):
    done = lab("calibrate", "misaligned", "--only", "polarization", code=2)
    assert "did you mean polarisation?" in done.stderr


def test_a_step_without_its_instruments_is_refused(lab):
    done = lab("calibrate", "demo", "--only", "polarisation", "--dry-run", code=3)
    assert "lacks the instruments for polarisation" in done.stderr


def test_undoing_takes_a_step_out_of_the_file(lab):
    file = lab.folder / "misaligned.calibration.json"
    gate = Result(
        step="delays", when=now(), good=True, verdict="", changes=[Change(AGREED, "gate_ps", 12e3, 4e3)]
    )
    other = Result(step="check", when=now(), good=True, verdict="")
    write_calibration(Calibration(scenario="misaligned", results=[gate, other]), file)
    plan = json.loads(lab("run", "misaligned", "--dry-run", "--json").stdout)
    assert plan["calibrations"] == [str(file)]
    assert (
        json.loads(lab("run", "misaligned", "--dry-run", "--json", "--no-calibration").stdout)["calibrations"]
        == []
    )
    assert "would be undone: delays" in lab("calibrate", "misaligned", "--undo", "delays", "--dry-run").stdout
    assert "undone: delays" in lab("calibrate", "misaligned", "--undo", "delays").stdout
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


@pytest.mark.campaign
def test_a_rack_is_calibrated_by_its_addresses(lab, misaligned):
    scenario = load_scenario(misaligned)
    with make_rack(scenario, seed=2, speed=0.1) as rack:
        addresses = lab.folder / "rack.json"
        write_addresses(addresses, rack.control_address, rack.addresses)
        steps = [
            word for name in ("bob-threshold", "bob-bias", "mean-photon-number") for word in ("--only", name)
        ]
        options = ("--addresses", str(addresses), "--bench-speed", "0.1", "--output", "found.json", "--json")
        done = lab("calibrate", str(misaligned), *steps, *options)
        assert all(result["good"] for result in json.loads(done.stdout)["results"])
        lab("calibrate", str(misaligned), "--only", "delays", *options)
        lab("calibrate", str(misaligned), "--only", "polarisation", *options)
        assert mean_error(0.01, rack.shelf.bench._turn(10**9)) < 0.0125
        lab("calibrate", str(misaligned), "--undo", "polarisation", *options[:2], *options[4:6])
        assert mean_error(0.01, rack.shelf.bench._turn(10**9)) > 0.3
