"""Word for word what an 8156A is told, after its user's guide."""

from __future__ import annotations

import pytest

from drivers.attenuators.hp_8156a import Hp8156A
from drivers.errors import BadAnswer, InstrumentError, NotTaken
from drivers.identity import Identity
from tests.drivers.dialogue import talking
from tests.drivers.stands import in_mind, one_of

NO_ERROR = (b":SYST:ERR?\n", b'+0,"No error"\n')
CLEARED = (
    (b"*IDN?\n", b"HEWLETT-PACKARD,HP8156A,0,1.02\n"),
    (b"*CLS\n", b""),
    (b":INP:OFFS 0DB\n", b""),
    NO_ERROR,
)
HELLO = (*CLEARED, (b":INP:OFFS?\n", b"+0.000E+00\n"))
STILL = (b":STAT:OPER:COND?\n", b"+0\n")


def test_it_is_identified_and_gives_no_serial_number() -> None:
    with talking(Hp8156A, *HELLO) as attenuator:
        assert attenuator.identity() == Identity("HEWLETT-PACKARD", "HP8156A", "", "1.02")


def test_an_offset_that_was_left_at_the_front_panel_lets_no_more_light_pass() -> None:
    parties, name = one_of("hp-8156a")
    stand = in_mind(parties)
    stand.say(name, ":INP:OFFS 3DB")
    with stand.open(name, attenuation_db=40.0) as attenuator:
        # The filter is at the one less the other.
        assert attenuator.attenuation_db == 40.0  # type: ignore[attr-defined]
        assert float(stand.say(name, ":INP:OFFS?")) == 0


def test_one_that_keeps_its_offset_is_not_used() -> None:
    with (
        pytest.raises(NotTaken, match=r"its offset was set to 0 dB and reads 3; set the offset \(CAL\) to 0"),
        talking(Hp8156A, *CLEARED, (b":INP:OFFS?\n", b"+3.000E+00\n")),
    ):
        pass


def test_an_attenuation_is_set_waited_for_and_read_back() -> None:
    moving = (b":STAT:OPER:COND?\n", b"2\n")
    turns = (b":INP:ATT 12.5DB\n", b""), NO_ERROR, moving, moving, STILL, (b":INP:ATT?\n", b"+1.250E+01\n")
    with talking(Hp8156A, *HELLO, *turns) as attenuator:
        attenuator.attenuation_db = 12.5


def test_the_shutter_opens() -> None:
    with talking(Hp8156A, *HELLO, (b":OUTP 1\n", b""), NO_ERROR, (b":OUTP?\n", b"1\n")) as attenuator:
        attenuator.shutter_open = True


def test_the_wavelength_is_told_in_metres() -> None:
    turns = (b":INP:WAV 1550.0NM\n", b""), NO_ERROR, STILL, (b":INP:WAV?\n", b"1.550000E-06\n")
    with talking(Hp8156A, *HELLO, *turns) as attenuator:
        attenuator.wavelength_nm = 1550.0


def test_its_errors_are_told_in_its_words() -> None:
    errors = (b":SYST:ERR?\n", b'-222,"Data out of range"\n'), (b":SYST:ERR?\n", b'-113,"Undefined header"\n')
    words = (
        "^bench.thing: did not accept ':INP:ATT 59DB' and reports -222,\"Data out of range\"; "
        '-113,"Undefined header"$'
    )
    with (
        talking(Hp8156A, *HELLO, (b":INP:ATT 59DB\n", b""), *errors, NO_ERROR) as attenuator,
        pytest.raises(InstrumentError, match=words),
    ):
        attenuator.attenuation_db = 59


def test_what_it_does_not_take_is_told() -> None:
    turns = (b":INP:ATT 12.5DB\n", b""), NO_ERROR, STILL, (b":INP:ATT?\n", b"12.0\n")
    with (
        talking(Hp8156A, *HELLO, *turns) as attenuator,
        pytest.raises(NotTaken, match=r"attenuation_db was set to 12.5 dB and reads 12.0"),
    ):
        attenuator.attenuation_db = 12.5


@pytest.mark.parametrize("answer", [b"9.91E37\n", b"nan\n", b"\n", b"dB 3\n"])
def test_what_is_no_number_is_no_attenuation(answer: bytes) -> None:
    with (
        talking(Hp8156A, *HELLO, (b":INP:ATT?\n", answer)) as attenuator,
        pytest.raises(BadAnswer, match="asked for attenuation_db"),
    ):
        _ = attenuator.attenuation_db


def test_a_motor_that_never_stops_is_told() -> None:
    turns = [(b":INP:ATT 3DB\n", b""), NO_ERROR] + 500 * [(b":STAT:OPER:COND?\n", b"2\n")]
    with (
        talking(Hp8156A, *HELLO, *turns) as attenuator,
        pytest.raises(InstrumentError, match="its filter is still moving after 10 s"),
    ):
        attenuator.attenuation_db = 3
