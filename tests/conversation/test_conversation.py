"""Dialogues between two stages: books, order, and every way in which they can end."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.authentication.memory_pool import MemoryPool
from postproc.authentication.wegman_carter import Authenticator
from postproc.conversation.conversation import Conversation
from postproc.conversation.dialogue import attest, check, hear, note, review, say
from postproc.conversation.frames import Frame, pack, unpack
from postproc.conversation.messages import Message, encode
from postproc.conversation.overtaken import MAX_OPEN_BLOCKS
from postproc.conversation.record import BlockRecord, Disclosure
from postproc.entropy import SystemEntropy
from postproc.errors import BlockRefused
from postproc.outcome import BlockEnded, CalledOff
from postproc.runner import run, run_pair
from postproc.stage import Emission
from postproc.types import Alarm, End

SESSION = b"0123456789abcdef"
SHARED_KEY = bytes(range(256)) * 4


class Question(Message, frozen=True):
    text: str


class Answer(Message, frozen=True):
    text: str
    bits: int

    def discloses(self) -> int:
        return self.bits


class Block(msgspec.Struct, frozen=True):
    record: BlockRecord
    text: str = ""


def block(number: int, text: str = "") -> Block:
    return Block(BlockRecord(SESSION, number), text)


def asking(item: Block, entropy: object) -> Iterator:
    yield from say(Question(item.text))
    answer = yield from hear(Answer)
    return Block(item.record, answer.text)


def answering(item: Block, entropy: object) -> Iterator:
    question = yield from hear(Question)
    if question.text == "refuse":
        raise BlockRefused("not this one")
    yield from note(asked=question.text)
    yield from say(Answer(question.text.upper(), 7))
    return Block(item.record, question.text)


def pair(alice=asking, bob=answering, **options):
    def stage(role, script):
        authenticator = Authenticator(role, MemoryPool(SHARED_KEY)) if options.get("tags") else None
        return Conversation("talk", role, Block, script, SystemEntropy(), authenticator)

    return [stage("alice", alice)], [stage("bob", bob)]


def drive(stages, alice, bob, wire=lambda sender, frame: (frame,)):
    results = {"alice": [], "bob": []}
    for role, result in run_pair(*stages, alice, bob, wire=wire):
        results[role].append(result)
    return results


def test_both_ends_keep_the_same_books():
    results = drive(pair(), [block(1, "why")], [block(1)])
    alice, bob = results["alice"][0], results["bob"][0]
    assert alice.text == "WHY"
    assert bob.text == "why"
    for record in (alice.record, bob.record):
        assert record.disclosures == (Disclosure("talk", "bob", 7),)
        assert [unpack(frame).payload for frame in record.transcript.alice] == [encode(Question("why"))]
        assert [unpack(frame).payload for frame in record.transcript.bob] == [encode(Answer("WHY", 7))]
    assert alice.record.transcript == bob.record.transcript
    assert bob.record.figures == {"asked": "why"}


def test_a_refusal_ends_the_block_at_both_ends_with_its_reason():
    results = drive(pair(), [block(1, "refuse"), block(2, "and")], [block(1), block(2)])
    for role in ("alice", "bob"):
        ended, following, end = results[role]
        assert isinstance(ended, BlockEnded)
        assert (ended.outcome, ended.reason) == ("refused", "not this one")
        assert isinstance(following, Block)
        assert isinstance(end, End)


@given(st.permutations(range(1, 6)), st.permutations(range(1, 6)))
def test_blocks_leave_in_the_order_in_which_they_came(alice, bob):
    results = drive(pair(), [block(n, str(n)) for n in sorted(alice)], [block(n) for n in sorted(bob)])
    for role in ("alice", "bob"):
        assert [item.record.block for item in results[role][:-1]] == [1, 2, 3, 4, 5]


class AllAtOnce:
    """What a lock does that lets go of a recording, or a cutter that gets one large chunk."""

    name = "burst"

    def feed(self, port, message):
        items = message if isinstance(message, list) else [message]
        return [Emission("out", item) for item in items]

    def finish(self):
        return ()


@pytest.mark.parametrize("at_once", [False, True], ids=["one a turn", "all in one"])
def test_a_party_far_ahead_of_the_other_loses_no_word(at_once):
    """Bob has a block a turn, or all of them at once, and speaks first; Alice has one in ten turns."""
    stages = [[AllAtOnce(), *each] for each in pair(answering, asking)]
    few = Alarm("few", "info", "b", {}, "c")
    alice = [item for n in range(1, 201) for item in (*[few] * 9, block(n))]
    bob = [block(n, str(n)) for n in range(1, 201)]
    results = drive(stages, alice, [bob] if at_once else bob)
    for items in results.values():
        assert isinstance(items.pop(), End)
        blocks = [item for item in items if item != few]
        assert all(isinstance(item, Block) for item in blocks)
        assert [item.record.block for item in blocks] == list(range(1, 201))


def test_a_party_far_ahead_waits_for_the_other():
    (stage,), _ = pair()
    said = [each for n in range(1, 201) for each in stage.feed("in", block(n))]
    assert len(said) == MAX_OPEN_BLOCKS


def test_a_block_whose_turn_has_not_come_can_be_called_off():
    (stage,), (peer,) = pair()
    said = [each for n in range(1, 6) for each in stage.feed("in", block(n, "x"))]
    said += stage.feed("in", CalledOff(SESSION, 5, False, "no"))
    answers = [each for n in range(1, 6) for each in peer.feed("in", block(n))]
    answers += [each for _, frame in said for each in peer.feed("peer", frame)]
    out = [each for port, frame in answers if port == "peer" for each in stage.feed("peer", frame)]
    assert [type(message) for _, message in out] == [Block] * 4 + [BlockEnded]


def test_what_is_no_block_passes_in_its_place():
    alarm = Alarm("a", "info", "b", {}, "c")
    results = drive(pair(), [block(1, "x"), alarm, block(2, "y")], [block(1), block(2), alarm])
    assert [type(item) for item in results["alice"]] == [Block, Alarm, Block, End]
    assert [type(item) for item in results["bob"]] == [Block, Block, Alarm, End]


def test_a_silent_peer_aborts_the_block():
    results = drive(pair(), [block(1, "x")], [])
    ended = results["alice"][0]
    assert isinstance(ended, BlockEnded)
    assert ended.outcome == "aborted"
    assert "silent" in ended.reason
    assert isinstance(results["alice"][1], End)


@pytest.mark.parametrize("side", ["alice", "bob"])
@pytest.mark.parametrize("fault", ["drop", "repeat", "payload", "sequence", "type", "session"])
def test_no_fault_on_the_wire_passes_for_an_answer(side, fault):
    def wire(sender, frame):
        if sender != side:
            return (frame,)
        parsed = unpack(frame)
        match fault:
            case "drop":
                return ()
            case "repeat":
                return (frame, frame)
            case "payload":
                return (pack(msgspec.structs.replace(parsed, payload=parsed.payload[:-1])),)
            case "sequence":
                return (pack(msgspec.structs.replace(parsed, sequence=1)),)
            case "type":
                return (pack(msgspec.structs.replace(parsed, payload=b"\x91\xa5Other")),)
            case "session":
                return (pack(msgspec.structs.replace(parsed, session=b"f" * 16)),)

    # Both ends of this short dialogue are done when the repetition arrives: it changes nothing.
    harmless = fault == "repeat"
    results = drive(pair(), [block(1, "x")], [block(1)], wire)
    kinds = {role: type(results[role][0]) for role in results}
    if harmless:
        assert kinds == {"alice": Block, "bob": Block}
    else:
        assert BlockEnded in kinds.values()
    for items in results.values():
        assert isinstance(items[-1], End)


def tagging(item: Block, entropy: object) -> Iterator:
    yield from say(Question(item.text))
    yield from attest()
    record = yield from review()
    assert record.tags == ("alice",)
    yield from check()
    return item


def checking(item: Block, entropy: object) -> Iterator:
    yield from hear(Question)
    yield from check()
    yield from attest()
    return item


def test_tags_are_entered_at_both_ends():
    results = drive(pair(tagging, checking, tags=True), [block(1, "x")], [block(1)])
    for role in ("alice", "bob"):
        record = results[role][0].record
        assert record.tags == ("alice", "bob")
        assert record.authentication_bits == 256
        assert 0 < record.epsilon_authentication < 1e-28


@given(st.integers(0, 10**6), st.integers(0, 7))
def test_a_changed_word_is_caught_by_the_tag(place, bit):
    def wire(sender, frame):
        parsed = unpack(frame)
        if sender == "alice" and parsed.sequence == 0:
            payload = bytearray(encode(Question("a longer question")))
            payload[-1 - place % 17] ^= 1 << bit
            return (pack(Frame(1, SESSION, "talk", 1, 0, bytes(payload))),)
        return (frame,)

    results = drive(pair(tagging, checking, tags=True), [block(1, "a longer question")], [block(1)], wire)
    for role in ("alice", "bob"):
        assert isinstance(results[role][0], BlockEnded)
        assert results[role][0].outcome == "aborted"


def test_parties_with_different_keys_do_not_pass():
    alice, bob = pair(tagging, checking, tags=True)
    other = Authenticator("bob", MemoryPool(SHARED_KEY[::-1]))
    bob = [Conversation("talk", "bob", Block, checking, SystemEntropy(), other)]
    results = drive((alice, bob), [block(1, "x")], [block(1)])
    assert "tag does not fit" in results["bob"][0].reason
    assert isinstance(results["alice"][0], BlockEnded)


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_noise_from_the_peer_is_survived(noise):
    stage = Conversation("talk", "alice", Block, asking, SystemEntropy())
    emissions = [emission for data in noise for emission in stage.feed("peer", data)]
    assert all(isinstance(message, Alarm) for _, message in emissions)
    assert list(stage.feed("in", block(1, "x")))


def test_a_flood_of_early_frames_is_bounded():
    stage = Conversation("talk", "alice", Block, asking, SystemEntropy())
    alarms = 0
    for n in range(1000):
        frame = pack(Frame(1, SESSION, "talk", 10 + n, 0, b""))
        alarms += len(list(stage.feed("peer", frame)))
    assert alarms == 1000 - 64


def test_run_drives_stages_that_talk_to_nobody():
    class Doubling:
        name = "double"

        def feed(self, port, message):
            yield Emission("out", message if isinstance(message, End) else 2 * message)

        def finish(self):
            return ()

    assert list(run([Doubling(), Doubling()], [1, 2]))[:2] == [4, 8]
