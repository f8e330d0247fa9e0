"""Hash keys rotate: in step at both ends, bounded in number and in time, and no key is used twice."""

from collections import Counter
from dataclasses import replace

import pytest

from postproc.amplification.refill import Household, Refill, Rotation
from postproc.amplification.stage import Seed
from postproc.authentication.memory_pool import MemoryPool
from postproc.authentication.pool import KeyName, block_source
from postproc.blocks import SecretBlock
from postproc.conversation.frames import unpack
from postproc.conversation.messages import TranscriptTag, decode
from postproc.errors import InputError, PoolExhausted, ProtocolViolation
from postproc.parameters.stages import Authentication
from qkdctl.keystore.store import KeyStore
from tests.authentication.conftest import SHARED_KEY
from tests.support import links

SOURCE = SHARED_KEY[:16]
ONE, TWO, THREE, FOUR = (block_source(b"session", block) for block in range(4))


def keys(value, n=3):
    return {"alice": value * 16 * n, "bob": value.upper() * 16 * n}


def test_a_source_may_bring_hash_keys_of_its_own(make_pool):
    pool = make_pool()
    first = pool.hash_key("alice")
    pool.refill(ONE, keys(b"a"), ONE)
    assert pool.hash_key("alice") == b"a" * 16
    assert pool.hash_key("bob") == b"A" * 16
    # Of three keys one was the hash key.
    assert pool.remaining("alice") == 102
    # What came before goes on under the key that it came with.
    assert pool.hash_key("alice", SOURCE) == first
    assert pool.hash_key("bob", ONE) == b"A" * 16
    assert pool.hash_keys() == (ONE, 2, 0.0)


def test_a_source_may_serve_under_the_hash_keys_of_another(make_pool):
    pool = make_pool()
    first = pool.hash_key("alice")
    pool.refill(ONE, keys(b"a"), ONE)
    pool.refill(TWO, keys(b"b"), SOURCE)
    pool.refill(THREE, keys(b"c"))
    assert pool.hash_key("alice", TWO) == first
    assert pool.hash_key("alice", THREE) == b"a" * 16
    assert pool.hash_keys(SOURCE).tags == 103
    assert pool.hash_keys(ONE).tags == 2 + 3


def test_a_source_cannot_serve_under_hash_keys_that_are_not_here(make_pool):
    pool = make_pool()
    with pytest.raises(InputError, match="never had them"):
        pool.refill(ONE, keys(b"a"), TWO)
    with pytest.raises(PoolExhausted, match="never had them"):
        pool.hash_key("alice", ONE)
    assert pool.remaining("alice") == 100
    pool.refill(ONE, keys(b"a"), ONE)


def test_a_source_that_brings_no_hash_key_for_a_direction_changes_nothing(make_pool):
    pool = make_pool()
    with pytest.raises(InputError, match="no hash key"):
        pool.refill(ONE, {"alice": b"a" * 32, "bob": b""}, ONE)
    assert pool.hash_keys().source == SOURCE
    assert pool.remaining("alice") == 100


def test_hash_keys_go_once_nothing_serves_under_them(make_pool):
    pool = make_pool()
    pool.refill(ONE, keys(b"a"), ONE)
    for sender in ("alice", "bob"):
        for _ in range(100):
            pool.take(sender)
    pool.refill(TWO, keys(b"b"), TWO)
    pool.refill(THREE, keys(b"c"), THREE)
    with pytest.raises(PoolExhausted, match="put them away"):
        pool.hash_keys(SOURCE)
    # The keys of the first block are not used up.
    assert pool.hash_key("alice", ONE) == b"a" * 16
    assert pool.peek("bob", KeyName(ONE, 0)) == b"A" * 16


def test_hash_keys_grow_old(make_pool, clock):
    pool = make_pool()
    clock.seconds = 100.0
    assert pool.hash_keys() == (SOURCE, 100, 100.0)
    pool.refill(ONE, keys(b"a"), ONE)
    clock.seconds = 150.0
    assert pool.hash_keys().age_s == 50.0
    assert pool.hash_keys(SOURCE).age_s == 150.0


def test_rotation_is_due_by_number_and_by_time(make_pool, clock):
    pool = make_pool()
    house = Household(pool, 0, Rotation(tags=102, seconds=1000.0))
    assert house.plan(ONE, 10_000) == Refill({"alice": 2, "bob": 1}, SOURCE)
    clock.seconds = 1000.0
    assert house.plan(ONE, 10_000) == Refill({"alice": 3, "bob": 2}, ONE)
    clock.seconds = -1.0  # a clock that was set back tells nothing of an age
    assert house.plan(ONE, 10_000).hash_source == ONE
    clock.seconds = 0.0
    pool.refill(ONE, keys(b"a"))
    assert house.plan(TWO, 10_000).hash_source == TWO


def test_bob_holds_alice_to_the_number(make_pool):
    house = Household(make_pool(), 0, Rotation(tags=102, seconds=1000.0))
    house.check(Refill({"alice": 2, "bob": 2}, SOURCE), ONE, 10_000)
    for wrong, sentence in (
        (Refill({"alice": 3, "bob": 2}, SOURCE), "more than the agreed 102"),
        (Refill({"alice": 2, "bob": 2}, TWO), "never had them"),
        (Refill({"alice": 2, "bob": 0}, ONE), "no hash key"),
        (Refill({"alice": 70, "bob": 70}, ONE), "nothing would be left"),
    ):
        with pytest.raises(ProtocolViolation, match=sentence):
            house.check(wrong, ONE, 10_000)


def test_a_rotation_outlives_a_crash_or_did_not_happen(tmp_path):
    """Staged, it is nothing; confirmed, it is there when the store is opened again."""
    from qkdctl.keystore.entry import Origin
    from tests.keystore.conftest import make_key

    origin = Origin("s", "bbm92", "p", ())
    key = replace_refill(make_key(1))
    path = tmp_path / "bob.sqlite"
    with KeyStore(path, "bob") as store:
        store.pool.import_shared_key(SHARED_KEY)
        store.stage(key, "secret", origin)
    with KeyStore(path, "bob") as store:
        assert store.pool.hash_keys().source == SOURCE
        store.confirm(key.session, key.block)
    with KeyStore(path, "bob") as store:
        assert store.pool.hash_keys()[:2] == (key.source, 2)
        assert store.pool.hash_key("alice") == b"a" * 16
        assert store.pool.hash_key("alice", SOURCE) == SHARED_KEY[16:32]


def replace_refill(key):
    import msgspec

    return msgspec.structs.replace(key, refill=keys(b"a"), hash_source=key.source)


PARAMETERS = replace(
    links.bbm92_parameters("cascade"), authentication=Authentication(reserve_tags=4, rotate_tags=128)
)


def session(pools, recordings, seed):
    said = []

    def wire(sender, frame):
        said.append((sender, unpack(frame)))
        return (frame,)

    outcomes = links.link(PARAMETERS, recordings, wire=wire, seed=seed, pools=pools)
    assert all(isinstance(end, SecretBlock) for outcome in outcomes.values() for end in outcome.ends)
    return said


def test_both_ends_rotate_in_step_and_every_tag_still_fits():
    """A key of 126 one-time keys, and 128 tags to a hash key: each session brings new ones."""
    pools = {role: MemoryPool(links.SHARED_KEY) for role in links.EVERYTHING}
    recordings = links.pair_recordings(1, 2, 10**11, 5.0)
    used, brought = Counter(), []
    names = set()
    for n in range(3):
        for sender, frame in session(pools, recordings, b"%d" % n):
            if b"TranscriptTag" in frame.payload[:20]:
                tag = decode(frame.payload, TranscriptTag)
                assert (sender, tag.source, tag.number) not in names
                names.add((sender, tag.source, tag.number))
                used[sender, pools["bob"]._hash_source[tag.source]] += 1
            elif b"Seed" in frame.payload[:8]:
                seed = decode(frame.payload, Seed)
                brought.append(seed.hash_source == block_source(frame.session, frame.block))
    assert any(brought)
    assert not all(brought)
    assert pools["alice"].hash_keys() == pools["bob"].hash_keys()
    assert pools["alice"].hash_keys().source != links.SHARED_KEY[:16]
    for sender in links.EVERYTHING:
        assert pools["alice"].hash_key(sender) == pools["bob"].hash_key(sender)
        assert pools["alice"].remaining(sender) == pools["bob"].remaining(sender)
    assert max(used.values()) <= 128


def test_with_a_limit_below_what_the_pool_keeps_every_block_rotates():
    pools = {role: MemoryPool(links.SHARED_KEY) for role in links.EVERYTHING}
    parameters = replace(PARAMETERS, authentication=Authentication(reserve_tags=16, rotate_tags=32))
    outcomes = links.link(parameters, links.pair_recordings(1, 2, 10**11, 5.0), pools=pools)
    for outcome in outcomes.values():
        assert all(isinstance(end, SecretBlock) for end in outcome.ends)
        assert outcome.pool.hash_keys().source == block_source(outcome.ends[-1].record.session, 2)
        assert [end.refill_bits for end in outcome.ends] == [5 * 128, 5 * 128]
