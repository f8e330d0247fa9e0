"""A key that does not look random at either end: kept apart at both, delivered nowhere, and still paid for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.amplification import stage as amplification
from postproc.amplification.refill import Household
from postproc.amplification.stage import Amplify
from postproc.authentication.memory_pool import MemoryPool
from postproc.authentication.wegman_carter import Authenticator
from postproc.bits import Bits
from postproc.blocks import BoundedBlock, SecretBlock
from postproc.conversation.agreement import Agree
from postproc.conversation.conversation import Conversation
from postproc.conversation.record import BlockRecord
from postproc.entropy import SystemEntropy
from postproc.estimation.proof import Bound, Epsilon
from postproc.kernels import toeplitz_hash
from postproc.outcome import BlockEnded
from postproc.runner import run_pair
from postproc.secretsink import MemorySink
from postproc.types import Alarm
from postproc.verification.health import FALSE_ALARM
from tests.support import links

SHARED_KEY = np.random.default_rng(3).bytes(1024)
LEVEL = (1024 - 48) // 32
MESSAGES = 6
ENDS = st.sampled_from([{"alice"}, {"bob"}, {"alice", "bob"}])
FAULTS = {
    "zeros": lambda key: Bits.zeros(len(key)),
    "ones": lambda key: Bits.from_array(np.ones(len(key), np.uint8)),
    "alternating": lambda key: Bits.from_array(np.arange(len(key)) % 2),
    "stuck byte": lambda key: Bits.from_array(np.tile(key.to_array()[:8], len(key) // 8 + 1)[: len(key)]),
}


class Ends:
    """Two parties at the last step, with a fault at some of them."""

    def __init__(self):
        self.pools = {role: MemoryPool(SHARED_KEY) for role in links.EVERYTHING}
        self.sinks = {role: MemorySink(pool) for role, pool in self.pools.items()}
        self.steps = {
            role: Amplify(sink, Household(self.pools[role], 0)) for role, sink in self.sinks.items()
        }

    def run(self, blocks, faulty=frozenset(), fault=FAULTS["zeros"], frames=10**9):
        """Bring blocks so far as `frames` messages bring them; give what left each end."""
        chains = []
        for role, pool in self.pools.items():
            script = spoilt(getattr(self.steps[role], role), fault if role in faulty else None)
            authenticator = Authenticator(role, pool)
            chains.append(
                [Conversation("amplify", role, BoundedBlock, script, SystemEntropy(), authenticator)]
            )
        results, sent = {role: [] for role in links.EVERYTHING}, []

        def wire(sender, frame):
            sent.append(frame)
            return (frame,) if len(sent) <= frames else ()

        for role, message in run_pair(*chains, blocks, blocks, wire):
            results[role].append(message)
        return results

    def meet(self):
        """Begin the next session."""
        stages = [
            [Agree(role, {}, bytes(16), SystemEntropy(), self.sinks[role], Authenticator(role, pool))]
            for role, pool in self.pools.items()
        ]
        return list(run_pair(*stages, [], []))


def spoilt(script, fault):
    """A party's dialogue, whose hash is spoilt by a fault while it is this party's turn."""

    def dialogue(block, entropy):
        told, inner = None, script(block, entropy)
        while True:
            amplification.toeplitz_hash = (
                toeplitz_hash if fault is None else lambda *given: fault(toeplitz_hash(*given))
            )
            try:
                request = inner.send(told)
            except StopIteration as stop:
                return stop.value
            finally:
                amplification.toeplitz_hash = toeplitz_hash
            told = yield request

    return dialogue


def bounded(number, length=640):
    key = Bits.from_bytes(np.random.default_rng(number).bytes((length + 3) // 4), 2 * length)
    return BoundedBlock(BlockRecord(b"%016d" % number, number), key, Bound(length, Epsilon(1e-10, 1e-10), {}))


@given(ENDS, st.sampled_from(sorted(FAULTS)), st.integers(600, 3000), st.integers(1, 3))
def test_a_fault_at_either_end_quarantines_at_both_and_is_paid_for(faulty, fault, length, number):
    ends = Ends()
    results = ends.run([bounded(number, length)], faulty, FAULTS[fault])
    for role, sink in ends.sinks.items():
        alarm, end, _ = results[role]
        assert isinstance(alarm, Alarm)
        assert (alarm.name, alarm.severity, alarm.subject) == ("key-quarantined", "error", f"block {number}")
        assert isinstance(end, BlockEnded)
        assert end.outcome == "refused"
        assert "does not look random" in end.reason
        assert set(sink.quarantined) == {number}
        assert not sink.confirmed
        assert not sink.staged
        assert end.record.tags == ("alice", "bob", "alice")
        assert end.record.figures["quarantined_bits"] == length - 3 * 128 == len(sink.quarantined[number])
    for pool in ends.pools.values():
        # Three tags are spent, and nothing of the key has come for them.
        assert (pool.remaining("alice"), pool.remaining("bob")) == (LEVEL - 2, LEVEL - 1)
        assert pool.epsilon == 0.0
    assert set(ends.sinks["alice"].quarantined) == set(ends.sinks["bob"].quarantined)


def test_the_next_key_pays_for_what_a_quarantined_one_has_cost():
    ends = Ends()
    ends.run([bounded(1)], {"bob"})
    results = ends.run([bounded(2, 2000)])
    assert all(isinstance(messages[0], SecretBlock) for messages in results.values())
    for pool in ends.pools.values():
        assert pool.remaining("alice") == pool.remaining("bob") == LEVEL
    assert ends.sinks["alice"].confirmed == ends.sinks["bob"].confirmed


@pytest.mark.parametrize("faulty", [{"alice"}, {"bob"}, {"alice", "bob"}])
@pytest.mark.parametrize("frames", range(MESSAGES + 1))
def test_a_line_that_breaks_leaves_it_quarantined_at_both_ends_or_at_none(frames, faulty):
    ends = Ends()
    ends.run([bounded(1)], faulty, frames=frames)
    ends.meet()
    alice, bob = ends.sinks["alice"], ends.sinks["bob"]
    # Alice decides when Bob's tag has come; what Bob has put aside she never takes for a key.
    assert set(alice.quarantined) == set(bob.quarantined) == ({1} if frames >= 4 else set())
    for sink in (alice, bob):
        assert not sink.confirmed
        assert not sink.staged
    assert all(pool.epsilon == 0.0 for pool in ends.pools.values())


def test_what_a_false_alarm_costs_is_in_the_books_of_every_key():
    class Watched(MemorySink):
        def stage(self, key):
            self.epsilon = key.epsilon
            super().stage(key)

    ends = Ends()
    ends.sinks = {role: Watched(pool) for role, pool in ends.pools.items()}
    ends.steps = {role: Amplify(sink, Household(ends.pools[role], 0)) for role, sink in ends.sinks.items()}
    ends.run([bounded(1)])
    for sink in ends.sinks.values():
        assert 2e-10 + FALSE_ALARM <= sink.epsilon <= 2e-10 + 1.01 * FALSE_ALARM


def test_whole_sessions_quarantine_alike(monkeypatch):
    """From clicks on. Only Alice's hash is broken: she hashes after Bob."""
    seeds = set()

    def broken(key, seed, length):
        second = seed.to_bytes() in seeds
        seeds.add(seed.to_bytes())
        return Bits.zeros(length) if second else toeplitz_hash(key, seed, length)

    monkeypatch.setattr(amplification, "toeplitz_hash", broken)
    outcomes = links.link(links.bbm92_parameters("ldpc"), links.pair_recordings(1, 2, 10**11, 5.0))
    for outcome in outcomes.values():
        assert not outcome.keys
        assert not outcome.sink.staged
        assert set(outcome.sink.quarantined) == {1, 2}
        assert [end.outcome for end in outcome.ends] == ["refused", "refused"]
        assert all("does not look random" in end.reason for end in outcome.ends)
        assert [
            m.subject for m in outcome.messages if isinstance(m, Alarm) and m.name == "key-quarantined"
        ] == [
            "block 1",
            "block 2",
        ]
        assert all(end.record.figures["leak_bits"] > 0 for end in outcome.ends)
        assert all(len(end.record.tags) == 3 for end in outcome.ends)
