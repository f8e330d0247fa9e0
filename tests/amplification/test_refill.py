"""What of a key goes to the pool, and when no key may be made any more."""

from dataclasses import replace

import numpy as np
import pytest

from postproc.amplification.refill import Household, Refill, Rotation
from postproc.amplification.stage import Amplify, Seed
from postproc.authentication.memory_pool import MemoryPool
from postproc.authentication.pool import block_source
from postproc.authentication.wegman_carter import Authenticator
from postproc.bits import Bits
from postproc.blocks import BoundedBlock, SecretBlock
from postproc.conversation.conversation import Conversation
from postproc.conversation.frames import unpack
from postproc.conversation.messages import Abort, decode
from postproc.conversation.record import BlockRecord
from postproc.entropy import SystemEntropy
from postproc.errors import BlockRefused, PoolExhausted, ProtocolViolation
from postproc.estimation.proof import Bound, Epsilon
from postproc.outcome import BlockEnded
from postproc.parameters.stages import Authentication
from postproc.secretsink import MemorySink
from qkdctl.keystore.store import KeyStore
from tests.support import links

EPSILON = 1.0001e-6
"""Of each block of the tests' links: eps_sec and eps_cor."""


def limited(budget):
    parameters = links.bbm92_parameters("cascade")
    assert parameters.security.eps_sec + parameters.security.eps_cor == pytest.approx(EPSILON)
    return replace(parameters, authentication=Authentication(reserve_tags=4, epsilon_budget=budget))


def run(budget, pools):
    return links.link(limited(budget), links.pair_recordings(1, 2, 10**11, 5.0), pools=pools)


def test_a_key_beyond_the_budget_is_refused_at_both_ends():
    """Enough for one block and a half."""
    pools = {role: MemoryPool(links.SHARED_KEY) for role in links.EVERYTHING}
    for outcome in run(1.5 * EPSILON, pools).values():
        first, second = outcome.ends
        assert isinstance(first, SecretBlock)
        assert isinstance(second, BlockEnded)
        assert second.outcome == "refused"
        assert "give both parties a new pre-shared key" in second.reason
        assert list(outcome.keys) == [1]
        assert outcome.sink.staged == {}
        assert first.record.figures["epsilon_since_pre_shared_key"] == outcome.pool.epsilon
        assert outcome.pool.epsilon == pytest.approx(EPSILON)
    # And what is spent stays spent.
    with pytest.raises(PoolExhausted, match="budget"):
        run(0.9 * EPSILON, pools)


def test_the_sum_is_that_of_all_keys():
    pools = {role: MemoryPool(links.SHARED_KEY) for role in links.EVERYTHING}
    for outcome in run(1.0, pools).values():
        said = [end.record.figures["epsilon"] for end in outcome.ends]
        assert len(said) == 2
        assert outcome.pool.epsilon == pytest.approx(sum(said), rel=1e-12)
        assert said == pytest.approx([EPSILON] * 2)


def test_a_store_keeps_the_sum_until_a_new_pre_shared_key(tmp_path):
    path = tmp_path / "bob.sqlite"
    with KeyStore(path, "bob") as store:
        assert store.pool.epsilon == 0
        store.pool.import_shared_key(links.SHARED_KEY)
        for block in (1, 2):
            store.pool.refill(block_source(b"", block), {"alice": bytes(16), "bob": b""}, epsilon=1e-10)
    with KeyStore(path, "bob") as store:
        assert store.pool.epsilon == pytest.approx(2e-10)
        store.pool.import_shared_key(links.SHARED_KEY[::-1])
        assert store.pool.epsilon == 0


def test_a_budget_is_held_to_the_last_bit():
    pool = MemoryPool(links.SHARED_KEY)
    pool.refill(block_source(b"", 1), {"alice": b"", "bob": b""}, epsilon=0.5)
    house = Household(pool, 0, epsilon_budget=0.75)
    granted = house.afford(0.25)
    granted.__enter__()
    # What is under way counts as well.
    with pytest.raises(BlockRefused, match=r"0\.001.*0\.75.*0\.75 is spent"), house.afford(0.001):
        pass
    granted.__exit__(None, None, None)
    with pytest.raises(BlockRefused, match=r"0\.26.*0\.75.*0\.5 is spent"), house.afford(0.26):
        pass


def bounded(number):
    key = Bits.from_bytes(np.random.default_rng(number).bytes(250), 2000)
    return BoundedBlock(BlockRecord(bytes(16), number), key, Bound(1000, Epsilon(1e-10, 1e-10), {}))


def alone(role, house):
    """A party's last step; what it says reaches nobody."""
    step = Amplify(MemorySink(house.pool), house)
    script, authenticator = getattr(step, role), Authenticator(role, house.pool)
    return Conversation("amplify", role, BoundedBlock, script, SystemEntropy(), authenticator)


@pytest.mark.parametrize("role", links.EVERYTHING)
def test_blocks_under_way_together_do_not_exceed_the_budget(role):
    house = Household(MemoryPool(links.SHARED_KEY), 0, epsilon_budget=3e-10)
    stage = alone(role, house)
    assert not [message for port, message in stage.feed("in", bounded(1)) if port == "out"]
    second = [message for _, message in stage.feed("in", bounded(2))]
    list(stage.finish())
    assert any(isinstance(decode(unpack(m).payload, Abort), Abort) for m in second if isinstance(m, bytes))
    # They have ended without a key: all of it is free again.
    with house.afford(2.9e-10):
        pass


def test_blocks_under_way_together_do_not_wear_a_hash_key_beyond_its_number():
    house = Household(MemoryPool(links.SHARED_KEY), 0, Rotation(tags=126 + 4))
    stage = alone("alice", house)
    seeds = []
    for number in (1, 2, 3):
        said = [m for port, m in stage.feed("in", bounded(number)) if port == "peer"]
        seeds.append(decode(unpack(said[0]).payload, Seed))
    own = [seed.hash_source == block_source(bytes(16), n) for n, seed in enumerate(seeds, 1)]
    # Two tags each are put under the old one; then there is no room.
    assert own == [False, False, True]


ONE = block_source(bytes(16), 1)


def nearly_empty():
    pool = MemoryPool(links.SHARED_KEY)
    for _ in range(pool.remaining("alice")):
        pool.take("alice")
    return pool


@pytest.mark.parametrize("owed", [0, 40])
@pytest.mark.parametrize("pool", [nearly_empty, MemoryPool], ids=["nearly empty", "not begun"])
def test_the_refill_that_brings_a_hash_key_does_not_wear_it_beyond_its_number(pool, owed):
    house = Household(pool(), 64, Rotation(tags=32))
    house.owe({"alice": owed, "bob": owed})
    refill = house.plan(ONE, 200_000)
    assert refill.hash_source == ONE
    # A hash key, and keys for 32 tags.
    assert max(refill.keys.values()) == 33
    house.check(refill, ONE, 200_000)


def test_what_a_hash_key_cannot_serve_for_yet_stays_owed():
    house = Household(nearly_empty(), 64, Rotation(tags=32))
    house.owe({"alice": 40, "bob": 0})
    house.plan(ONE, 200_000)
    assert house.owed == {"alice": 40 + 2 - 32, "bob": 0}


def test_bob_holds_alice_to_the_number_where_she_brings_a_hash_key_too():
    house = Household(MemoryPool(links.SHARED_KEY), 64, Rotation(tags=32))
    house.check(Refill({"alice": 33, "bob": 33}, ONE), ONE, 10**6)
    with pytest.raises(ProtocolViolation, match="more than the agreed 32 tags"):
        house.check(Refill({"alice": 60, "bob": 60}, ONE), ONE, 10**6)


def test_a_debt_larger_than_a_key_is_paid_by_many():
    """Before, it kept every later block from becoming key."""
    house = Household(MemoryPool(links.SHARED_KEY), 0)
    house.owe({"alice": 9, "bob": 5})
    paid = []
    while sum(house.owed.values()):
        with house.planned(block_source(b"", len(paid)), 1000) as refill:
            assert refill.bits < 1000
            paid.append(sum(refill.keys.values()) - 3)
    assert paid == [4, 4, 4, 2]


def test_a_block_that_fails_gives_its_debt_back():
    house = Household(MemoryPool(links.SHARED_KEY), 0)
    house.owe({"alice": 3, "bob": 0})
    planned = house.planned(block_source(b"", 1), 2000)
    planned.__enter__()
    assert house.owed == {"alice": 0, "bob": 0}
    assert planned.__exit__(ZeroDivisionError, ZeroDivisionError(), None) is False
    assert house.owed == {"alice": 3 + 2, "bob": 1}
    assert house.under_way == []
