"""The stage around a lock, with a lock that needs nothing but a word from either side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.conversation.agreement import SessionOpened
from postproc.conversation.dialogue import hear, note, pause, say
from postproc.conversation.frames import Frame, pack
from postproc.conversation.messages import Message
from postproc.conversation.record import BlockRecord
from postproc.errors import SynchronisationFailed
from postproc.outcome import BlockEnded
from postproc.runner import Chain, run_pair
from postproc.synchronisation.buffer import Span, TagBuffer
from postproc.synchronisation.stage import ClockLocked, Locked, Synchronise
from postproc.timetags.types import TagChunk
from postproc.types import Alarm, End
from tests.support.streams import SESSION

OPENED = SessionOpened(BlockRecord(SESSION, 0), SESSION)
ALARM = Alarm("test", "info", "nothing", {}, "")
LATER = Alarm("later", "info", "nothing", {}, "")


class Word(Message, frozen=True):
    number: int


def alice(record, start):
    tags = yield from pause(Span(start, start + 20))
    yield from say(Word(len(tags.time_ps)))
    yield from hear(Word)
    yield from note(said=1)
    return Locked(record, 20, lambda chunk: chunk, (ALARM,))


def bob(record, start):
    word = yield from hear(Word)
    if word.number > 3:
        raise SynchronisationFailed("too many")
    later = [LATER]
    yield from say(Word(0))
    return Locked(record, 20, lambda chunk: chunk, watch=lambda: [later.pop()] if later else [])


def chunk(start, *times):
    return TagChunk(start, start + 10, np.array(times, np.int64), np.zeros(len(times), np.uint8))


def pair(alice_source, bob_source, **wire):
    stages = [Synchronise("alice", alice, TagBuffer())], [Synchronise("bob", bob, TagBuffer())]
    results = {"alice": [], "bob": []}
    for role, message in run_pair(*stages, alice_source, bob_source, **wire):
        results[role].append(message)
    return results


CHUNKS = [chunk(0, 1, 5), chunk(10, 11), chunk(20, 23)]


def test_the_clock_is_told_at_the_end_of_what_was_converted():
    def followed(record, start):
        return Locked(
            (yield from bob(record, start)).record,
            20,
            lambda chunk: chunk,
            clock=lambda ps: {"offset_ps": ps},
        )

    here, there = Synchronise("bob", followed, TagBuffer()), Synchronise("alice", alice, TagBuffer())
    assert here.clock == there.clock == {}
    list(run_pair([there], [here], [OPENED, *CHUNKS], [OPENED, *CHUNKS]))
    assert here.clock == {"offset_ps": 30}
    assert there.clock == {}


def test_chunks_wait_for_the_lock_and_follow_it():
    results = pair([OPENED, *CHUNKS], [OPENED, *CHUNKS])
    kinds = [type(m) for m in results["alice"]]
    assert kinds == [ClockLocked, Alarm, TagChunk, TagChunk, TagChunk, End]
    locked = results["alice"][0]
    assert locked.first_block == 20
    assert locked.record.figures == {"said": 1}
    assert len(locked.record.transcript.alice) == len(locked.record.transcript.bob) == 1
    assert [m for m in results["alice"] if isinstance(m, TagChunk)] == CHUNKS
    assert results["bob"].count(LATER) == 1


@given(st.integers(0, 3), st.integers(0, 3))
def test_the_end_leaves_once_whenever_it_comes(alice_has, bob_has):
    results = pair([OPENED, *CHUNKS[:alice_has]], [OPENED, *CHUNKS[:bob_has]])
    for party, has in (("alice", alice_has), ("bob", bob_has)):
        messages = results[party]
        assert [type(m) for m in messages].count(End) == 1
        assert isinstance(messages[-1], End)
        ended = [m for m in messages if isinstance(m, BlockEnded)]
        if alice_has and bob_has:
            assert not ended
        else:
            assert len(ended) == 1
            assert "holds nothing" in ended[0].reason
            assert ended[0].outcome == "aborted"
        assert len([m for m in messages if isinstance(m, TagChunk)]) == (has if alice_has and bob_has else 0)


def test_a_refused_lock_ends_both_sides_once_and_lets_no_chunk_through():
    results = pair([OPENED, chunk(0, 1, 2, 3, 4), *CHUNKS[1:]], [OPENED, *CHUNKS])
    for messages in results.values():
        assert [type(m) for m in messages] == [BlockEnded, End]
        assert "too many" in messages[0].reason


def test_a_silent_peer_is_named():
    results = pair([OPENED, *CHUNKS], [OPENED, *CHUNKS], wire=lambda sender, frame: ())
    for messages in results.values():
        assert [type(m) for m in messages] == [BlockEnded, End]
        assert "fell silent" in messages[0].reason


def test_without_a_session_nothing_happens():
    stage = Synchronise("alice", alice, TagBuffer())
    assert [e.message for e in stage.feed("in", ALARM)] == [ALARM]
    assert [type(e.message) for e in stage.feed("in", End())] == [End]
    assert list(stage.finish()) == []


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\xff" * 100,
        pack(Frame(1, b"another session!", "synchronise", 0, 0, b"\x92\xa4Word\x01")),
        pack(Frame(1, SESSION, "synchronise", 7, 0, b"\x92\xa4Word\x01")),
    ],
)
@pytest.mark.parametrize("when", [0, 1, 2, 4])
def test_frames_that_belong_elsewhere_change_nothing(junk, when):
    stage = Synchronise("bob", bob, TagBuffer())
    word = pack(Frame(1, SESSION, "synchronise", 0, 0, b"\x92\xa4Word\x01"))
    steps = [("in", OPENED), ("in", CHUNKS[0]), ("peer", word), ("in", End())]
    steps.insert(when, ("peer", junk))
    out = [e.message for port, message in steps for e in stage.feed(port, message) if e.port == "out"]
    assert [type(m) for m in out] == [ClockLocked, TagChunk, Alarm, End]


def test_frames_that_come_early_wait_but_not_without_bound():
    stage = Synchronise("bob", bob, TagBuffer())
    word = pack(Frame(1, SESSION, "synchronise", 0, 0, b"\x92\xa4Word\x01"))
    for _ in range(1000):
        assert list(stage.feed("peer", word)) == []
    assert len(stage._early) < 10
    list(stage.feed("in", OPENED))
    out = [e.message for e in stage.feed("in", CHUNKS[0]) if e.port == "out"]
    assert isinstance(out[0], ClockLocked)


def test_what_is_spoken_out_of_turn_ends_the_lock():
    chain = Chain([Synchronise("alice", alice, TagBuffer())])
    chain.feed(OPENED)
    chain.feed(CHUNKS[0])  # waits for its own next chunk
    chain.hear(pack(Frame(1, SESSION, "synchronise", 0, 0, b"\x92\xa4Word\x01")))
    (ended,) = chain.results
    assert "out of turn" in ended.reason
