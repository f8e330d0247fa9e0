"""What an optical switch does."""

from __future__ import annotations

import pytest

from drivers.errors import LimitError
from drivers.roles import OpticalSwitch
from tests.drivers.contract.conftest import Subject

ROLE = "switches"


@pytest.fixture
def switch(subject: Subject) -> OpticalSwitch:
    assert isinstance(subject.instrument, OpticalSwitch)
    return subject.instrument


def test_it_goes_where_it_is_told(switch: OpticalSwitch) -> None:
    for output in (2, 1, 2):
        switch.output = output
        assert switch.output == output


def test_a_fibre_that_there_is_not_is_not_sent(switch: OpticalSwitch) -> None:
    for output in (0, 200):
        with pytest.raises(LimitError):
            switch.output = output
