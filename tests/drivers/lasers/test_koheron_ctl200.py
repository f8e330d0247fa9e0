"""Word for word what a CTL200 is told, after PyMeasure's tests of its driver."""

from __future__ import annotations

import pytest

from drivers.errors import BadAnswer, InstrumentError, NoAnswer, NotTaken
from drivers.identity import Identity
from drivers.lasers.koheron_ctl200 import Ctl200
from tests.drivers.dialogue import Dialogue, talking


def turn(command: bytes, answer: bytes = b"") -> tuple[bytes, bytes]:
    """A line, its echo, the answer and the prompt."""
    return command + b"\r\n", command + b"\r\n" + answer + b"\r\n>>"


HELLO = (turn(b"model", b"CTL200-0-B"), turn(b"serial", b"1234"), turn(b"version", b"V0.18"), turn(b"errclr"))
FINE = turn(b"err", b"0")


def test_it_is_identified() -> None:
    with talking(Ctl200, *HELLO) as laser:
        assert laser.identity() == Identity("Koheron", "CTL200-0-B", "1234", "V0.18")


def test_a_current_is_set_checked_and_read_back() -> None:
    turns = turn(b"ilaser 12.5", b"12.500000"), FINE, turn(b"ilaser", b"12.500123")
    with talking(Ctl200, *HELLO, *turns) as laser:
        laser.current_ma = 12.5


def test_the_laser_goes_on() -> None:
    with talking(Ctl200, *HELLO, turn(b"lason 1", b"1"), FINE, turn(b"lason", b"1")) as laser:
        laser.emitting = True


def test_an_open_interlock_is_told_in_its_own_words() -> None:
    turns = turn(b"lason 1", b"0"), turn(b"err", b"40"), turn(b"errclr")
    words = "did not accept 'lason 1': the laser was switched on while the interlock is open"
    with talking(Ctl200, *HELLO, *turns) as laser, pytest.raises(InstrumentError, match=words):
        laser.emitting = True


@pytest.mark.parametrize(
    ("bits", "words"),
    [(b"01", "overflowed"), (b"02", "before the prompt"), (b"04", "too cold"), (b"08", "too hot"),
     (b"10", "unknown"), (b"20", "not valid"), (b"80", "interlock was opened"), (b"100", "error 100")],
)  # fmt: skip
def test_every_error_bit_has_its_words(bits: bytes, words: str) -> None:
    with talking(Ctl200, *HELLO, turn(b"err", bits), turn(b"errclr")) as laser:
        (error,) = laser.errors()
        assert words in error


def test_a_laser_that_does_not_go_on_is_told() -> None:
    turns = turn(b"lason 1", b"0"), FINE, turn(b"lason", b"0")
    with (
        talking(Ctl200, *HELLO, *turns) as laser,
        pytest.raises(NotTaken, match=r"emitting was set to True .* reads False"),
    ):
        laser.emitting = True


def test_nuls_and_late_answers_are_skipped() -> None:
    late = b"rtact\r\n10000.0\r\n>>"
    with talking(Ctl200, *HELLO, (None, late), (b"ilaser\r\n", b"\0ilaser\r\n\0\x003.5\r\n>>")) as laser:
        assert laser.current_ma == 3.5


def test_an_answer_that_makes_no_sense_is_told() -> None:
    with (
        talking(Ctl200, *HELLO, turn(b"vlaser", b"warm")) as laser,
        pytest.raises(BadAnswer, match=r"asked for voltage_v by 'vlaser', it answered 'warm'"),
    ):
        _ = laser.voltage_v


def test_no_prompt_is_no_answer() -> None:
    with (
        talking(Ctl200, *HELLO, (b"vlaser\r\n", b"vlaser\r\n1.1\r\n")) as laser,
        pytest.raises(NoAnswer, match=r"^bench.thing: gave no answer to 'vlaser'; check that it is on"),
    ):
        _ = laser.voltage_v


def test_another_instrument_is_refused() -> None:
    with (
        pytest.raises(BadAnswer, match="is a 'CWDM', and this driver is for a CTL200"),
        talking(Ctl200, turn(b"model", b"CWDM"), turn(b"serial", b"1"), turn(b"version", b"1")),
    ):
        pass


def test_who_was_interrupted_waits_for_the_prompt_before_it_switches_off() -> None:
    """The controller does not obey what comes before it has given its prompt."""
    lines = []

    class Interrupting(Dialogue):
        def read(self, timeout_s):
            if lines == ["lason 1"]:
                lines.append("interrupted")
                raise KeyboardInterrupt
            return super().read(timeout_s)

        def write(self, data):
            lines.append(data.decode().strip())
            assert self._coming == b"", "a command came before the prompt"
            super().write(data)

    turns = turn(b"lason 1", b"1"), turn(b"lason 0", b"0"), FINE, turn(b"lason", b"0")
    line = Interrupting(*HELLO, *turns)
    laser = Ctl200("bench.thing", {"main": line}.__getitem__)
    lines.clear()
    with pytest.raises(KeyboardInterrupt):
        laser.emitting = True
    laser.close()
    line.finished()
