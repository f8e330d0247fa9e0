"""What the drivers say of themselves, as people see it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from drivers.catalogue import catalogue, describe
from drivers.registry import DRIVERS
from qkdctl.cli.instruments import instruments


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_says_what_it_is_for_and_where_its_facts_come_from(driver: str) -> None:
    entry = describe(driver)
    assert entry.what
    if entry.kind != "random source" and driver not in ("qkdctl-transmitter", "replay"):
        assert entry.source
        assert entry.unverified


def test_the_list_has_them_all() -> None:
    assert {entry.driver for entry in catalogue()} == set(DRIVERS)


def test_the_command_lists_tells_of_one_and_speaks_json() -> None:
    runner = CliRunner()
    listed = runner.invoke(instruments, [])
    assert listed.exit_code == 0
    assert "idq-id900" in listed.output
    one = runner.invoke(instruments, ["idq-id900"])
    assert "stream4" in one.output
    assert "threshold_v" in one.output
    told = json.loads(runner.invoke(instruments, ["--json"]).output)
    assert len(told["instruments"]) == len(DRIVERS)
    wrong = runner.invoke(instruments, ["idq-id901"])
    assert wrong.exit_code == 2
    assert "there is no driver 'idq-id901'" in wrong.output
