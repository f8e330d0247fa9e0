"""What a polarisation controller does."""

from __future__ import annotations

import pytest

from drivers.errors import LimitError
from drivers.roles import PolarisationController
from tests.drivers.contract.conftest import Subject

ROLE = "polarisation"


@pytest.fixture
def controller(subject: Subject) -> PolarisationController:
    assert isinstance(subject.instrument, PolarisationController)
    return subject.instrument


def test_its_stages_go_where_they_are_told(controller: PolarisationController) -> None:
    for value in (0.25, 0.5, 0.75):
        wanted = tuple(value + place / 100 for place in range(len(controller.positions)))
        controller.positions = wanted
        assert controller.positions == pytest.approx(wanted, abs=0.005)


def test_beyond_their_range_they_are_not_sent(controller: PolarisationController) -> None:
    with pytest.raises(LimitError):
        controller.positions = (1.5,) * len(controller.positions)
