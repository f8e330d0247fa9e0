from __future__ import annotations

import math

import pytest

from drivers.errors import BadAnswer, LimitError, NotTaken
from drivers.parameters import Parameter, finite, parameters_of, switch


class Thing:
    """An instrument that keeps what it is told, or not."""

    name = "bench.thing"
    level_db = Parameter[float](
        "A level.", unit="dB", get="L?", put="L {}", low=0, high=60, tolerance=0.1, settles=True
    )
    count = Parameter[int]("A count.", unit="", get="N?", put="N {}", kind=int, low=1, parse=int)
    lamp = switch("A lamp.", get="S?", put="S {}")
    mode = Parameter[str](
        "A mode.", unit="", get="M?", put="M {}", kind=str, choices=("slow", "fast"), parse=str
    )
    currents_ma = Parameter[tuple[float, ...]](
        "Some currents.", unit="mA", get=None, put="C {}", kind=tuple, low=0, high=5
    )
    power_w = Parameter[float]("A power.", unit="W", get="P?")

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.said: list[str] = []

    def ask(self, command: str) -> str:
        self.said.append(command)
        return self.answers[command.rstrip("?")]

    def tell(self, command: str) -> None:
        self.said.append(command)

    def settle(self) -> None:
        self.said.append("settle")


def test_reading_asks() -> None:
    thing = Thing(L="12.50", S="ON")
    assert thing.level_db == 12.5
    assert thing.lamp is True
    assert thing.said == ["L?", "S?"]


def test_writing_tells_waits_and_reads_back() -> None:
    thing = Thing(L="29.95")
    thing.level_db = 30
    assert thing.said == ["L 30", "settle", "L?"]


def test_a_value_that_is_not_taken_is_an_error() -> None:
    with pytest.raises(NotTaken, match=r"level_db was set to 30 dB and reads 29.8"):
        Thing(L="29.8").level_db = 30
    with pytest.raises(NotTaken):
        Thing(S="0").lamp = True


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("level_db", -0.1, "a number from 0 to 60 dB"),
        ("level_db", 60.1, "a number from 0 to 60 dB"),
        ("level_db", math.nan, "a number"),
        ("level_db", math.inf, "a number"),
        ("level_db", "30", "a number"),
        ("level_db", True, "a number"),
        ("level_db", [30], "a number"),
        ("level_db", None, "a number"),
        ("count", 0, "a whole number of at least 1"),
        ("count", 1.5, "a whole number"),
        ("lamp", 1, "true or false"),
        ("mode", "medium", "one of slow, fast"),
        ("mode", 3, "one of"),
        ("currents_ma", (1.0, 5.5), "numbers from 0 to 5 mA"),
        ("currents_ma", (1.0, math.nan), "numbers"),
        ("currents_ma", 1.0, "numbers from 0 to 5 mA"),
    ],
)
def test_what_is_not_allowed_is_refused_before_anything_is_said(
    name: str, value: object, allowed: str
) -> None:
    thing = Thing()
    with pytest.raises(LimitError, match=f"bench.thing: {name} must be {allowed}.*nothing was sent"):
        setattr(thing, name, value)
    assert thing.said == []


def test_what_cannot_be_read_back_is_not() -> None:
    thing = Thing()
    thing.currents_ma = (1.0, 2.0)
    assert thing.said == ["C (1.0, 2.0)"]


@pytest.mark.parametrize("answer", ["", "x", "nan", "inf", "9.91E+37", "-9.9E37"])
def test_an_answer_that_is_no_number_is_an_error(answer: str) -> None:
    with pytest.raises(BadAnswer, match=r"asked for power_w by 'P\?'"):
        _ = Thing(P=answer).power_w


def test_access_is_as_declared() -> None:
    thing = Thing()
    with pytest.raises(AttributeError, match=r"power_w of bench.thing cannot be set"):
        thing.power_w = 1.0
    with pytest.raises(AttributeError, match=r"currents_ma of bench.thing cannot be read"):
        _ = thing.currents_ma


def test_parameters_come_in_the_order_of_writing_base_classes_first() -> None:
    class More(Thing):
        extra = Parameter[float]("More.", unit="", get="X?")

    names = [each.name for each in parameters_of(More)]
    assert names == ["level_db", "count", "lamp", "mode", "currents_ma", "power_w", "extra"]


def test_finite_takes_what_instruments_write() -> None:
    assert finite("+1.55E-006") == 1.55e-6
    assert finite(" 12 ") == 12
