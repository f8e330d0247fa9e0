"""PnPQ, of Nagayama's group, talks to the emulated instruments of Thorlabs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from serial.tools import list_ports

from tests.drivers.foreign.conftest import Host, device_of

SERIAL = "38123456"


def show(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    """Pseudo-terminals are in no list of USB ports, where it looks for a serial number."""
    ports = [SimpleNamespace(serial_number=SERIAL, device=device)]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)


def test_pnpq_turns_the_paddles(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    controllers: Any = pytest.importorskip("pnpq.devices.polarization_controller_thorlabs_mpc")
    apt, protocol = pytest.importorskip("pnpq.apt.connection"), pytest.importorskip("pnpq.apt.protocol")
    units = pytest.importorskip("pnpq.units").pnpq_ureg
    stand, full = host("thorlabs-mpc320")
    show(monkeypatch, device_of(stand, full))
    second = protocol.ChanIdent.CHANNEL_2
    with apt.AptConnection(serial_number=SERIAL) as connection:
        controller = controllers.PolarizationControllerThorlabsMPC320(connection=connection)
        controller.identify(second)
        controller.move_absolute(second, 806 * units.mpc320_step)
        assert controller.get_status(second).position == 806
        controller.jog(second, protocol.JogDirection.REVERSE)
        assert controller.get_status(second).position == 724
        controller.set_params(home_position=200 * units.mpc320_step)
        controller.home(second)
        assert controller.get_status(second).position == 200
        assert len(controller.get_status_all()) == 3


def test_pnpq_chooses_a_fibre(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    switches: Any = pytest.importorskip("pnpq.devices.switch_thorlabs_osw_e")
    stand, full = host("thorlabs-osw")
    show(monkeypatch, device_of(stand, full))
    with switches.OpticalSwitchThorlabsE(serial_number=SERIAL) as switch:
        switch.set_state(switches.State.CROSS)
        assert switch.get_state() is switches.State.CROSS
        assert switch.get_board_name().startswith("OSW")
    with stand.open(full) as driver:
        assert driver.output == 2  # type: ignore[attr-defined]
