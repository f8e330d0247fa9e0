"""Who passes for a 9530: its relatives by BNC too, as far as they speak like it."""

from __future__ import annotations

import pytest

from drivers.delay_generators.quantum_composers_9530 import QuantumComposers9530
from drivers.errors import BadAnswer, InstrumentError
from drivers.identity import Identity
from tests.drivers.dialogue import talking

BNC = ((b"*IDN?\r\n", b"BNC,577-4C,31309,2.4.1-2.0.11\r\n"),)
NO_CLOCK = (b":PULSE0:ICL:MOD?\r\n", b"?3\r\n")


@pytest.mark.parametrize(
    "name", ["QC,9534,02311,1.2.2-1.2.0", "BNC,575-4,31707,2.4.2-2.0.11", "BNC,577-4C,1,2"]
)
def test_relatives_are_identified(name: str) -> None:
    with talking(QuantumComposers9530, (b"*IDN?\r\n", name.encode() + b"\r\n")) as generator:
        assert generator.identity() == Identity(*name.split(","))


def test_others_are_not() -> None:
    with (
        pytest.raises(BadAnswer, match="this driver is for a 95 or 575 or 577"),
        talking(QuantumComposers9530, (b"*IDN?\r\n", b"BNC,645,1,2\r\n")),
    ):
        pass


def test_one_that_keeps_its_clock_under_another_keyword_is_none_the_worse() -> None:
    turns = (NO_CLOCK, (b":PULSE0:STAT?\r\n", b"1\r\n"), (b":PULSE0:PER?\r\n", b"0.000100000\r\n"))
    with talking(QuantumComposers9530, *BNC, *turns) as generator:
        (finding,) = generator.self_test()
    assert finding.good
    assert finding.what == "pulses on, every 0.0001 s, clock as at its front panel"


def test_its_clock_is_not_set() -> None:
    with (
        talking(QuantumComposers9530, *BNC, (b":PULSE0:ICL:MOD EXT\r\n", b"?3\r\n")) as generator,
        pytest.raises(InstrumentError, match="did not accept ':PULSE0:ICL:MOD EXT': invalid keyword"),
    ):
        generator.clock = "external"
