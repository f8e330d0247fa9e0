"""QMI, of Delft, talks to the emulated instruments."""

from __future__ import annotations

from time import sleep
from typing import Any

import pytest

from tests.drivers.foreign.conftest import Host, device_of, port_of


def test_qmi_sets_the_pulse_generator(host: Host, qmi: Any) -> None:
    kind = pytest.importorskip("qmi.instruments.quantum_composers").QuantumComposers_9530
    stand, full = host("quantum-composers-9530")
    generator = qmi.make_instrument("generator", kind, f"tcp:127.0.0.1:{port_of(stand, full)}")
    generator.open()
    assert generator.get_idn().vendor == "QC"
    assert generator.get_num_channels() == 4
    generator.set_t0_period(1e-6)
    generator.set_channel_delay(2, 1.25e-7)
    generator.set_channel_enabled(2, True)
    assert generator.get_t0_period() == 1e-6
    assert generator.get_channel_delay(2) == 1.25e-7
    assert generator.get_channel_enabled(2) is True
    with stand.open(full) as driver:
        assert driver.delay2_s == 1.25e-7  # type: ignore[attr-defined]
    generator.close()


def test_qmi_tunes_the_laser(host: Host, qmi: Any) -> None:
    kind = pytest.importorskip("qmi.instruments.santec").Santec_Tsl570
    stand, full = host("santec-tsl570")
    laser = qmi.make_instrument("laser", kind, f"tcp:127.0.0.1:{port_of(stand, full)}")
    laser.open()
    laser.set_wavelength(1560.0)
    assert laser.get_wavelength() == 1560.0
    laser.set_power_level(2.0)
    laser.set_optical_output_status(True)
    assert laser.get_actual_power() == 2.0
    laser.close()


def test_qmi_sets_the_attenuator(host: Host, qmi: Any) -> None:
    kind = pytest.importorskip("qmi.instruments.ozoptics").OzOptics_Dd100Mc
    stand, full = host("oz-dd100")
    attenuator = qmi.make_instrument("attenuator", kind, f"serial:{device_of(stand, full)}")
    attenuator.open()
    attenuator.set_attenuation(12.5)
    assert attenuator.get_position().attenuation == 12.5
    attenuator.home()
    assert attenuator.get_position().steps == 0
    attenuator.close()


def test_qmi_sets_the_polarisation(host: Host, qmi: Any) -> None:
    kind = pytest.importorskip("qmi.instruments.ozoptics").OzOptics_EPC
    stand, full = host("oz-epc")
    controller = qmi.make_instrument("controller", kind, f"serial:{device_of(stand, full)}:baudrate=9600")
    controller.open()
    controller.set_voltage(3, -1250)
    assert controller.get_voltages() == (0, 0, -1250, 0)
    assert controller.get_frequencies() == (7, 17, 37, 71)
    controller.set_operating_mode_ac()
    assert controller.get_operating_mode() == "AC"
    controller.set_waveform_type_triangle()
    assert controller.get_waveform_type() == "Triangle"
    assert controller.is_in_dc_in_ac_mode() is False
    assert controller.get_ac_dc_channel_status() == ("V",) * 4
    controller.close()


def test_qmi_reads_the_power_meter(host: Host, qmi: Any) -> None:
    kind = pytest.importorskip("qmi.instruments.thorlabs").Thorlabs_Pm100d
    stand, full = host("thorlabs-pm100d")
    meter = qmi.make_instrument("meter", kind, f"tcp:127.0.0.1:{port_of(stand, full)}")
    meter.open()
    meter.reset()
    assert meter.get_idn().model == "PM100D"
    meter.set_range(1e-3)
    assert meter.get_range() == 1e-3
    assert meter.get_autorange() is False
    meter.set_autorange(True)
    assert meter.get_autorange() is True
    meter.set_wavelength(1310)
    assert meter.get_wavelength() == 1310
    assert 0 <= meter.get_power() < 1
    assert meter.get_sensor_info().flags & 1
    meter.close()


def test_qmi_chooses_a_fibre(host: Host, qmi: Any) -> None:
    kind = pytest.importorskip("qmi.instruments.agiltron").Agiltron_Ff1x8
    stand, full = host("agiltron-ff")
    switch = qmi.make_instrument("switch", kind, f"serial:{device_of(stand, full)}")
    switch.open()
    switch.set_channel_active(7)
    assert switch.get_active_channel() == 7
    with stand.open(full) as driver:
        assert driver.output == 7  # type: ignore[attr-defined]
    switch.close()


def test_qmi_turns_the_paddles(host: Host, qmi: Any) -> None:
    kind = pytest.importorskip("qmi.instruments.thorlabs").Thorlabs_Mpc320
    stand, full = host("thorlabs-mpc320")
    controller = qmi.make_instrument("paddles", kind, f"serial:{device_of(stand, full)}")
    controller.open()
    controller.enable_channels([1, 2, 3])
    controller.move_absolute(2, 85.0)
    sleep(
        2.0
    )  # it says that it has arrived after a fifth of a second, and its program must find that waiting
    assert controller.is_move_completed(2)
    assert controller.get_status_update(2).position == pytest.approx(85.0, abs=0.2)
    controller.close()


def test_qmi_sets_the_laser(host: Host, qmi: Any) -> None:
    kind = pytest.importorskip("qmi.instruments.toptica").Toptica_DlcPro
    stand, full = host("toptica-dlcpro")
    laser = qmi.make_instrument("dlc", kind, f"tcp:127.0.0.1:{port_of(stand, full)}")
    laser.open()
    assert "EMU" in laser.get_parameter("serial-number")
    laser.set_parameter("laser1:dl:cc:current-set", 31.5)
    assert laser.get_multiple_parameters(["laser1:dl:cc:current-set", "emission"]) == (31.5, False)
    with pytest.raises(ValueError, match="Error"):
        laser.get_parameter("laser9:nothing")
    laser.close()
