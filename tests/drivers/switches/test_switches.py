"""Byte for byte what optical switches are told, after Qudi's and QMI's drivers."""

from __future__ import annotations

import pytest

from drivers.errors import BadAnswer, InstrumentError, NoAnswer
from drivers.switches.agiltron_ff import AgiltronFf
from drivers.switches.thorlabs_osw import Osw
from tests.drivers.dialogue import talking

OSW = ((b"S?\n", b"1\r\n"),)
FF = ((b"\x01\x11\0\0", b"\x01\x11\0\1"),)


def test_an_osw_that_still_tells_the_old_position_is_asked_again() -> None:
    turns = (b"S 2\n", b""), (b"S?\n", b"1\r\n"), (b"S?\n", b"2\r\n"), (b"S?\n", b"2\r\n")
    with talking(Osw, *OSW, *turns) as switch:
        switch.output = 2


def test_what_is_no_osw_is_told() -> None:
    with pytest.raises(BadAnswer, match="asked for its position"), talking(Osw, (b"S?\n", b"maybe\r\n")):
        pass


def test_an_ff_switch_takes_frames_of_four_bytes() -> None:
    turns = (b"\x01\x12\0\x07", b"\x01\x12\0\x07"), (b"\x01\x11\0\0", b"\x01\x11\0\x07")
    with talking(AgiltronFf, *FF, *turns) as switch:
        switch.output = 7


def test_an_ff_switch_that_answers_something_else_did_not_switch() -> None:
    turns = ((b"\x01\x12\0\x07", b"\x01\x12\0\x01"),)
    with talking(AgiltronFf, *FF, *turns) as switch, pytest.raises(InstrumentError, match="01 12 00 01"):
        switch.output = 7


@pytest.mark.parametrize(
    "frame", [b"\x01\x11\0\x09", b"\x01\x12\0\x01", b"\x01\x11\0\0", b"\xff\xff\xff\xff"]
)
def test_a_frame_that_makes_no_sense_is_no_position(frame: bytes) -> None:
    with talking(AgiltronFf, *FF, (b"\x01\x11\0\0", frame)) as switch, pytest.raises(BadAnswer):
        _ = switch.output


def test_half_a_frame_is_told() -> None:
    half = (b"\x01\x11\0\0", b"\x01\x11")
    with talking(AgiltronFf, *FF, half) as switch, pytest.raises(NoAnswer, match="01 11 came of it"):
        _ = switch.output
