"""Campaigns: sharded, resumable, seeded; and rounds of each kind, chosen with ``-m campaign``."""

import os
from pathlib import Path

import pytest

import qkdctl.faults.campaign
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import RecordingError
from qkdctl.faults.campaign import Campaign
from qkdctl.faults.kinds import KINDS, ORDER, kind_of
from qkdctl.faults.rounds import Result, run_round

STATE = os.environ.get("QKDCTL_CAMPAIGN")
"""A file of rounds that are done and need not be run again, as ``qkdctl faults`` writes it."""


@pytest.fixture
def ran(monkeypatch):
    """Rounds that are only noted down."""
    numbers = []

    def run(number, seed, scenario, stop):
        numbers.append(number)
        return Result(number, seed, kind_of(number), 1.0, {"alice.channel": 10}, {}, 5, 3, [], [])

    monkeypatch.setattr(qkdctl.faults.campaign, "run_round", run)
    return numbers


def go(tmp_path, **plan):
    Campaign(Path("x.toml"), tmp_path / "state", **plan).run(lambda result: None)


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


def test_all_kinds_have_their_turn():
    assert set(ORDER) == set(KINDS)


@pytest.mark.campaign
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(8))
def test_no_key_is_lost(number, tmp_path):
    scenario = scenario_path("quick").resolve()
    plan = Campaign(scenario, Path(STATE) if STATE else tmp_path / "state", rounds=8)
    (result,) = [r for r in plan.results() if r.number == number] or [run_round(number, plan.seed, scenario)]
    assert result.complaints == []
    if result.kind in ("kill", "lossy"):
        assert result.keys > 0
