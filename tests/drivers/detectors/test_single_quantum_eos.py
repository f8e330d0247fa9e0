"""Word for word what an Eos is told, after its vendor's client."""

from __future__ import annotations

import json

import pytest

from drivers.detectors.single_quantum_eos import Eos
from drivers.errors import BadAnswer, InstrumentError, NoAnswer
from drivers.identity import Identity
from tests.drivers.dialogue import Dialogue, talking

ALL = b'{"request": "labelProps", "value": "None"}'


def labels(**values: object) -> bytes:
    told: dict[str, object] = {
        "NumberOfDetectors": 2,
        "SerialNumber": "E7",
        "InptMeasurementPeriod": 100,
        "BiasCurrent": [0.0, 0.0],
        "DetectorEnable": False,
    }
    return b"".join(
        json.dumps({"label": label, "value": {"value": value}}).encode() + b"\x17"
        for label, value in (told | values).items()
    )


def change(label: str, value: object) -> bytes:
    return json.dumps({"label": label, "value": value}).encode() + b"\x17"


def command(name: str, label: str, value: object) -> bytes:
    return json.dumps({"command": name, "label": label, "value": value}).encode()


HELLO = ((ALL, labels()), (ALL, labels()))


def test_it_is_identified_by_its_labels() -> None:
    with talking(Eos, *HELLO) as detectors:
        assert detectors.identity() == Identity("Single Quantum", "Eos with 2 detectors", "E7")


def test_bias_currents_are_set_and_read_back_whatever_is_broadcast() -> None:
    turns = (
        (command("SetAllBiasCurrents", "BiasCurrent", [12.0, 13.5]), change("BiasCurrent", [12.0, 13.5])),
        (ALL, change("Temperature", 2.51) + labels(BiasCurrent=[12.0, 13.5])),
        (ALL, labels(BiasCurrent=[12.04, 13.5])),
    )
    with talking(Eos, *HELLO, *turns) as detectors:
        detectors.bias_current_ua = (12.0, 13.5)


def test_a_refusal_is_told() -> None:
    turns = (
        (command("DetectorEnable", "DetectorEnable", True), change("ErrorMessage", "compressor is off")),
        (ALL, labels(DetectorEnable=False)),
    )
    with (
        talking(Eos, *HELLO, *turns) as detectors,
        pytest.raises(InstrumentError, match=r"^bench.thing: reports ErrorMessage: compressor is off"),
    ):
        detectors.enabled = True


def test_counts_are_of_the_next_whole_period() -> None:
    counts = Dialogue((None, b"17.1,5,7\n17.2,10,20\n"))
    turns = ((ALL, labels(InptMeasurementPeriod=100)), (ALL, labels()))
    with talking(Eos, *HELLO, *turns, counts=counts) as detectors:
        assert detectors.count_rates_hz() == (100.0, 200.0)


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        (b"17.1,5,7\n17.2,10\n", BadAnswer, "has 2 detectors and sent 1 counts"),
        (b"17.1,5,7\nhello,world,x\n", BadAnswer, "sends no counts .*is no line of counts"),
        (b"17.1,5,7\n", NoAnswer, "sends no counts .*no complete answer"),
        (b"17.1,5,7\n17.2,-1,nan\n", BadAnswer, "sends no counts .*is no line of counts"),
    ],
)
def test_lines_that_are_no_counts_are_told(line: bytes, error: type[Exception], words: str) -> None:
    turns = ((ALL, labels(InptMeasurementPeriod=100)), (ALL, labels()))
    with (
        talking(Eos, *HELLO, *turns, counts=Dialogue((None, line))) as detectors,
        pytest.raises(error, match=f"^bench.thing: {words}"),
    ):
        detectors.count_rates_hz()


def test_without_a_serial_number_it_cannot_say_what_it_is() -> None:
    bare = change("NumberOfDetectors", {"value": 4})
    with talking(Eos, (ALL, bare), (ALL, bare)) as detectors:
        assert detectors.identity().serial == ""
