"""Driver and instrument agree after any sequence of operations, and nothing on the wire makes a driver hang or lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from drivers.emulation.rack.emulators import EMULATORS
from drivers.errors import DriverError, InstrumentError, NoAnswer, NotTaken
from drivers.parameters import Parameter, parameters_of
from drivers.registry import driver_class
from drivers.transport.memory import Line, Models, Port, Replies
from tests.drivers.stands import MemoryStand, in_mind, one_of

#: Longest that a question may take in the instrument's time, retries and resynchronisation included.
LONGEST_S = 60.0

SETTABLE = [
    driver for driver in EMULATORS if any(each.writable for each in parameters_of(driver_class(driver)))
]


def values_of(parameter: Parameter[Any], count: int) -> st.SearchStrategy[Any]:
    """Anything that the driver says it takes."""
    if parameter.kind is bool:
        return st.booleans()
    if parameter.kind is str:
        return st.sampled_from(parameter.choices)
    low, high = parameter.low or 0, parameter.high or 0
    if parameter.kind is int:
        return st.integers(int(low), int(high))
    number = st.floats(low, high, allow_subnormal=False)
    return st.lists(number, min_size=count, max_size=count).map(tuple) if parameter.kind is tuple else number


class Agreement(RuleBasedStateMachine):
    """Sets, reads, lost lines, slow answers, other hands: the driver tells what the instrument is set to."""

    driver = ""

    @initialize()
    def open_it(self) -> None:
        parties, self.name = one_of(self.driver)
        self.stand = in_mind(parties)
        self.instrument: Any = self.stand.open(self.name)
        self.parameters = [each for each in parameters_of(type(self.instrument)) if each.writable]
        self.known: dict[str, Any] = {}

    @rule(data=st.data())
    def set_something(self, data: st.DataObject) -> None:
        parameter = data.draw(st.sampled_from(self.parameters))
        old = getattr(self.instrument, parameter.name)
        value = data.draw(values_of(parameter, len(old) if parameter.kind is tuple else 1))
        try:
            setattr(self.instrument, parameter.name, value)
        except (InstrumentError, NotTaken):
            self.known.pop(parameter.name, None)
        else:
            self.known[parameter.name] = value

    @rule()
    def lose_the_line(self) -> None:
        if self.instrument._line is not None:
            self.instrument._line.close()

    @rule(data=st.data())
    def be_slow_for_once(self, data: st.DataObject) -> None:
        parameter = data.draw(st.sampled_from(self.parameters))
        self.stand.fault(self.name, "delay_s", 2 * type(self.instrument).TIMEOUT_S)
        with pytest.raises(NoAnswer, match=f"^{self.name}: "):
            getattr(self.instrument, parameter.name)
        self.stand.fault(self.name, "delay_s", 0.0)
        self.stand.wait(4 * type(self.instrument).TIMEOUT_S)

    @rule()
    def close_and_open(self) -> None:
        self.instrument.close()
        self.instrument = self.stand.open(self.name)
        # Lasers are off and shutters closed now.
        self.known = {name: value for name, value in self.known.items() if not isinstance(value, bool)}
        self.known.pop("trigger", None)
        self.known.pop("attenuation_db", None)

    @invariant()
    def what_it_tells_is_what_was_set(self) -> None:
        for parameter in getattr(self, "parameters", ()):
            if parameter.name in self.known:
                found = getattr(self.instrument, parameter.name)
                assert found == pytest.approx(self.known[parameter.name], abs=parameter.tolerance or 1e-9)


@pytest.mark.parametrize("driver", SETTABLE)
def test_driver_and_instrument_agree(driver: str) -> None:
    kind = type(f"Agreement_{driver}", (Agreement,), {"driver": driver})
    run_state_machine_as_test(
        kind, settings=settings(max_examples=5, stateful_step_count=8, deadline=None, derandomize=True)
    )


class Soup:
    """Between a driver and its instrument: passes everything on, or answers with whatever is in the pot."""

    def __init__(self) -> None:
        self.pot: list[bytes] | None = None

    def between(self, port: Port) -> Port:
        return SoupPort(port, self)


class SoupPort:
    def __init__(self, port: Port, soup: Soup) -> None:
        self._port, self._soup = port, soup

    def connect(self, now_s: float) -> Line:
        return SoupLine(self._port.connect(now_s), self._soup)


class SoupLine:
    def __init__(self, line: Line, soup: Soup) -> None:
        self._line, self._soup = line, soup
        self.next_s: Callable[[float], float] = line.next_s
        self.hang_up: Callable[[], None] = line.hang_up

    def feed(self, data: bytes, now_s: float) -> Replies:
        if self._soup.pot is None:
            return self._line.feed(data, now_s)
        portions, self._soup.pot = self._soup.pot, []
        return [(now_s + 0.001, portion) for portion in portions if portion]

    def poll(self, now_s: float) -> Replies:
        return self._line.poll(now_s) if self._soup.pot is None else []


def stand_with(soup: Soup, driver: str) -> tuple[MemoryStand, str]:
    parties, name = one_of(driver)
    stand = in_mind(parties)
    assert stand.models is not None
    ports = {place: soup.between(port) for place, port in stand.models.ports.items()}
    stand.models = Models(ports, stand.models.clock)
    return stand, name


words = st.sampled_from(
    [b"\r\n", b"\n", b">>", b"Done\r\n", b"ok\r\n", b"0", b"\x17", b'{"label": ', b"#t\n> ", b"?3"]
)


@pytest.mark.parametrize("driver", [driver for driver in SETTABLE if driver != "device-random"])
@given(pot=st.lists(st.binary(max_size=40) | words, max_size=8), data=st.data())
@settings(max_examples=12, deadline=None, derandomize=True)
def test_nothing_on_the_wire_makes_it_hang_or_lie_afterwards(
    driver: str, pot: list[bytes], data: st.DataObject
) -> None:
    """Under soup: an error, or a value of the right kind; in time. After it: the truth again."""
    soup = Soup()
    stand, name = stand_with(soup, driver)
    instrument: Any = stand.open(name)
    readable = [each for each in parameters_of(type(instrument)) if each.readable and each.writable]
    parameter = data.draw(st.sampled_from(readable))
    truth = getattr(instrument, parameter.name)
    soup.pot, began_s = list(pot), stand.now_s
    try:
        found = getattr(instrument, parameter.name)
    except DriverError as error:
        assert str(error).startswith(f"{name}: ")  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert isinstance(found, tuple if parameter.kind is tuple else parameter.kind)
    assert stand.now_s - began_s < LONGEST_S
    soup.pot = None
    assert getattr(instrument, parameter.name) == truth
    instrument.close()
