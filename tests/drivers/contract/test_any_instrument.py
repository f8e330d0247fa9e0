"""What every instrument does, whatever it is for."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from drivers.errors import InstrumentError, LimitError, NoAnswer, NotTaken, UnknownName
from drivers.identity import is_emulated
from drivers.parameters import Parameter, parameters_of
from drivers.registry import check_settings
from drivers.roles import Instrument
from tests.drivers.contract.conftest import Subject

ROLE = "*"

#: These say nothing about themselves that a real one does not, on a line that leaves the process.
ANONYMOUS = ("device-random", "oz-epc", "thorlabs-mpc320", "thorlabs-osw", "agiltron-ff")


def writable(subject: Subject) -> list[Parameter[Any]]:
    return [each for each in parameters_of(type(subject.instrument)) if each.writable]


def test_it_is_an_instrument(subject: Subject) -> None:
    assert isinstance(subject.instrument, Instrument)


def test_it_tells_who_it_is(subject: Subject) -> None:
    identity = subject.instrument.identity()
    assert identity.model
    assert subject.instrument.identity() is identity


def test_an_emulated_one_says_so(subject: Subject, request: pytest.FixtureRequest) -> None:
    if subject.stand is None:
        assert is_emulated(subject.instrument.identity()) != "yes"
    elif not any(driver in request.node.name for driver in ANONYMOUS):
        assert is_emulated(subject.instrument.identity()) == "yes"


def test_a_self_test_finds_and_a_fault_has_a_remedy(subject: Subject) -> None:
    findings = subject.instrument.self_test()
    assert findings
    assert all(each.what for each in findings)
    assert all(each.remedy for each in findings if not each.good)


def test_what_it_can_tell_is_of_the_declared_kind(subject: Subject) -> None:
    for parameter in parameters_of(type(subject.instrument)):
        if parameter.readable:
            value = getattr(subject.instrument, parameter.name)
            each = value if parameter.kind is tuple else (value,)
            one = float if parameter.kind is tuple else parameter.kind
            assert all(isinstance(number, one) for number in each), parameter.name


def test_what_it_is_set_to_already_it_takes(subject: Subject) -> None:
    for parameter in writable(subject):
        value = getattr(subject.instrument, parameter.name)
        setattr(subject.instrument, parameter.name, value)


def test_what_is_beyond_its_range_is_refused_before_it_is_sent(subject: Subject) -> None:
    for parameter in writable(subject):
        if parameter.high is None:
            continue
        value = (parameter.high + 1,) if parameter.kind is tuple else parameter.high + 1
        with pytest.raises(
            LimitError, match=f"^{subject.name}: {parameter.name} must be .* nothing was sent"
        ):
            setattr(subject.instrument, parameter.name, value)


def test_at_the_ends_of_its_range_it_takes_a_value_or_says_no(subject: Subject) -> None:
    if subject.stand is None:
        pytest.skip("real instruments are not driven to their limits")
    for parameter in writable(subject):
        for value in ends(parameter, subject):
            with suppress(InstrumentError, NotTaken):
                setattr(subject.instrument, parameter.name, value)
                assert getattr(subject.instrument, parameter.name) == pytest.approx(
                    value, abs=parameter.tolerance
                )


def ends(parameter: Parameter[Any], subject: Subject) -> list[Any]:
    if parameter.kind is bool:
        return [True, False]
    if parameter.kind is str:
        return list(parameter.choices)
    numbers = [each for each in (parameter.low, parameter.high) if each is not None]
    if parameter.kind is tuple:
        length = len(getattr(subject.instrument, parameter.name))
        return [(each,) * length for each in numbers]
    return numbers


def test_settings_that_it_does_not_have_are_refused_by_name(request: pytest.FixtureRequest) -> None:
    with pytest.raises(UnknownName, match="has no setting 'colour'; it has: "):
        check_settings("bench.thing", "hp-8156a", {"colour": 1})


def test_closing_twice_does_no_harm(subject: Subject) -> None:
    subject.instrument.close()
    subject.instrument.close()


def test_after_it_was_closed_another_can_have_it(subject: Subject) -> None:
    if subject.stand is None:
        pytest.skip("its address is not known here")
    subject.instrument.close()
    with subject.stand.open(subject.name) as again:
        assert again.identity() == subject.instrument.identity()


def test_one_that_falls_silent_is_told_in_one_sentence(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    if subject.stand is None:
        pytest.skip("real instruments are not silenced")
    monkeypatch.setattr(type(subject.instrument), "TIMEOUT_S", 0.2, raising=False)
    monkeypatch.setattr("drivers.random_sources.device.TIMEOUT_S", 0.2)
    subject.stand.fault(subject.name, "mute", True)
    with pytest.raises(NoAnswer) as caught:
        look_often(subject.instrument)
    subject.stand.fault(subject.name, "mute", False)
    assert str(caught.value).startswith(f"{subject.name}: ")
    assert "\n" not in str(caught.value)


def look_often(instrument: Instrument) -> None:
    """As often as it takes to use up what is still on its way."""
    for _ in range(200):
        instrument.self_test()
