"""A party that runs ahead of the other holds back whoever feeds it: what it keeps stays bounded."""

import numpy as np
import pytest

import postproc.synchronisation.buffer
from postproc.conversation.conversation import MAX_HELD_BLOCKS, MAX_IN_ORDER, Conversation
from postproc.conversation.dialogue import hear, say
from postproc.conversation.frames import Frame, pack, unpack
from postproc.conversation.messages import Abort, Message, decode, encode
from postproc.conversation.overtaken import MAX_OPEN_BLOCKS
from postproc.conversation.record import BlockRecord
from postproc.entropy import SystemEntropy
from postproc.outcome import BlockEnded
from postproc.runner import Chain
from postproc.stage import Bounded
from postproc.synchronisation.buffer import StateBuffer, TagBuffer
from postproc.timetags.types import StateChunk, TagChunk
from postproc.traffic import pack as pack_item
from postproc.traffic import unpack as unpack_item
from postproc.types import Alarm, End
from qkdctl.node import signals
from qkdctl.node.segment import QUIET_S, Segment
from tests.node.test_segments import joints

SESSION = b"s" * 16


class Ready(Message, frozen=True):
    pass


def patient(item, entropy):
    yield from say(Ready())
    yield from hear(Ready)
    return item


def stage():
    return Conversation("test", "alice", BlockEnded, patient, SystemEntropy())


def block(number):
    return BlockEnded(BlockRecord(SESSION, number), "refused", "")


def answer(number):
    return pack(Frame(1, SESSION, "test", number, 0, encode(Ready())))


def test_a_conversation_is_full_until_the_other_party_answers():
    chain = Chain([stage()])
    assert isinstance(stage(), Bounded)
    for number in range(1, MAX_HELD_BLOCKS + 1):
        assert not chain.full
        chain.feed(block(number))
    assert chain.full
    assert len(chain.outbox) == MAX_OPEN_BLOCKS
    chain.hear(answer(1))
    assert not chain.full
    assert len(chain.results) == 1


def test_a_conversation_is_full_where_too_much_waits_behind_a_block():
    chain = Chain([stage()])
    chain.feed(block(1))
    for _ in range(MAX_IN_ORDER - 1):
        assert not chain.full
        chain.feed(Alarm("a", "info", "b", {}, "c"))
    assert chain.full
    chain.hear(answer(1))
    assert not chain.full
    assert len(chain.results) == MAX_IN_ORDER


@pytest.mark.parametrize(
    ("buffer", "chunk"),
    [
        (TagBuffer, lambda i: TagChunk(10 * i, 10 * i + 10, np.arange(10) + 10 * i, np.zeros(10, np.uint8))),
        (StateBuffer, lambda i: StateChunk(90 * i, np.zeros(90, np.uint8))),
    ],
)
def test_a_buffer_counts_what_it_holds(buffer, chunk, monkeypatch):
    monkeypatch.setattr(postproc.synchronisation.buffer, "MAX_BYTES", 450)
    here = buffer()
    for i in range(5):
        assert not here.full
        here.add(chunk(i))
    assert here.full
    here.forget(chunk(1).start_ps if buffer is TagBuffer else chunk(1).first_slot)
    assert not here.full
    here.add(chunk(5))
    assert here.full
    here.drain()
    assert not here.full


def test_a_full_segment_takes_nothing_from_upstream_and_goes_on_listening():
    source, upstream = joints()
    here, sink = joints()
    outside, inside = joints()
    segment = Segment([stage()], upstream, here, inside, lambda name, message: None)
    sent, now = 0, 0.0
    for _ in range(200):
        now += 0.1
        while source.link.room and sent < 100:
            sent += 1
            source.link.send(pack_item(block(sent)))
        for end in (source, sink, outside):
            end.pump(now)
            while end.link.receive() is not None:
                end.link.done()
        segment.turn(now)
    # A window on the way, and as many as may be held: the rest was never taken from the source.
    assert sent <= 64 + MAX_HELD_BLOCKS
    for number in range(1, 4):
        outside.link.send(b"f" + answer(number))
    for _ in range(50):
        now += 0.1
        for end in (source, sink, outside):
            end.pump(now)
            while end.link.receive() is not None:
                end.link.done()
        segment.turn(now)
    assert source.link.room == 3


@pytest.mark.parametrize("heard", [True, False])
def test_a_word_of_the_last_blocks_that_never_comes_is_not_waited_for_for_ever(heard):
    """Unless the peer has not begun: somebody may still have to start it."""
    source, upstream = joints()
    here, sink = joints()
    outside, inside = joints()
    segment = Segment([stage()], upstream, here, inside, lambda name, message: None)
    for message in (block(1), block(2), End()):
        source.link.send(pack_item(message))
    if heard:
        outside.link.send(b"f" + answer(1))
    results, said = [], []

    def run(start_s, stop_s):
        for now in range(start_s, stop_s):
            for end, items in ((source, []), (sink, results), (outside, said)):
                end.pump(float(now))
                while (item := end.link.receive()) is not None:
                    items.append(item)
                    end.link.done()
            segment.turn(float(now))

    run(0, int(QUIET_S))
    assert not segment.ended
    run(int(QUIET_S), int(QUIET_S) + 20)
    assert segment.ended == heard
    if heard:
        first, last, end = map(unpack_item, results)
        assert "silent" not in first.reason
        assert (last.outcome, "silent" in last.reason) == ("aborted", True)
        assert isinstance(end, End)
        abort, bye = said[-2:]
        assert isinstance(decode(unpack(abort[1:]).payload, Abort), Abort)
        assert bye == signals.BYE
