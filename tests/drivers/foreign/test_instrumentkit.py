"""InstrumentKit talks to the emulated instruments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drivers.foreign.conftest import Host, port_of


@pytest.fixture
def kit() -> Any:
    return pytest.importorskip("instruments")


def test_instrumentkit_sets_delays(kit: Any, host: Host) -> None:
    quantities = pytest.importorskip("quantities")
    stand, full = host("srs-dg645")
    generator = kit.srs.SRSDG645.open_tcpip("127.0.0.1", port_of(stand, full))
    generator.channel["B"].delay = (generator.channel["A"], quantities.Quantity(1e-3, "s"))
    reference, delay = generator.channel["B"].delay
    assert (reference.value, float(delay.rescale("s"))) == (2, 1e-3)
    generator.trigger_source = generator.TriggerSource.internal
    assert generator.trigger_source == generator.TriggerSource.internal
    generator.output["AB"].polarity = generator.LevelPolarity.negative
    assert generator.output["AB"].polarity == generator.LevelPolarity.negative


def test_instrumentkit_reads_the_power_meter(kit: Any, host: Host) -> None:
    stand, full = host("thorlabs-pm100d")
    meter = kit.thorlabs.PM100USB.open_tcpip("127.0.0.1", port_of(stand, full))
    meter.averaging_count = 3
    assert meter.averaging_count == 3
    assert "power" in str(meter.measurement_configuration)
    assert float(meter.read()) >= 0
