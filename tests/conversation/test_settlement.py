"""Sessions that break at any message of their last step, and meet again: both ends hold the same keys."""

import numpy as np
import pytest

from postproc.amplification.refill import Household
from postproc.amplification.stage import Amplify
from postproc.authentication.memory_pool import MemoryPool
from postproc.authentication.wegman_carter import Authenticator
from postproc.bits import Bits
from postproc.blocks import BoundedBlock
from postproc.conversation.agreement import Agree, SessionOpened
from postproc.conversation.conversation import Conversation
from postproc.conversation.record import BlockRecord
from postproc.entropy import SystemEntropy
from postproc.estimation.proof import Bound, Epsilon
from postproc.outcome import BlockEnded
from postproc.runner import run_pair
from postproc.secretsink import MemorySink

SHARED_KEY = np.random.default_rng(3).bytes(1024)
ROLES = ("alice", "bob")
MESSAGES = 6
"""Of the last step: three words, each with its tag."""


class Ends:
    """Two parties whose key stores and pools outlive their sessions."""

    def __init__(self):
        self.pools = {role: MemoryPool(SHARED_KEY) for role in ROLES}
        self.sinks = {role: MemorySink(pool) for role, pool in self.pools.items()}

    def amplify(self, number, frames):
        """Make a key, if no more than `frames` messages are needed for it; then the line is dead."""
        key = Bits.from_bytes(np.random.default_rng(number).bytes(100), 800)
        record = BlockRecord(b"%016d" % number, number)
        block = BoundedBlock(record, key, Bound(640, Epsilon(1e-10, 1e-10), {}))
        chains = []
        for role, pool in self.pools.items():
            step = Amplify(self.sinks[role], Household(pool, 0))
            authenticator = Authenticator(role, pool)
            script = getattr(step, role)
            chains.append(
                [Conversation("amplify", role, BoundedBlock, script, SystemEntropy(), authenticator)]
            )
        sent = []

        def wire(sender, frame):
            sent.append(frame)
            return (frame,) if len(sent) <= frames else ()

        list(run_pair(*chains, [block], [block], wire))

    def meet(self, wire=lambda sender, frame: (frame,)):
        """Open the next session; give what came of it at each end."""
        stages = [
            [Agree(role, {"a": 1}, bytes(16), SystemEntropy(), self.sinks[role], Authenticator(role, pool))]
            for role, pool in self.pools.items()
        ]
        results = {}
        for role, message in run_pair(*stages, [], [], wire):
            results.setdefault(role, message)
        return results

    def keys(self, role):
        return self.sinks[role].confirmed


@pytest.mark.parametrize("frames", range(MESSAGES + 1))
def test_keys_are_at_both_ends_or_at_none(frames):
    ends = Ends()
    ends.amplify(1, MESSAGES)
    ends.amplify(2, frames)
    assert all(isinstance(opened, SessionOpened) for opened in ends.meet().values())
    assert ends.keys("alice") == ends.keys("bob")
    # Alice confirms when Bob's tag has come.
    assert set(ends.keys("alice")) == ({1, 2} if frames >= 4 else {1})
    for sink in ends.sinks.values():
        assert sink.unsettled() == ()


def test_what_the_answer_cost_is_in_the_books():
    ends = Ends()
    ends.amplify(1, 3)
    left = {role: ends.pools["alice"].remaining(role) for role in ROLES}
    opened = ends.meet()
    assert opened["alice"].record.tags == opened["bob"].record.tags == ("alice",)
    assert opened["alice"].record.authentication_bits == 128
    assert ends.pools["alice"].remaining("alice") == left["alice"] - 1


def test_nothing_open_costs_nothing():
    ends = Ends()
    ends.amplify(1, MESSAGES)
    assert ends.meet()["alice"].record.tags == ()


def test_alice_drops_what_she_has_merely_staged(monkeypatch):
    """A crash between her two transactions: she has said nothing yet."""
    ends = Ends()
    monkeypatch.setattr(ends.sinks["alice"], "confirm", lambda session, block: None)
    ends.amplify(1, 4)
    monkeypatch.undo()
    assert ends.sinks["alice"].staged
    ends.meet()
    assert ends.keys("alice") == ends.keys("bob") == {}
    assert not ends.sinks["alice"].staged


@pytest.mark.parametrize("bit", range(0, 1200, 97))
def test_a_forged_answer_settles_nothing(bit):
    """Whatever bit of Alice's words is turned on the way, Bob still asks next time, and is told the truth then."""
    ends = Ends()
    ends.amplify(1, 4)
    words = []

    def wire(sender, frame):
        if sender == "alice":
            words.append(frame)
            place = bit % (8 * len(frame))
            if len(words) > 1:
                frame = bytearray(frame)
                frame[place // 8] ^= 1 << place % 8
        return (bytes(frame),)

    results = ends.meet(wire)
    if not isinstance(results["bob"], BlockEnded):
        assert results["bob"].record.transcript == results["alice"].record.transcript
    assert set(ends.keys("bob")) <= set(ends.keys("alice"))
    ends.meet()
    assert ends.keys("bob") == ends.keys("alice")
    assert set(ends.keys("bob")) == {1}


def test_bob_asks_for_as_many_as_fit():
    ends = Ends()
    for number in range(1, 5):
        ends.amplify(number, 4 if number % 2 else 3)
    ends.meet()
    assert set(ends.keys("bob")) == set(ends.keys("alice")) == {1, 3}
