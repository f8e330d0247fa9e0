"""A word that is lost for good costs its block and no other; no honest run is taken for one."""

import random
from collections import deque

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.conversation.conversation import Conversation
from postproc.conversation.dialogue import hear, say
from postproc.conversation.frames import pack, unpack
from postproc.conversation.overtaken import LOST_AFTER, Overtaken
from postproc.entropy import SystemEntropy
from postproc.errors import BlockRefused
from postproc.outcome import BlockEnded, CalledOff
from postproc.runner import run_pair
from postproc.stage import Emission
from postproc.types import End
from tests.conversation.test_conversation import (
    SESSION,
    Answer,
    Block,
    Question,
    answering,
    asking,
    block,
    drive,
    pair,
)

BLOCKS = 40
FAULTS = {
    "stage": {"stage": "elsewhere"},
    "block that has passed": {"block": 0},
    "session": {"session": b"f" * 16},
    "junk": None,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("side", ["alice", "bob"])
@pytest.mark.parametrize("struck", [1, 2])
def test_a_lost_word_costs_its_block_and_no_other(fault, side, struck):
    """The link has acknowledged it; it names nothing that is open here."""

    def wire(sender, data):
        frame = unpack(data)
        if (sender, frame.block, frame.sequence) != (side, struck, 0):
            return (data,)
        changes = FAULTS[fault]
        return (b"junk" if changes is None else pack(msgspec.structs.replace(frame, **changes)),)

    numbers = range(1, BLOCKS + 1)
    seen = {"alice": [], "bob": []}
    alice, bob = [block(n, "x") for n in numbers], [block(n) for n in numbers]
    for role, item in run_pair(*pair(), follow(alice, seen), bob, wire):
        seen[role].append(item)
    for items in seen.values():
        left = [item for item in items if isinstance(item, Block | BlockEnded)]
        assert [item.record.block for item in left] == list(numbers)
        # Bob is done when he has answered: then a later stage hears of it.
        ended = [item for item in items if isinstance(item, BlockEnded | CalledOff)]
        assert [getattr(item, "record", item).block for item in ended] == [struck]
        assert "silent" not in ended[0].reason
        assert isinstance(items[-1], End)


def follow(items, seen):
    """Feed blocks; long before the last one, what was stuck has left at both ends."""
    for number, item in enumerate(items, 1):
        yield item
        if number == BLOCKS // 2:
            assert all(len(each) > BLOCKS // 4 for each in seen.values())


def test_the_first_blocks_of_which_all_words_are_lost_hold_up_no_later_ones():
    """As many as may be open but one: the others go past them."""

    def wire(sender, data):
        return () if unpack(data).block <= 3 else (data,)

    numbers = range(1, BLOCKS + 1)
    results = drive(pair(), [block(n, "x") for n in numbers], [block(n) for n in numbers], wire)
    for items in results.values():
        assert [type(item) for item in items] == [BlockEnded] * 3 + [Block] * (BLOCKS - 3) + [End]
        assert not any("silent" in item.reason for item in items[:3])


def chatting(speaks, plan):
    """A dialogue as long as its block has it, with refusals on the way; who speaks first may speak last, too."""

    def script(item, entropy):
        rounds, closes, refused = plan[item.record.block]
        if refused == ("first" if speaks else "second"):
            raise BlockRefused("not this one")
        for _ in range(rounds):
            if speaks:
                yield from say(Question(""))
                yield from hear(Answer)
            else:
                yield from hear(Question)
                yield from say(Answer("", 0))
        if closes and speaks:
            yield from say(Question(""))
        elif closes:
            yield from hear(Question)
        return item

    return script


class Line:
    """Two stages, fed and heard in any order in which words keep theirs."""

    def __init__(self, plan, seed):
        self.random = random.Random(seed)
        self.stages = {
            "alice": Conversation("talk", "alice", Block, chatting(True, plan), SystemEntropy()),
            "bob": Conversation("talk", "bob", Block, chatting(False, plan), SystemEntropy()),
        }
        self.waiting = {role: deque(map(block, plan)) for role in self.stages}
        self.flying = {role: deque() for role in self.stages}
        self.out = {role: [] for role in self.stages}

    def run(self):
        while moves := [
            (queues, role) for queues in (self.waiting, self.flying) for role, q in queues.items() if q
        ]:
            queues, role = self.random.choice(moves)
            port = "in" if queues is self.waiting else "peer"
            for _ in range(self.random.choice([1, 1, 10])):
                if queues[role]:
                    self.take(role, self.stages[role].feed(port, queues[role].popleft()))

    def take(self, role, emissions):
        for port, message in emissions:
            if port == "peer":
                self.flying["bob" if role == "alice" else "alice"].append(message)
            else:
                self.out[role].append(message)


PLANS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 1, 1, 2, 12]),
        st.booleans(),
        st.sampled_from([None, None, None, "first", "second"]),
    ),
    min_size=30,
    max_size=60,
)


@given(PLANS, st.integers(0, 2**32))
def test_no_honest_run_is_taken_for_one_with_losses(rows, seed):
    plan = dict(enumerate(rows, 1))
    line = Line(plan, seed)
    line.run()
    for items in line.out.values():
        ends = {}
        for item in items:
            # A block that a party is done with may be ended by the other later.
            number, refused = (
                (item.block, item.refused) if isinstance(item, CalledOff) else (item.record.block, None)
            )
            ends[number] = "refused" if refused else getattr(item, "outcome", "done")
        assert list(ends) == list(plan)
        for number, (rounds, closes, refused) in plan.items():
            assert ends[number] == ("refused" if refused else "done"), (rounds, closes)


def overtaking(here, numbers, *, done=True, said=True, heard=True):
    """Blocks that begin and end while another waits."""
    for number in numbers:
        here.begin(number)
        if said:
            here.say(number)
        if heard:
            here.hear(number)
        here.end(number, done=done)


def waiting(*, said=True):
    here = Overtaken()
    here.begin(0)
    if said:
        here.say(0)
    return here


def test_so_many_that_go_past_a_block_show_that_a_word_is_lost():
    here = waiting()
    overtaking(here, range(1, LOST_AFTER))
    assert not here.lost()
    overtaking(here, [LOST_AFTER])
    assert here.lost() == [0]


@pytest.mark.parametrize("missing", ["done", "said", "heard"])
def test_not_every_block_is_evidence(missing):
    """A party may refuse blocks one after another, or say all that it has to: it hears nothing for them."""
    here = waiting()
    overtaking(here, range(1, 100), **{missing: False})
    assert not here.lost()


def test_a_first_word_that_the_peer_owed_is_missed_wherever_it_spoke_later():
    here = waiting(said=False)
    overtaking(here, range(1, 100), said=False)
    assert here.lost() == [0]


def test_every_word_begins_the_count_anew():
    here = waiting()
    for start in range(1, 100, LOST_AFTER - 1):
        overtaking(here, range(start, start + LOST_AFTER - 1))
        assert not here.lost()
        here.hear(0)


def test_blocks_begun_before_it_moved_tell_nothing():
    here = waiting()
    for number in range(1, 20):
        here.begin(number)
        here.say(number)
        here.hear(number)
    here.hear(0)
    for number in range(1, 20):
        here.end(number, done=True)
    assert not here.lost()


def test_the_news_that_a_block_was_ended_waits_for_no_other():
    """One that this stage is done with; it is behind an open one, or has left."""
    stage = Conversation("talk", "bob", Block, answering, SystemEntropy())
    peer = Conversation("talk", "alice", Block, asking, SystemEntropy())
    said = [each for n in (1, 2, 3) for each in peer.feed("in", block(n, "x"))]
    out = [each for n in (1, 2, 3) for each in stage.feed("in", block(n))]
    for place in (0, 2):
        out += stage.feed("peer", said[place].message)
    assert [message.record.block for port, message in out if port == "out"] == [1]
    news = [each for n in (1, 3) for each in stage.feed("in", CalledOff(SESSION, n, True, "no"))]
    assert news == [Emission("out", CalledOff(SESSION, 1, True, "no"))]
    out = [message for port, message in stage.feed("peer", said[1].message) if port == "out"]
    assert [type(message) for message in out] == [Block, BlockEnded]
