"""The driver of the MPC320 and the paddles agree after any sequence of operations, and no bytes make it hang or lie."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from drivers.codecs.apt import DEVICE, HOST, Message, encode
from drivers.emulation.models import thorlabs_mpc320
from drivers.errors import DriverError, LimitError, NoAnswer
from drivers.polarisation.thorlabs_mpc320 import DEGREES_PER_COUNT, Mpc320
from tests.drivers.stands import in_mind, one_of
from tests.drivers.test_agreement import LONGEST_S, Soup, stand_with

PARTIES, NAME = one_of("thorlabs-mpc320")
angles = st.lists(st.floats(0, 170), min_size=3, max_size=3).map(tuple)


class Paddles(RuleBasedStateMachine):
    """Moves, jogs by another hand, unasked messages, lost lines, slow answers."""

    @initialize()
    def open_it(self) -> None:
        self.stand = in_mind(PARTIES)
        self.driver: Any = self.stand.open(NAME)
        self.angles_deg = [0.0, 0.0, 0.0]

    @rule(wanted=angles)
    def move(self, wanted: tuple[float, ...]) -> None:
        self.driver.angles_deg = wanted
        self.angles_deg = list(wanted)

    @rule(wanted=st.tuples(st.floats(0, 170), st.floats(0, 170), st.floats(170.5, 400)))
    def move_too_far(self, wanted: tuple[float, ...]) -> None:
        with pytest.raises(LimitError, match="nothing was sent"):
            self.driver.angles_deg = wanted

    @rule()
    def go_home(self) -> None:
        self.driver.home()
        self.angles_deg = [0.0, 0.0, 0.0]

    @rule(paddle=st.integers(0, 2), counts=st.integers(0, 1370))
    def another_hand(self, paddle: int, counts: int) -> None:
        """Somebody moves a paddle over another line; the driver hears that it is over, and is not misled."""
        assert self.stand.models is not None
        line = self.stand.models.ports[f"{NAME}/main"].connect(self.stand.now_s)
        data = struct.pack("<Hi", 1 << paddle, counts)
        line.feed(encode(Message(0x0453, data=data), DEVICE, HOST), self.stand.now_s)
        self.stand.wait(60.0)
        self.angles_deg[paddle] = counts * DEGREES_PER_COUNT

    @rule(rate_hz=st.sampled_from([0.0, 10.0, 200.0]))
    def tell_unasked(self, rate_hz: float) -> None:
        self.stand.fault(NAME, "broadcasts_hz", rate_hz)

    @rule()
    def lose_the_line(self) -> None:
        if self.driver._line is not None:
            self.driver._line.close()

    @rule()
    def be_slow_for_once(self) -> None:
        self.stand.fault(NAME, "delay_s", 2 * Mpc320.TIMEOUT_S)
        with pytest.raises(NoAnswer, match=f"^{NAME}: "):
            _ = self.driver.angles_deg
        self.stand.fault(NAME, "delay_s", 0.0)
        self.stand.wait(4 * Mpc320.TIMEOUT_S)

    @rule()
    def close_and_open(self) -> None:
        self.driver.close()
        self.driver = self.stand.open(NAME)

    @invariant()
    def it_tells_where_they_are(self) -> None:
        if hasattr(self, "driver"):
            assert self.driver.angles_deg == pytest.approx(self.angles_deg, abs=DEGREES_PER_COUNT)


def test_driver_and_paddles_agree() -> None:
    run_state_machine_as_test(
        Paddles, settings=settings(max_examples=12, stateful_step_count=12, deadline=None, derandomize=True)
    )


def test_positions_are_those_that_paddles_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thorlabs_mpc320, "LEAST_COUNTS", 12)
    monkeypatch.setattr(thorlabs_mpc320, "MOST_COUNTS", 1281)
    driver: Any = in_mind(PARTIES).open(NAME)
    driver.positions = (0.0, 0.5, 1.0)
    assert driver.positions == pytest.approx((0.0, 0.5, 1.0), abs=1e-3)
    driver.angles_deg = (1.5, 80.25, 159.0)
    assert driver.positions == pytest.approx((0.0, 0.5, 1.0), abs=1e-3)


def test_beyond_what_they_reach_they_are_at_an_end() -> None:
    driver: Any = in_mind(PARTIES).open(NAME)
    driver.angles_deg = (0.0, 80.25, 170.0)
    assert driver.positions == (0.0, pytest.approx(0.5, abs=1e-3), 1.0)
    for wanted in ((0.0, 0.5, 1.01), (-0.01, 0.5, 1.0), (0.5, 0.5)):
        with pytest.raises(LimitError, match=r"three numbers from 0 to 1, got .*nothing was sent"):
            driver.positions = wanted


pieces = st.binary(max_size=30) | st.sampled_from(
    [
        encode(Message(0x0412, data=struct.pack("<Hi", 1, -5)), HOST, DEVICE)[:9],
        encode(Message(0x0491, data=bytes(14)), HOST, DEVICE),
        encode(Message(0x0464, 1), HOST, DEVICE),
        encode(Message(0x0412, data=b"\1"), HOST, DEVICE),
    ]
)


@given(pot=st.lists(pieces, max_size=6))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_nothing_on_the_wire_makes_it_hang_or_lie_afterwards(pot: list[bytes]) -> None:
    soup = Soup()
    stand, name = stand_with(soup, "thorlabs-mpc320")
    driver: Any = stand.open(name)
    driver.angles_deg = (10.0, 20.0, 30.0)
    truth = driver.angles_deg
    soup.pot, began_s = list(pot), stand.now_s
    try:
        found = driver.angles_deg
    except DriverError as error:
        assert str(error).startswith(f"{name}: ")  # noqa: PT017
    else:
        assert len(found) == 3
    assert stand.now_s - began_s < LONGEST_S
    soup.pot = None
    assert driver.angles_deg == truth
    driver.close()
