"""What comes together goes together, on few lanes, and everybody gets an answer of their own."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.kme.batches import MOST_AT_ONCE, Batches


class Road:
    """Sends batches, each after so many turns of the loop; answers with ten times the item, refuses some."""

    def __init__(self, turns):
        self._turns = iter(turns)
        self.sizes, self.going, self.most = [], 0, 0

    async def send(self, items):
        self.sizes.append(len(items))
        self.going += 1
        self.most = max(self.most, self.going)
        for _ in range(next(self._turns, 1)):
            await asyncio.sleep(0)
        self.going -= 1
        if 13 in items:
            raise ValueError("an unlucky batch")
        return [KeyError(item) if item % 10 == 7 else 10 * item for item in items]


def ask_all(road, lanes, items, linger_s=0.0):
    async def run():
        batches = Batches(road.send, linger_s, lanes)
        return await asyncio.gather(*map(batches.ask, items), return_exceptions=True)

    return asyncio.run(run())


@given(st.lists(st.integers(0, 5), max_size=20), st.integers(1, 4), st.integers(0, 200))
@settings(max_examples=30)
def test_everybody_gets_their_own_answer(turns, lanes, count):
    road = Road(turns)
    items = [20 + item for item in range(count)]
    answers = ask_all(road, lanes, items)
    for item, answer in zip(items, answers, strict=True):
        assert answer == 10 * item or (item % 10 == 7 and isinstance(answer, KeyError))
    assert sum(road.sizes) == count
    assert road.most <= lanes
    assert max(road.sizes, default=0) <= MOST_AT_ONCE


def test_a_batch_that_fails_fails_for_those_in_it():
    road = Road([3])
    answers = ask_all(road, 1, [12, 13, *range(20, 90)])
    assert all(isinstance(answer, ValueError) for answer in answers[:2])
    assert answers[-1] == 890


def test_what_waits_goes_in_one_message():
    road = Road([50])
    ask_all(road, 1, range(20, 30))
    assert road.sizes == [10]


@pytest.mark.parametrize("lanes", [1, 2])
def test_whoever_gives_up_is_left_out(lanes):
    road = Road([20] * lanes)

    async def run():
        batches = Batches(road.send, lanes=lanes)
        first = [asyncio.create_task(batches.ask(item)) for item in range(20, 20 + lanes)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        later = [asyncio.create_task(batches.ask(item)) for item in (31, 32)]
        await asyncio.sleep(0)
        later[0].cancel()
        return await asyncio.gather(*first, *later, return_exceptions=True)

    *_, cancelled, answered = asyncio.run(run())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert answered == 320


def test_a_lane_that_has_just_ended_is_free(monkeypatch):
    """The turn between a task's end and its being called done: an item that comes then is sent too."""
    road = Road([])

    async def run():
        batches = Batches(road.send)
        first = asyncio.create_task(batches.ask(20))
        while not batches._senders:
            await asyncio.sleep(0)
        (sender,) = batches._senders
        while not sender.done():
            await asyncio.sleep(0)
        # Its done callbacks have not run yet when it is seen done in the same turn.
        batches._senders.add(sender)
        return await first, await asyncio.wait_for(batches.ask(21), 5)

    assert asyncio.run(run()) == (200, 210)
