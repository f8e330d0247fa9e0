"""QCoDeS, and the vendors' code inside its community's drivers, talk to the emulated instruments."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from time import monotonic, sleep
from types import SimpleNamespace
from typing import Any

import pytest

from tests.drivers.foreign.conftest import Host, socket_resource
from tests.drivers.stands import Stand

PACKAGE = "qcodes_contrib_drivers.drivers"
PATIENCE_S = 60.0


def until(what: Callable[[], bool]) -> None:
    """Wait for it: this client hears of changes whenever its thread comes to it."""
    deadline = monotonic() + PATIENCE_S
    while not what():
        assert monotonic() < deadline, "it never came"
        sleep(0.02)


@pytest.fixture
def websq(host: Host) -> Iterator[tuple[Any, Stand, str]]:
    """Single Quantum's own client, at the ports that the rack has chosen."""
    module = pytest.importorskip(f"{PACKAGE}.SingleQuantum.SingleQuantum")
    stand, full = host("single-quantum-eos")
    ports = {place: int(str(address).rpartition(":")[2]) for place, address in stand.addresses[full].items()}  # type: ignore[union-attr]
    client = module.CommunicationHandler(
        SimpleNamespace(npts=lambda: 2),
        logging.getLogger("websq"),
        "127.0.0.1",
        ports["control"],
        ports["counts"],
    )
    yield client, stand, full
    # Its threads know no end; they would go on with sockets that are closed.
    client.talk.shutdown = client.cnts.shutdown = True
    client.talk.join(PATIENCE_S)
    client.cnts.join(PATIENCE_S)
    client.talk.close()
    client.cnts.close()


def test_single_quantum_s_own_client_sets_the_detectors(websq: tuple[Any, Stand, str]) -> None:
    client, stand, full = websq
    assert client.get_number_of_detectors() == 4
    client.set_measurement_periode(20)
    until(lambda: client.get_measurement_periode() == 20)
    client.enable_detectors(True)
    client.set_bias_current([12.0, 8.0, 3.0, 8.0])
    client.set_trigger_level([23.0, 24.0, 25.0, 26.0])
    until(lambda: client.get_trigger_level() == [23.0, 24.0, 25.0, 26.0])
    assert client.get_bias_current() == [12.0, 8.0, 3.0, 8.0]
    until(lambda: client.get_bias_voltage() == pytest.approx([120.0, 80.0, 30.0, 80.0]))
    counts = client.acquire_cnts_t()
    assert counts.shape == (5, 2)
    with stand.open(full) as driver:
        assert driver.bias_current_ua == (12.0, 8.0, 3.0, 8.0)  # type: ignore[attr-defined]


def test_single_quantum_s_own_client_has_bias_currents_found(websq: tuple[Any, Stand, str]) -> None:
    """In the dark, each detector comes to the bias at which it counts as often as was asked for."""
    client, _, _ = websq
    client.set_dark_counts_auto_iv([100, 100, 100, 1e6])
    client.auto_cali_bias_currents()
    until(lambda: not client.auto_cali_finished())
    until(client.auto_cali_finished)
    found = client.get_bias_current()
    assert all(10 < current < 18 for current in found[:3])
    assert found[3] == 22.0, "the last step before it latches"


def test_qcodes_reads_the_power_meter(host: Host) -> None:
    module = pytest.importorskip(f"{PACKAGE}.Thorlabs.PM100D")
    stand, full = host("thorlabs-pm100d")
    meter = module.Thorlab_PM100D("meter", socket_resource(stand, full), visalib="@py")
    assert meter.get_idn()["model"] == "PM100D"
    assert float(meter.averaging()) == 1
    meter.attenuation(3)
    assert float(meter.attenuation()) == 3
    assert 0 <= meter.power() < 1
    meter.close()
