"""The file of results, and how a session takes it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.calibration.record import (
    AGREED,
    Calibration,
    Change,
    Result,
    calibration_path,
    now,
    read_calibration,
    write_calibration,
)
from qkdctl.calibration.use import apply, calibrated, stale
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import ConfigurationError


def result(step="delays", changes=(), instruments=None, when=None):
    return Result(
        step=step,
        when=when or now(),
        good=True,
        verdict="",
        changes=list(changes),
        instruments=instruments or {},
    )


def calibration(*results):
    return Calibration(scenario="lab", results=list(results))


@pytest.fixture
def demo():
    return load_scenario(scenario_path("demo"))


def test_a_file_is_read_as_it_was_written(tmp_path):
    here = calibration(result(changes=[Change(AGREED, "bob.delay_ps", [0.0] * 4, [1.0, 2.0, 3.0, 4.0])]))
    write_calibration(here, tmp_path / "lab.calibration.json")
    assert read_calibration(tmp_path / "lab.calibration.json") == here
    assert [path.name for path in tmp_path.iterdir()] == ["lab.calibration.json"]


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "null", '{"scenario": 1}', '{"scenario": "a", "more": 1}',
        '{"scenario": "a", "version": 2}', '{"scenario": "a", "format": "qkdctl-session"}',
        '{"scenario": "a", "results": [{"step": "delays", "when": "yesterday", "good": true, "verdict": ""}]}',
        "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_calibration_is_refused_in_a_sentence(tmp_path, text):
    path = tmp_path / "lab.calibration.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="calibrat"):
        read_calibration(path)


@given(st.binary(max_size=300))
def test_no_bytes_are_taken_for_one(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "x"
    path.write_bytes(data)
    with pytest.raises(ConfigurationError):
        read_calibration(path)


def test_results_lie_beside_the_scenario_or_here_for_one_that_comes_along(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert calibration_path(Path("lab/link.toml")) == Path("lab/link.calibration.json")
    assert calibration_path(scenario_path("misaligned")) == tmp_path / "misaligned.calibration.json"


def test_a_step_taken_again_takes_the_place_of_the_old_result():
    old, new = result(when="2026-01-01T00:00:00Z"), result()
    here = calibration(old, result("bias")).with_result(new)
    assert [each.step for each in here.results] == ["bias", "delays"]
    assert here.results[-1].when == new.when


def test_what_is_agreed_is_taken_from_the_calibration(demo):
    changes = [
        Change(AGREED, "bob.delay_ps", [0.0] * 4, [10.0, 20.0, 30.0, 40.0]),
        Change(AGREED, "gate_ps", 12_000.0, 4000.0),
        Change(AGREED, "bob.hold_off_ps", 60_000.0, 70_000.0),
    ]
    found = calibrated(demo, calibration(result(changes=changes))).parameters
    assert [each.delay_ps for each in found.bob.detectors] == [10, 20, 30, 40]
    assert (found.gate_ps, found.bob.hold_off_ps) == (4000, 70_000)
    assert calibrated(demo, None) is demo


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("gate_ps", -5.0, "gate_ps"),
        ("bob.delay_ps", [0.0], "does not fit"),
        ("bob.delay_ps", [1e9] * 4, "delay_ps"),
        ("bob.hold_off_ps", [1.0], "does not fit"),
        ("security.eps_sec", 1.0, "no security.eps_sec"),
        ("alice.delay_ps", [0.0] * 4, "no alice.delay_ps"),
    ],
)
def test_what_a_file_may_not_say_is_refused(demo, name, value, said):
    with pytest.raises(ConfigurationError, match=said):
        calibrated(demo, calibration(result(changes=[Change(AGREED, name, 0.0, value)])))


def test_an_old_result_is_stale():
    moment = datetime(2026, 5, 4, 12, tzinfo=UTC)
    here = calibration(
        result("bias", when="2026-05-03T11:00:00Z"), result("delays", when="2026-05-04T11:00:00Z")
    )
    (alarm,) = stale(here, 24.0, moment)
    assert (alarm.name, alarm.subject) == ("calibration-stale", "calibration of bias")
    assert alarm.figures["age_h"] == 25.0
    assert len(list(stale(here, 24.0, moment + timedelta(days=2)))) == 2


class Standing:
    """An instrument with a setting."""

    threshold_v = 0.0

    def __init__(self, identity):
        self._identity = identity

    def identity(self):
        return self._identity


CHANGE = Change("bob.tagger", "threshold_v", 0.0, 1.25)


def test_a_calibrated_setting_is_set():
    tagger = Standing("TDC1 7")
    here = calibration(result(changes=[CHANGE], instruments={"bob.tagger": "TDC1 7"}))
    assert list(apply("bob", {"tagger": tagger}, here)) == []
    assert tagger.threshold_v == 1.25


def test_an_exchanged_instrument_is_left_alone_and_named():
    tagger = Standing("TDC1 8")
    here = calibration(result(changes=[CHANGE], instruments={"bob.tagger": "TDC1 7"}))
    (alarm,) = apply("bob", {"tagger": tagger}, here)
    assert (alarm.name, alarm.subject) == ("calibration-foreign", "bob.tagger")
    assert tagger.threshold_v == 0.0


def test_the_other_partys_instruments_are_no_concern_of_this_one():
    here = calibration(result(changes=[CHANGE], instruments={"bob.tagger": "TDC1 7"}))
    assert list(apply("alice", {"laser": Standing("CTL200")}, here)) == []


def test_a_setting_that_the_driver_does_not_have_is_refused():
    here = calibration(result(changes=[Change("bob.tagger", "colour", 0.0, 1.0)]))
    with pytest.raises(ConfigurationError, match="colour"):
        list(apply("bob", {"tagger": Standing("TDC1 7")}, here))
