"""Word for word what a PM100D is told, after its manual and its vendor's examples."""

from __future__ import annotations

import pytest

from drivers.errors import BadAnswer
from drivers.identity import Identity
from drivers.power_meters.thorlabs_pm100d import Pm100D
from tests.drivers.dialogue import talking

NO_ERROR = (b":SYST:ERR?\n", b'+0,"No error"\n')
HELLO = (
    (b"*IDN?\n", b"THORLABS,PM100D,P0012345,2.8.0\n"),
    (b"*CLS\n", b""),
    (b":SENS:POW:UNIT W\n", b""),
    NO_ERROR,
)
SENSOR = b'"S154C","12345","01-JAN-2024",1,18,%d\n'


def test_it_is_identified_and_reads_in_watts() -> None:
    with talking(Pm100D, *HELLO) as meter:
        assert meter.identity() == Identity("THORLABS", "PM100D", "P0012345", "2.8.0")


def test_it_measures() -> None:
    with talking(Pm100D, *HELLO, (b":MEAS:POW?\n", b"1.23400000E-06\r\n")) as meter:
        assert meter.power_w == 1.234e-6


def test_a_wavelength_is_set_and_read_back() -> None:
    turns = (b":SENS:CORR:WAV 1550.0\n", b""), NO_ERROR, (b":SENS:CORR:WAV?\n", b"1.55000000E+03\n")
    with talking(Pm100D, *HELLO, *turns) as meter:
        meter.wavelength_nm = 1550.0


@pytest.mark.parametrize(("flags", "good"), [(33, True), (2, False)])
def test_a_sensor_that_measures_no_power_is_found(flags: int, good: bool) -> None:
    turns = [NO_ERROR, (b":SYST:SENS:IDN?\n", SENSOR % flags)]
    if good:
        turns += [(b":MEAS:POW?\n", b"1E-6\n"), (b":SENS:CORR:WAV?\n", b"1550\n")]
    with talking(Pm100D, *HELLO, *turns) as meter:
        queue, sensor = meter.self_test()
        assert queue.good
        assert sensor.good is good


@pytest.mark.parametrize("flags", [b"", b"-1", b"9" * 5000])
def test_a_sensor_that_tells_no_flags_is_told(flags: bytes) -> None:
    answer = SENSOR.replace(b"%d", flags)
    with (
        talking(Pm100D, *HELLO, NO_ERROR, (b":SYST:SENS:IDN?\n", answer)) as meter,
        pytest.raises(BadAnswer, match="asked for its sensor, it answered"),
    ):
        meter.self_test()


def test_an_overload_is_no_power() -> None:
    with (
        talking(Pm100D, *HELLO, (b":MEAS:POW?\n", b"9.90000000E+37\n")) as meter,
        pytest.raises(BadAnswer, match=r"asked for power_w by ':MEAS:POW\?', it answered '9.9"),
    ):
        _ = meter.power_w
