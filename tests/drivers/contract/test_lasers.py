"""What a laser does."""

from __future__ import annotations

import pytest

from drivers.roles import Laser, LightSource, TunableLaser
from tests.drivers.contract.conftest import Subject

ROLE = "lasers"


@pytest.fixture
def laser(subject: Subject) -> LightSource:
    """Set so that it gives little light."""
    if not subject.may_emit:
        pytest.skip("it may not emit: its table in the laboratory's file does not say may_emit = true")
    assert isinstance(subject.instrument, LightSource)
    assert isinstance(subject.instrument, Laser | TunableLaser)
    if isinstance(subject.instrument, Laser):
        subject.instrument.current_ma = 5.0
    return subject.instrument


def test_it_takes_a_current_or_a_power(laser: LightSource) -> None:
    name = "current_ma" if isinstance(laser, Laser) else "power_mw"
    for value in (5.0, 0.5, 12.5):
        setattr(laser, name, value)
        assert getattr(laser, name) == pytest.approx(value, abs=0.2)


def test_it_goes_on_and_off(laser: LightSource) -> None:
    for wanted in (True, False, True):
        laser.emitting = wanted
        assert laser.emitting is wanted


def test_it_is_left_dark(laser: LightSource) -> None:
    laser.emitting = True
    laser.make_safe()
    assert laser.emitting is False


def test_it_is_dark_after_it_was_closed(laser: LightSource, subject: Subject) -> None:
    if subject.stand is None:
        pytest.skip("its address is not known here")
    laser.emitting = True
    laser.close()
    with subject.stand.open(subject.name) as again:
        assert isinstance(again, LightSource)
        assert again.emitting is False
