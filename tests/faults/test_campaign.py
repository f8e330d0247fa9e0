"""Campaigns: sharded, resumable, seeded; and rounds of each kind, chosen with ``-m campaign``."""

import json
import os
from pathlib import Path

import pytest

import qkdctl.faults.apart
import qkdctl.faults.campaign
import qkdctl.faults.rounds
from qkdctl.cli import main
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import PeerLostError, RecordingError
from qkdctl.faults.campaign import Campaign
from qkdctl.faults.kinds import KINDS, ORDER, kind_of
from qkdctl.faults.result import Result
from qkdctl.faults.rounds import run_round

STATE = os.environ.get("QKDCTL_CAMPAIGN")
"""A file of rounds that are done and need not be run again, as ``qkdctl faults`` writes it."""


@pytest.fixture
def ran(monkeypatch):
    """Rounds that are only noted down."""
    return noting(monkeypatch)


def noting(monkeypatch, keys=3, failures=(), complaints=(), **more):
    numbers = []

    def run(number, seed, scenario, stop):
        numbers.append(number)
        kind, kills = kind_of(number), {"alice.channel": 10}
        return Result(number, seed, kind, 1.0, kills, {}, 5, keys, [*failures], [*complaints], **more)

    monkeypatch.setattr(qkdctl.faults.campaign, "run_round", run)
    return numbers


def go(tmp_path, scenario="x", **plan):
    file = tmp_path / "x.toml"
    file.write_text(scenario)
    Campaign(file, tmp_path / "state", **plan).run(lambda result: None)


def ended(tmp_path, *options):
    with pytest.raises(SystemExit) as done:
        main(["faults", "--state", str(tmp_path / "state"), "--json", *options])
    return done.value.code


def test_rounds_that_are_done_are_not_run_again(tmp_path, ran):
    go(tmp_path, rounds=3)
    go(tmp_path, rounds=5)
    assert ran == [0, 1, 2, 3, 4]


def test_shards_share_the_rounds(tmp_path, ran):
    for shard in (0, 1):
        go(tmp_path, rounds=7, shard=shard, shards=2)
    assert ran == [0, 2, 4, 6, 1, 3, 5]


def test_enough_kills_are_enough(tmp_path, ran):
    go(tmp_path, rounds=100, kills=35)
    assert len(ran) == 4


def test_another_seed_needs_another_file(tmp_path, ran):
    go(tmp_path, rounds=1)
    with pytest.raises(RecordingError, match="with seed 1, expected 2"):
        go(tmp_path, rounds=1, seed=2)


def test_another_scenario_needs_another_file(tmp_path, ran, monkeypatch):
    go(tmp_path, rounds=1)
    with pytest.raises(RecordingError, match=r"with scenario .* expected .* name another file"):
        go(tmp_path, "y", rounds=2)
    monkeypatch.setattr(qkdctl.faults.campaign, "__version__", "0.0.1")
    with pytest.raises(RecordingError, match=r"with version .* expected 0\.0\.1"):
        go(tmp_path, rounds=2)
    assert ran == [0]


@pytest.mark.parametrize(
    ("kind", "what", "code"),
    [
        ("kill", {}, 0),
        ("kill", {"keys": 0}, 1),
        ("lossy", {"keys": 0}, 1),
        ("full", {"keys": 0}, 1),
        ("liar", {"keys": 0}, 0),
        ("kill", {"failures": ["Bob: no clock"]}, 1),
        ("full", {"failures": ["Bob: no clock"]}, 1),
        ("everything", {"failures": ["Bob: a frame was tampered with"]}, 0),
        ("everything", {"complaints": ["key x is at Alice only"]}, 1),
    ],
)
def test_where_nothing_works_there_is_something_to_complain_of(tmp_path, monkeypatch, kind, what, code):
    noting(monkeypatch, **what)
    assert ended(tmp_path, "--shard", f"{ORDER.index(kind)}/{len(ORDER)}") == code


def test_a_round_that_showed_nothing_is_run_again(tmp_path, monkeypatch):
    assert noting(monkeypatch, skipped="Alice's node did not come up") == []
    assert ended(tmp_path, "--rounds", "2") == 1
    again = noting(monkeypatch)
    assert ended(tmp_path, "--rounds", "3") == 0
    assert again == [0, 1, 2]


def test_a_node_that_did_not_come_up_in_time_shows_nothing(tmp_path, monkeypatch):
    def late(*arguments, **options):
        raise PeerLostError("Alice's node did not come up")

    monkeypatch.setattr(qkdctl.faults.rounds, "acquire", late)
    result = run_round(0, 1, scenario_path("quick").resolve())
    assert (result.skipped, result.wrong) == ("Alice's node did not come up", [])


def test_a_round_that_cannot_be_run_says_why(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(qkdctl.faults.apart, "WAYS", (["false"], ["no-such-program"]))
    state, number = tmp_path / "state", ORDER.index("full")
    with pytest.raises(SystemExit) as done:
        main(["faults", "--shard", f"{number}/{len(ORDER)}", "--state", str(state), "--json"])
    said = capsys.readouterr()
    assert done.value.code == 1
    assert "was skipped: no disk can be mounted here: false ended with code 1" in " ".join(said.err.split())
    row = json.loads(said.out)["kinds"]["full"]
    assert (row["rounds"], row["skipped"], row["fills"], row["minutes"]) == (1, 1, 0, 0)


def test_all_kinds_have_their_turn():
    assert set(ORDER) == set(KINDS)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", range(len(ORDER)))
def test_no_key_is_lost(number, tmp_path):
    scenario = scenario_path("quick").resolve()
    plan = Campaign(scenario, Path(STATE) if STATE else tmp_path / "state", rounds=len(ORDER))
    (result,) = [r for r in plan.results() if r.number == number] or [run_round(number, plan.seed, scenario)]
    if result.skipped:
        pytest.skip(result.skipped)
    assert result.wrong == []
    if result.kind == "full":
        assert result.fills
