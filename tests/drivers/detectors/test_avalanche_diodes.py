"""Word for word what the ID120 and the SPD are told, after the drivers that their facts come from."""

from __future__ import annotations

import pytest

from drivers.detectors.idq_id120 import Id120
from drivers.detectors.s15_spd import Spd
from drivers.errors import BadAnswer, InstrumentError, NotTaken
from drivers.identity import Identity
from tests.drivers.dialogue import talking

ID120 = (
    (b"*IDN?\n", b"IDQuantique,ID120,002008,1.4.0\n"),
    (b"INFO:PRODUCT_SERIAL_NUMBER?\n", b"002008\n"),
    (b"INFO:FIRMWARE_VERSION?\n", b"1.4.0\n"),
)
SPD = ((b"*idn?;", b"SPD single photon detector\r\n"),)


def test_the_id120_is_identified() -> None:
    with talking(Id120, *ID120) as detector:
        assert detector.identity() == Identity("ID Quantique", "ID120", "002008", "1.4.0")


@pytest.mark.parametrize(
    ("name", "value", "header", "sent"),
    [
        ("threshold_v", 0.1003, "THRESHOLD:VOLTAGE", 100_500),
        ("dead_time_ns", 410.0, "DEADTIME:TIME", 400),
        ("bias_v", 163.0, "BIAS:VOLTAGE", 163_040_000),
        ("temperature_c", -39.6, "REG:TEMP_SET_POINT", -40_000),
        ("integration_time_ms", 499.0, "COUNTERS:INTEGRATION_TIME", 400),
    ],
)
def test_the_id120_takes_whole_steps_of_small_units(name: str, value: float, header: str, sent: int) -> None:
    turns = (f"{header} {sent}\n".encode(), b""), (f"{header}?\n".encode(), f"{sent}\n".encode())
    with talking(Id120, *ID120, *turns) as detector:
        setattr(detector, name, value)


def test_an_id120_that_does_not_take_a_value_is_told() -> None:
    turns = (b"BIAS:VOLTAGE 200000000\n", b""), (b"BIAS:VOLTAGE?\n", b"163040000\n")
    with talking(Id120, *ID120, *turns) as detector, pytest.raises(NotTaken, match="bias_v was set to 200"):
        detector.bias_v = 200.0


def test_an_id120_below_breakdown_or_without_bias_supply_is_told_what_to_do() -> None:
    off = (b"REG:RUN?\n", b"FALSE\n")
    below = (
        (b"BIAS:ERROR_STATUS?\n", b"FALSE\n"), (b"BIAS:VOLTAGE?\n", b"150000000\n"),
        (b"INFO:BIAS_BREAKDOWN_VOLTAGE?\n", b"158000000\n"), (b"INFO:BIAS_BREAKDOWN_VOLTAGE?\n", b"158000000\n"), off,
    )  # fmt: skip
    with talking(Id120, *ID120, *below) as detector:
        findings = detector.self_test()
    assert findings[0].what == "its bias is 8.0 V below breakdown: it sees nothing"
    assert findings[1].remedy == "set enabled = true"
    with talking(Id120, *ID120, (b"BIAS:ERROR_STATUS?\n", b"TRUE\n"), off) as detector:
        assert detector.self_test()[0].what == "its bias supply fails"


def test_the_spd_is_asked_with_semicolons_and_set_with_lines() -> None:
    """As pyS15 does; its units are what they are taken for."""
    turns = (b"threshvolt 0.25\r\n", b""), (b"threshvolt?;", b"0.250\r\n")
    with talking(Spd, *SPD, *turns) as detector:
        detector.threshold_v = 0.25


def test_the_spd_counts_for_the_time_that_it_was_told() -> None:
    turns = (b"time 200\r\n", b""), (b"counts?;", b"123\r\n")
    with talking(Spd, *SPD, *turns) as detector:
        assert detector.count_rates_hz() == (615.0,)


def test_an_spd_whose_bias_is_not_known_is_not_switched_on() -> None:
    off = (b"hvolt?;", b"0.000\r\n")
    with talking(Spd, *SPD, off) as detector, pytest.raises(InstrumentError, match="set bias_v"):
        detector.enabled = True


def test_what_is_no_count_is_no_count() -> None:
    turns = (b"time 200\r\n", b""), (b"counts?;", b"Unknown command\r\n")
    with talking(Spd, *SPD, *turns) as detector, pytest.raises(BadAnswer, match="is no count"):
        detector.count_rates_hz()
