"""The last step: the same key at both ends, stored in the right order, or none."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.amplification import stage as amplification
from postproc.amplification.refill import Household
from postproc.amplification.stage import CLOSING_BYTES, Amplify
from postproc.authentication.memory_pool import MemoryPool
from postproc.authentication.pool import KeyName, block_source
from postproc.authentication.wegman_carter import Authenticator, forgery_bound
from postproc.bits import Bits
from postproc.blocks import BoundedBlock, SecretBlock
from postproc.conversation.conversation import Conversation
from postproc.conversation.frames import unpack
from postproc.conversation.messages import decode
from postproc.conversation.record import BlockRecord
from postproc.entropy import SystemEntropy
from postproc.estimation.proof import Bound, Epsilon
from postproc.outcome import BlockEnded
from postproc.reference.toeplitz import toeplitz_hash as oracle
from postproc.runner import direct, run_pair
from postproc.secretsink import MemorySink

SHARED_KEY = np.random.default_rng(3).bytes(1024)
LEVEL = (1024 - 48) // 32


def bounded(key: Bits, secret_bits: int, number: int = 1) -> BoundedBlock:
    return BoundedBlock(BlockRecord(bytes(16), number), key, Bound(secret_bits, Epsilon(1e-10, 1e-10), {}))


class Ends:
    """Two parties at the last step."""

    def __init__(self):
        self.pools = {role: MemoryPool(SHARED_KEY) for role in ("alice", "bob")}
        self.sinks = {role: MemorySink(pool) for role, pool in self.pools.items()}
        self.steps = {
            role: Amplify(sink, Household(self.pools[role], 0)) for role, sink in self.sinks.items()
        }

    def run(self, alice, bob, wire=direct):
        chains = []
        for role, pool in self.pools.items():
            script, authenticator = getattr(self.steps[role], role), Authenticator(role, pool)
            stage = Conversation("amplify", role, BoundedBlock, script, SystemEntropy(), authenticator)
            chains.append([stage])
        results = {"alice": [], "bob": []}
        for role, message in run_pair(*chains, alice, bob, wire):
            results[role].append(message)
        return results


def random_key(n: int) -> Bits:
    return Bits.from_bytes(np.random.default_rng(n).bytes((n + 7) // 8), n)


@given(st.integers(400, 1500), st.integers(385, 399))
def test_both_ends_hold_the_toeplitz_hash_under_the_announced_seed(n, length):
    ends = Ends()
    key = random_key(n)
    frames = []
    results = ends.run(
        [bounded(key, length)], [bounded(key, length)], lambda who, f: frames.append(unpack(f)) or (f,)
    )
    from postproc.amplification.stage import Seed

    seed = decode(frames[0].payload, Seed)
    whole = oracle(key, seed.seed, length)
    for role, sink in ends.sinks.items():
        assert isinstance(results[role][0], SecretBlock)
        assert sink.confirmed[1] == whole.slice(384, length)
        assert sink.staged == {}
        # What the tags used up came back out of the key: two keys for Alice's words, one for Bob's.
        pool = ends.pools[role]
        assert pool.remaining("alice") == pool.remaining("bob") == LEVEL
        source = block_source(bytes(16), 1)
        assert pool.peek("alice", KeyName(source, 0)) == whole.slice(0, 128).to_bytes()
        assert pool.peek("alice", KeyName(source, 1)) == whole.slice(128, 256).to_bytes()
        assert pool.peek("bob", KeyName(source, 0)) == whole.slice(256, 384).to_bytes()
        record = results[role][0].record
        assert record.tags == ("alice", "bob", "alice")


def test_a_net_that_is_not_positive_is_refused():
    ends = Ends()
    key = random_key(1000)
    for items in ends.run([bounded(key, 384)], [bounded(key, 384)]).values():
        assert isinstance(items[0], BlockEnded)
        assert items[0].outcome == "refused"
    assert not any(sink.confirmed or sink.staged for sink in ends.sinks.values())


def test_ends_that_computed_different_lengths_make_no_key():
    ends = Ends()
    key = random_key(1000)
    for items in ends.run([bounded(key, 500)], [bounded(key, 501)]).values():
        assert isinstance(items[0], BlockEnded)
    assert not any(sink.confirmed for sink in ends.sinks.values())


@pytest.mark.parametrize("lost", range(6))
def test_a_lost_word_never_leaves_bob_ahead_of_alice(lost):
    """Frames: seed, tag, staged, tag, done, tag."""
    ends = Ends()
    key = random_key(1000)
    count = iter(range(100))
    ends.run([bounded(key, 600)], [bounded(key, 600)], lambda who, f: () if next(count) == lost else (f,))
    alice, bob = ends.sinks["alice"], ends.sinks["bob"]
    assert not bob.confirmed
    assert set(alice.confirmed) == ({1} if lost >= 4 else set())
    assert set(bob.staged) == ({1} if lost >= 2 else set())
    for block in alice.confirmed.keys() & bob.staged.keys():
        assert alice.confirmed[block] == bob.staged[block]


def test_a_wrong_transcript_digest_is_not_accepted():
    """Bob's own words are changed before they are tagged: only Alice's comparison can notice."""
    from postproc.amplification.stage import Staged
    from postproc.conversation.messages import encode

    def wire(who, data):
        frame = unpack(data)
        if who == "bob" and frame.sequence == 0:
            said = decode(frame.payload, Staged)
            changed = msgspec.structs.replace(said, transcript=bytes(32))
            return (msgspec.msgpack.encode(msgspec.structs.replace(frame, payload=encode(changed))),)
        return (data,)

    ends = Ends()
    key = random_key(1000)
    results = ends.run([bounded(key, 600)], [bounded(key, 600)], wire)
    assert isinstance(results["alice"][0], BlockEnded)
    assert not ends.sinks["alice"].confirmed


def test_the_seed_is_drawn_after_the_length_is_fixed_and_is_fresh():
    seeds = set()
    for _ in range(3):
        frames = []
        ends = Ends()
        key = random_key(1000)
        ends.run([bounded(key, 500)], [bounded(key, 500)], lambda who, f, to=frames: to.append(f) or (f,))
        seeds.add(frames[0])
    assert len(seeds) == 3


def test_tags_spent_in_vain_are_refilled_by_later_blocks():
    ends = Ends()
    key = random_key(2000)
    first, second = (bounded(key, 1000, number) for number in (1, 2))
    ends.run([first], [first], lambda who, data: () if who == "bob" else (data,))
    assert ends.pools["bob"].remaining("bob") == LEVEL - 1
    ends.run([second], [second])
    for pool in ends.pools.values():
        assert pool.remaining("alice") >= LEVEL
        assert pool.remaining("bob") >= LEVEL


def test_a_debt_that_is_forgotten_is_noticed(monkeypatch):
    """The test above has teeth."""
    monkeypatch.setattr(Household, "owe", lambda self, spent: None)
    with pytest.raises(AssertionError):
        test_tags_spent_in_vain_are_refilled_by_later_blocks()


class WatchedSink(MemorySink):
    """Keeps the last key as it was staged."""

    def stage(self, key):
        self.key = key
        super().stage(key)


def staged(block):
    ends = Ends()
    ends.sinks = {role: WatchedSink(pool) for role, pool in ends.pools.items()}
    ends.steps = {role: Amplify(sink, Household(ends.pools[role], 0)) for role, sink in ends.sinks.items()}
    ends.run([block], [block])
    return [sink.key for sink in ends.sinks.values()]


def test_tags_before_this_step_are_written_on_the_key():
    """Such as the answer that settled what a broken session had left open."""
    block = bounded(random_key(1000), 600)
    before = msgspec.structs.replace(block.record, tags=("alice",), epsilon_authentication=1e-12)
    for key in staged(msgspec.structs.replace(block, record=before)):
        assert key.authentication_bits == 4 * 128
        assert key.epsilon == pytest.approx(2e-10 + 1e-12 + 1e-15, rel=1e-9, abs=0)


def test_three_tags_are_part_of_what_a_key_may_fail_by(monkeypatch):
    """Next to eps_sec they vanish in rounding; so alone."""
    monkeypatch.setattr(amplification, "FALSE_ALARM", 0.0)
    block = bounded(random_key(1000), 600)
    nothing = msgspec.structs.replace(block.bound, epsilon=Epsilon(0.0, 0.0))
    for key in staged(msgspec.structs.replace(block, bound=nothing)):
        assert 3 * forgery_bound(CLOSING_BYTES) <= key.epsilon <= 3 * forgery_bound(CLOSING_BYTES + 1000)
