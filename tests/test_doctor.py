"""What the doctor finds: dark counts against expectation, faults in an instrument's own terms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.configuration import Expectation, InstrumentConfig
from qkdctl.darkness import findings, look_into_the_dark
from qkdctl.doctor import Examined, examine
from tests.drivers.stands import RackStand, on_rack

TAGGER = InstrumentConfig(
    driver="s15-tdc1", settings={"threshold_v": 1.0}, expect=Expectation(dark_counts_hz=200.0)
)
DETECTORS = InstrumentConfig(driver="single-quantum-eos", settings={"bias_current_ua": [15.0] * 4})
LASER = InstrumentConfig(
    driver="thorlabs-itc4000", settings={"current_limit_ma": 100.0, "current_ma": 40.0, "cooler_on": True}
)
PARTIES = {"alice": {"laser": LASER}, "bob": {"detectors": DETECTORS, "tagger": TAGGER}}


@pytest.mark.parametrize(
    ("rates", "expected", "words"),
    [
        ((100.0, 120.0), 100.0, []),
        ((50.0, 210.0), 100.0, []),
        ((100.0, 300.0), 100.0, ["input 2 counts 300 a second in the dark, and 100 are expected"]),
        ((0.0, 100.0), 100.0, ["input 1 counts 0 a second in the dark, and 100 are expected"]),
        ((0.0, 3.0), 0.0, ["input 2 counts 3 a second in the dark, and 0 are expected"]),
        ((100.0, 900.0), [100.0, 1000.0], []),
        ((100.0, 900.0), [100.0], ["it has 2 inputs, and 1 dark counts are expected"]),
    ],
)
def test_counts_are_held_against_what_is_expected(
    rates: tuple[float, ...], expected: float | list[float], words: list[str]
) -> None:
    found = findings(rates, expected)
    assert [each.what for each in found if not each.good] == words
    assert all(each.remedy for each in found if not each.good)


def looked(stand: RackStand) -> dict[str, Examined]:
    found = []
    for party, here in stand.parties.items():
        own = [examine(party, role, config, stand.addresses) for role, config in here.items()]
        found += look_into_the_dark(party, here, stand.addresses, own)
    return {each.name: each for each in found}


def wrongs(examined: Examined) -> list[str]:
    return [finding.what for finding in examined.findings if not finding.good]


def test_a_healthy_rack_counts_what_it_should_in_the_dark() -> None:
    with on_rack(PARTIES) as stand:
        found = looked(stand)
        assert "a second in the dark, as expected" in found["bob.tagger"].findings[-1].what
        assert wrongs(found["bob.tagger"]) == wrongs(found["alice.laser"]) == []
        assert {each.emulated for each in found.values()} == {"yes"}


def test_what_is_wrong_is_told_of_the_right_instrument() -> None:
    with on_rack(PARTIES) as stand:
        stand.fault("alice.laser", "interlock_open", True)
        stand.fault("bob.tagger", "reference_lost", True)
        found = looked(stand)
        assert "its interlock is open" in wrongs(found["alice.laser"])
        assert "there is no external 10 MHz reference" in wrongs(found["bob.tagger"])


def test_a_detector_that_hardly_has_a_bias_is_too_dark() -> None:
    starved = replace(DETECTORS, settings={"bias_current_ua": [15.0, 5.0, 15.0, 15.0]})
    with on_rack({"bob": {"detectors": starved, "tagger": TAGGER}}) as stand:
        (what,) = wrongs(looked(stand)["bob.tagger"])
    assert what.startswith("input 2 counts ")


def test_an_instrument_that_cannot_be_reached_is_one_sentence() -> None:
    gone = InstrumentConfig(driver="hp-8156a", address="tcp://127.0.0.1:1")
    examined = examine("alice", "attenuator", gone, {})
    assert not examined.well
    assert examined.identity == ""
    assert examined.findings[0].what.startswith("alice.attenuator: ")


def test_a_tagger_without_detectors_or_one_that_is_gone_is_not_counted() -> None:
    config = InstrumentConfig(driver="s15-tdc1", address="serial:///dev/nowhere", expect=TAGGER.expect)
    examined = examine("bob", "tagger", config, {})
    assert look_into_the_dark("bob", {"tagger": config}, {}, [examined]) == [examined]
