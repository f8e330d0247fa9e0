"""How the processes of a session begin, or do not."""

import subprocess
import sys
from pathlib import Path

import pytest

import qkdctl.session
from qkdctl.acquisition import Plan, acquire
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import PeerLostError
from qkdctl.keystore.pair import PARTIES
from qkdctl.programs import python

ROOT = Path(__file__).parents[2]


def test_what_lies_in_the_current_directory_is_not_run_in_place_of_what_is_installed(tmp_path):
    """In a checkout lie sources without their kernels; qkdctl runs what pip has installed."""
    for package in ("qkdctl", "postproc", "drivers"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise SystemExit('sources of a checkout')")
    command = python("qkdctl", "--version")
    assert (
        "version" in subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    )
    sources = [path for path in (ROOT / "qkdctl").rglob("*.py") if "sys.executable" in path.read_text()]
    assert sources == [ROOT / "qkdctl" / "programs.py"]


def test_why_a_node_does_not_come_up_is_told(tmp_path, monkeypatch):
    """At once, and in the sentence itself: its directory goes with the session."""
    monkeypatch.setattr(
        qkdctl.session, "python", lambda *_: [sys.executable, "-c", "raise SystemExit('no room')"]
    )
    path = scenario_path("quick").resolve()
    plan = Plan(
        scenario_files=dict.fromkeys(PARTIES, path),
        scenarios=dict.fromkeys(PARTIES, load_scenario(path)),
        stores=tmp_path,
        duration_s=1.0,
    )
    with pytest.raises(PeerLostError, match="Alice's node ended as it began: no room"):
        acquire(plan)
