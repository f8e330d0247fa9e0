"""What a DLC pro answers, and what is made of it."""

from __future__ import annotations

import pytest

from drivers.errors import BadAnswer
from drivers.lasers.toptica_dlcpro import DlcPro
from tests.drivers.dialogue import talking


def turn(command: bytes, answer: bytes) -> tuple[bytes, bytes]:
    """A line, the answer and the prompt."""
    return command + b"\n", answer + b"\r\n> "


HELLO = (
    (None, b"\r\nWelcome to DeCoF Command Line\r\n> "),
    turn(b"(param-ref 'system-type)", b'"DLC pro"'),
    turn(b"(param-ref 'serial-number)", b'"DLC PRO_01"'),
    turn(b"(param-ref 'fw-ver)", b'"3.0.1"'),
)


def test_open_interlocks_and_keys_are_found() -> None:
    turns = (
        turn(b"(param-ref 'interlock-open)", b"#t"),
        turn(b"(param-ref 'frontkey-locked)", b"#t"),
        turn(b"(param-ref 'system-health-txt)", b'"OK"'),
        turn(b"(param-ref 'laser1:dl:cc:enabled)", b"#f"),
        turn(b"(param-ref 'laser1:dl:cc:current-set)", b"65.5"),
        turn(b"(param-ref 'laser1:dl:cc:current-clip)", b"250.0"),
    )
    with talking(DlcPro, *HELLO, *turns) as laser:
        told = [finding.what for finding in laser.self_test()]
    assert told[:2] == ["its interlock is open", "its key is turned off"]
    assert told[-1] == "laser off, 65.5 mA of at most 250 mA"


def test_an_interlock_that_answers_nonsense_is_named() -> None:
    with (
        talking(DlcPro, *HELLO, turn(b"(param-ref 'interlock-open)", b"maybe")) as laser,
        pytest.raises(BadAnswer, match=r"bench\.thing: asked for interlock_open .* it answered 'maybe'"),
    ):
        laser.self_test()
