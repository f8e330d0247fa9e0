"""Step 0: nothing begins before both parties have the same configuration."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.conversation.agreement import KEY_MISMATCH, SessionOpened
from postproc.entropy import SeededEntropy, SystemEntropy
from postproc.outcome import BlockEnded
from postproc.runner import run_pair
from postproc.types import End
from tests.support.agreeing import agreeing

SAME = {"a": {"b": [1, 2], "c": "x"}, "eps": 1e-10}


KEY, OTHER = bytes(16), bytes(range(16))


def agree(alice, bob, wire=lambda sender, frame: (frame,), entropy=None, keys=(KEY, KEY)):
    results = {"alice": [], "bob": []}
    entropy = entropy or SystemEntropy()
    chains = ([agreeing("alice", alice, keys[0], entropy)], [agreeing("bob", bob, keys[1], entropy)])
    for role, result in run_pair(*chains, ["tags"], ["clicks"], wire):
        results[role].append(result)
    return results


def test_equal_configurations_open_one_session():
    results = agree(SAME, SAME)
    opened = [results[role][0] for role in results]
    assert all(isinstance(o, SessionOpened) for o in opened)
    assert opened[0].session == opened[1].session
    assert len(opened[0].session) == 16
    assert opened[0].record == opened[1].record
    assert opened[0].record.session == opened[0].session
    assert [results["alice"][1], results["bob"][1]] == ["tags", "clicks"]
    assert isinstance(results["bob"][2], End)


def test_every_session_has_another_number():
    assert agree(SAME, SAME)["alice"][0].session != agree(SAME, SAME)["alice"][0].session


def test_both_nonces_make_the_session():
    """Neither party alone can bring an old session back."""
    fixed = SeededEntropy(b"x")
    sessions = set()
    for entropies in ((fixed, fixed), (fixed, SystemEntropy()), (SystemEntropy(), fixed)):
        chains = ([agreeing("alice", SAME, KEY, entropies[0])], [agreeing("bob", SAME, KEY, entropies[1])])
        results = list(run_pair(*chains, [], []))
        sessions.add(results[0][1].session)
    assert len(sessions) == 3


@pytest.mark.parametrize(
    ("theirs", "sentence"),
    [
        ({**SAME, "eps": 1e-9}, "eps is 1e-10 at Alice and 1e-9 at Bob"),
        ({"a": {"b": [1, 3], "c": "x"}, "eps": 1e-10}, "a.b[1] is 2 at Alice and 3 at Bob"),
        ({"a": {"b": [1, 2]}, "eps": 1e-10}, 'a.c is "x" at Alice and null at Bob'),
        ({**SAME, "more": True}, "more is null at Alice and true at Bob"),
    ],
)
def test_a_difference_is_named_alike_at_both_ends(theirs, sentence):
    results = agree(SAME, theirs)
    for role in results:
        ended, *rest = results[role]
        assert isinstance(ended, BlockEnded)
        assert ended.record.block == 0
        assert sentence in ended.reason
        assert [type(item) for item in rest] == [End]


def test_different_pre_shared_keys_are_told_before_anything_else():
    results = agree(SAME, SAME, keys=(KEY, OTHER))
    for ended, *rest in results.values():
        assert isinstance(ended, BlockEnded)
        assert ended.reason.removeprefix("Alice ended the block: ").startswith(
            f"{KEY_MISMATCH}: {KEY.hex()} at Alice and {OTHER.hex()} at Bob; "
        )
        # What waited, the tags, goes no further.
        assert [type(item) for item in rest] == [End]


def test_a_peer_that_never_answers_is_reported():
    results = agree(SAME, SAME, wire=lambda sender, frame: ())
    for role in results:
        assert "never said hello" in results[role][0].reason


@given(st.integers(0, 1), st.integers(0, 10**6), st.integers(1, 255))
def test_a_damaged_hello_opens_no_common_session(which, place, value):
    sent = []

    def wire(sender, frame):
        sent.append(frame)
        if len(sent) - 1 != which:
            return (frame,)
        damaged = bytearray(frame)
        damaged[place % len(frame)] ^= value
        return (bytes(damaged),)

    results = agree(SAME, SAME, wire)
    opened = [r[0].session for r in results.values() if r and isinstance(r[0], SessionOpened)]
    # Where both still open (a nonce was changed), their numbers differ, and no frame passes between them.
    assert len(set(opened)) == len(opened)


@given(st.lists(st.binary(max_size=80), max_size=4))
def test_noise_is_survived(noise):
    stage = agreeing("bob", SAME, KEY, SystemEntropy())
    for data in noise:
        list(stage.feed("peer", data))
    list(stage.feed("in", "tags"))
    list(stage.finish())
