"""What a power meter does."""

from __future__ import annotations

import pytest

from drivers.roles import PowerMeter
from tests.drivers.contract.conftest import Subject

ROLE = "power_meters"


@pytest.fixture
def meter(subject: Subject) -> PowerMeter:
    assert isinstance(subject.instrument, PowerMeter)
    return subject.instrument


def test_it_measures_a_power(meter: PowerMeter) -> None:
    assert -1e-6 < meter.power_w < 100


def test_it_takes_a_wavelength(meter: PowerMeter) -> None:
    for wavelength_nm in (1310.0, 1550.0):
        meter.wavelength_nm = wavelength_nm
        assert meter.wavelength_nm == pytest.approx(wavelength_nm, abs=1)
