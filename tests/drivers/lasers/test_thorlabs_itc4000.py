"""Word for word what an ITC4000 is told, after Thorlabs' reference and example."""

from __future__ import annotations

import pytest

from drivers.errors import BadAnswer, InstrumentError, LimitError
from drivers.identity import Identity
from drivers.lasers.thorlabs_itc4000 import CONDITIONS, Itc4000
from tests.drivers.dialogue import talking

IDENTITY = b"THORLABS,ITC4020,E12345678,1.4.0/2.0.3/1.6.0"
HELLO = (b"*IDN?\n", IDENTITY + b"\n"), (b"*CLS\n", b""), (b":SOUR1:FUNC:MODE?\n", b"CURR\n")
FINE = b":SYST:ERR?\n", b'+0,"No error"\n'


def test_the_answer_of_the_reference_is_understood() -> None:
    with talking(Itc4000, *HELLO) as laser:
        assert laser.identity() == Identity("THORLABS", "ITC4020", "E12345678", "1.4.0/2.0.3/1.6.0")


def test_a_cld1015_is_one_too_and_another_controller_is_not() -> None:
    cld = (b"*IDN?\n", b"THORLABS,CLD1015,M00301234,1.5.0/1.3.0/2.3.0\n")
    with talking(Itc4000, cld, *HELLO[1:]) as laser:
        assert laser.identity().model == "CLD1015"
    other = (b"*IDN?\n", b"THORLABS,TED4015,M00301234,1.5.0\n")
    with pytest.raises(BadAnswer, match="this driver is for a ITC40 or CLD101"), talking(Itc4000, other):
        pass


def test_one_that_holds_the_power_is_told_to_hold_the_current() -> None:
    power = (b":SOUR1:FUNC:MODE?\n", b"POW\n"), (b":SOUR1:FUNC:MODE CURR\n", b""), FINE
    with talking(Itc4000, *HELLO[:2], *power):
        pass


def test_currents_are_amperes_to_it() -> None:
    turns = (b":SOUR1:CURR 0.065\n", b""), FINE, (b":SOUR1:CURR?\n", b"+6.50000000E-02\n")
    with talking(Itc4000, *HELLO, *turns) as laser:
        laser.current_ma = 65.0
        with pytest.raises(LimitError, match="nothing was sent"):
            laser.current_ma = 20_001.0


def test_a_refusal_is_told_in_its_own_words() -> None:
    turns = (b":OUTP1 1\n", b""), (b":SYST:ERR?\n", b'-221,"Settings conflict"\n'), FINE
    words = r"^bench.thing: did not accept ':OUTP1 1' and reports -221,\"Settings conflict\"$"
    with talking(Itc4000, *HELLO, *turns) as laser, pytest.raises(InstrumentError, match=words):
        laser.emitting = True


@pytest.mark.parametrize("bit", CONDITIONS)
def test_every_condition_has_its_words_and_a_remedy(bit: int) -> None:
    turns = (
        (b":STAT:MEAS:COND?\n", str(1 << bit).encode() + b"\n"), (b":OUTP1?\n", b"0\n"),
        (b":SOUR1:CURR?\n", b"+1.0E-02\n"), (b":SOUR1:CURR:LIM?\n", b"+2.0E-01\n"), (b":SENS3:CURR:DATA?\n", b"0\n"),
        FINE, (b":OUTP2?\n", b"1\n"), (b":SENS2:TEMP:DATA?\n", b"2.51E+01\n"), (b":SOUR2:TEMP:SPO?\n", b"2.5E+01\n"),
    )  # fmt: skip
    with talking(Itc4000, *HELLO, *turns) as laser:
        findings = laser.self_test()
    assert [(each.what, each.remedy) for each in findings if not each.good] == [CONDITIONS[bit]]
    assert "laser off, 10 mA of at most 200 mA, 0.0 mA measured" in [each.what for each in findings]
