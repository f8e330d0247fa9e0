"""Programs on VISA, such as PyMeasure, talk to the emulated instruments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.drivers.foreign.conftest import Host, socket_resource
from tests.drivers.stands import Stand


@pytest.mark.filterwarnings("ignore:It is not known:FutureWarning")  # PyMeasure's own, about its driver
def test_pymeasure_reads_the_power_meter(host: Host) -> None:
    thorlabs = pytest.importorskip("pymeasure.instruments.thorlabs")
    stand, full = host("thorlabs-pm100d")
    meter = thorlabs.ThorlabsPM100USB(
        socket_resource(stand, full), visa_library="@py", read_termination="\n", write_termination="\n"
    )
    assert meter.is_power_sensor
    meter.wavelength = 1310
    assert meter.wavelength == 1310
    assert 0 <= meter.power < 1
    meter.adapter.close()


def test_pymeasure_tunes_the_laser(host: Host) -> None:
    santec = pytest.importorskip("pymeasure.instruments.santec")
    stand, full = host("santec-tsl570")
    laser = santec.TSL570(
        socket_resource(stand, full), visa_library="@py", read_termination="\n", write_termination="\n"
    )
    laser.command_set = "Legacy"
    laser.wavelength_setpoint = 1552.5
    assert laser.wavelength_setpoint == 1552.5
    laser.command_set = "SCPI"
    assert laser.wavelength_setpoint == pytest.approx(1552.5e-9)
    assert laser.frequency_setpoint == pytest.approx(299792458 / 1552.5e-9)
    laser.command_set = "Legacy"
    laser.power_unit = "mW"
    laser.power_setpoint = 5
    laser.output_enabled = True
    assert laser.power == 5
    laser.wavelength_start = 1510
    assert laser.wavelength_start == 1510
    assert (laser.wavelength_min, laser.wavelength_max) == (1480, 1640)
    laser.adapter.close()


@pytest.fixture
def visa() -> Iterator[Any]:
    manager = pytest.importorskip("pyvisa").ResourceManager("@py")
    yield manager
    manager.close()


def opened(visa: Any, stand: Stand, full: str) -> Any:
    """As somebody's script would, by hand."""
    resource = socket_resource(stand, full)
    return visa.open_resource(resource, read_termination="\n", write_termination="\n", timeout=2000)


def test_the_package_thorlabspm100_reads_the_power_meter(host: Host, visa: Any) -> None:
    package = pytest.importorskip("ThorlabsPM100")
    stand, full = host("thorlabs-pm100d")
    line = opened(visa, stand, full)
    meter = package.ThorlabsPM100(inst=line)
    assert meter.sense.power.dc.range.auto == 1
    meter.sense.power.dc.range.upper = 1e-3
    assert meter.sense.power.dc.range.upper == 1e-3
    assert meter.sense.power.dc.range.auto == 0
    assert meter.sense.power.dc.range.maximum_upper > meter.sense.power.dc.range.minimum_upper
    meter.sense.correction.wavelength = 1310
    assert meter.sense.correction.wavelength == 1310
    assert meter.sense.correction.minimum_beamdiameter < meter.sense.correction.maximum_beamdiameter
    meter.sense.average.count = 3
    assert meter.sense.average.count == 3
    meter.configure.scalar.power()
    assert meter.getconfigure == "POW"
    meter.initiate.immediate()
    assert 0 <= meter.fetch < 1
    assert 0 <= meter.read < 1
    assert meter.status.measurement.condition == 0
    assert meter.system.sensor.idn.startswith('"S154C"')
    assert meter.system.error.next.startswith("+0,")
    line.close()


def test_thorlabs_own_example_sets_the_laser_controller(host: Host, visa: Any) -> None:
    """Thorlabs' example for the ITC4000 in Python, and how FIREpyDAQ speaks to a CLD1015."""
    stand, full = host("thorlabs-itc4000")
    line = opened(visa, stand, full)
    assert line.query("*IDN?").startswith("THORLABS,ITC4001,EMU")
    line.write("source:current:level:amplitude 0.065")
    assert float(line.query("source:current:level:amplitude?")) == 0.065
    line.write("Source2:TEMPerature:SPOint 25")
    line.write("Source2:TEMPerature:LCONstants:GAIN 8.0")
    line.write("SOURce1:FUNCtion:MODE CURRent")
    line.write("OUTPut2:STATe 1")
    assert float(line.query("SENSe2:TEMPerature:DATA?")) == 25
    line.write("SOURce1:CURRent:AMPLitude 0.073;:OUTPut1:STATe 1")
    assert line.query("SYSTem:ERRor?") == '+0,"No error"'
    assert float(line.query("SENS3:CURR:DATA?")) == 0.073
    assert line.query("OUTP:PROT:INTL:TRIP?") == "0"
    line.write("sour:curr 5")
    assert line.query("syst:err?").startswith("-222,")
    assert line.query("*ESR?") == str(128 + 16)
    line.close()
