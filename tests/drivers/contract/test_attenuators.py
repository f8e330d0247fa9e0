"""What an attenuator does."""

from __future__ import annotations

import pytest

from drivers.roles import Attenuator
from tests.drivers.contract.conftest import Subject

ROLE = "attenuators"


@pytest.fixture
def attenuator(subject: Subject) -> Attenuator:
    assert isinstance(subject.instrument, Attenuator)
    return subject.instrument


@pytest.mark.parametrize("attenuation_db", [0.5, 12.25, 40.0, 3.0])
def test_it_attenuates_as_it_is_told(attenuator: Attenuator, attenuation_db: float) -> None:
    attenuator.attenuation_db = attenuation_db
    assert attenuator.attenuation_db == pytest.approx(attenuation_db, abs=0.1)


def test_its_shutter_opens_and_closes(attenuator: Attenuator) -> None:
    for wanted in (True, False, True):
        attenuator.shutter_open = wanted
        assert attenuator.shutter_open is wanted


def test_it_is_left_closed(attenuator: Attenuator) -> None:
    attenuator.shutter_open = True
    attenuator.make_safe()
    assert attenuator.shutter_open is False
