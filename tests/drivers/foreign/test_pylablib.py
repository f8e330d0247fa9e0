"""PyLabLib talks to the emulated instruments of OZ Optics."""

from __future__ import annotations

import pytest

from tests.drivers.foreign.conftest import Host, device_of


def test_pylablib_sets_the_attenuator(host: Host) -> None:
    devices = pytest.importorskip("pylablib.devices.OZOptics")
    stand, full = host("oz-dd100")
    attenuator = devices.DD100(device_of(stand, full))
    assert (attenuator.get_min_attenuation(), attenuator.get_max_attenuation()) == (0, 60)
    attenuator.home()
    assert attenuator.set_attenuation(7.25) == 7.25
    assert attenuator.set_attenuation(500) == 60
    attenuator.close()
    with stand.open(full) as driver:
        assert driver.attenuation_db == pytest.approx(60)  # type: ignore[attr-defined]


def test_pylablib_sets_the_polarisation(host: Host) -> None:
    devices = pytest.importorskip("pylablib.devices.OZOptics")
    stand, full = host("oz-epc")
    controller = devices.EPC04(device_of(stand, full))
    assert controller.set_voltage(2, -1.25) == -1.25
    assert controller.set_all_voltages([0.5, 1, 0, -4]) == [0.5, 1, 0, -4]
    assert controller.set_mode("ac") == "ac"
    assert controller.set_frequency(1, 42) == 42
    assert controller.set_waveform("tri")[:3] == "tri"
    controller.set_mode("dc")
    controller.close()
