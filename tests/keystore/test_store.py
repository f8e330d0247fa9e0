"""Keys are staged, confirmed and delivered, once each."""

import hashlib
from uuid import UUID

import pytest

from postproc.authentication.pool import KeyName
from qkdctl.errors import RecordingError
from qkdctl.keystore.entry import KeyEntry, key_id
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import ORIGIN, SESSION, filler, make_key

NAME = key_id(SESSION, 1)


def taken(store, name=NAME):
    held = []
    store.deliver(name, held.append)
    return held[0]


def test_a_key_goes_its_way_and_keeps_its_bits(store, sink):
    key = make_key(1)
    sink.stage(key)
    assert [entry.state for entry in store.entries()] == ["staged"]
    sink.confirm(SESSION, 1)
    assert [entry.state for entry in store.entries()] == ["confirmed"]
    assert store.value(NAME) == key.bits
    assert taken(store) == key.bits
    assert [entry.state for entry in store.entries()] == ["delivered"]


def test_all_that_belongs_to_a_key_is_kept(store, sink):
    sink.stage(make_key(1))
    assert store.entries() == [
        KeyEntry(
            id=NAME,
            session=SESSION.hex(),
            block=1,
            state="staged",
            label="recorded",
            length_bits=203,
            made_at=store.entries()[0].made_at,
            origin=ORIGIN,
            disclosed_bits=1001,
            authentication_bits=384,
            epsilon=2e-10,
        )
    ]
    assert store.entries()[0].made_at.startswith("2026-01-01T0")
    assert store.entry(NAME) == store.entries()[0]
    assert store.entry("nothing") is None


def test_keys_are_listed_as_they_came(store, sink):
    for block in (3, 1, 2):
        sink.stage(make_key(block))
    assert [entry.block for entry in store.entries()] == [3, 1, 2]


def test_a_staged_key_feeds_nothing_until_it_is_confirmed(store, sink):
    sink.stage(make_key(1))
    assert store.pool.remaining("alice") == 40
    sink.confirm(SESSION, 1)
    assert store.pool.remaining("alice") == 42
    assert store.pool.remaining("bob") == 41
    assert store.pool.peek("alice", KeyName(make_key(1).source, 1)) == filler("alice 1", 32)[16:]


def test_a_block_has_one_key(sink):
    sink.stage(make_key(1))
    with pytest.raises(RecordingError, match="block 1 of this session has a key"):
        sink.stage(make_key(1))
    sink.confirm(SESSION, 1)
    with pytest.raises(RecordingError, match="has a key"):
        sink.stage(make_key(1))


@pytest.mark.parametrize("before", [[], ["confirm"], ["confirm", "deliver"]])
def test_only_what_is_staged_is_confirmed(store, sink, before):
    if before:
        sink.stage(make_key(1))
    if "confirm" in before:
        sink.confirm(SESSION, 1)
    if "deliver" in before:
        taken(store)
    left = store.pool.remaining("alice")
    with pytest.raises(RecordingError, match="not staged"):
        sink.confirm(SESSION, 1)
    assert store.pool.remaining("alice") == left


def test_only_what_is_confirmed_is_delivered_and_only_once(store, sink):
    with pytest.raises(RecordingError, match="does not exist"):
        taken(store)
    sink.stage(make_key(1))
    with pytest.raises(RecordingError, match="is not confirmed"):
        taken(store)
    sink.confirm(SESSION, 1)
    taken(store)
    with pytest.raises(RecordingError, match="was delivered before"):
        taken(store)
    with pytest.raises(RecordingError, match="was delivered"):
        store.value(NAME)


def test_a_delivery_that_fails_leaves_the_key(store, sink):
    sink.stage(make_key(1))
    sink.confirm(SESSION, 1)
    with pytest.raises(KeyboardInterrupt):
        store.deliver(NAME, lambda bits: (_ for _ in ()).throw(KeyboardInterrupt))
    assert taken(store) == make_key(1).bits


def test_only_what_is_staged_is_discarded(store, sink):
    for block in (1, 2):
        sink.stage(make_key(block))
    sink.confirm(SESSION, 1)
    for block in (1, 2, 3):
        store.discard(SESSION, block)
    assert [entry.block for entry in store.entries()] == [1]
    sink.stage(make_key(2))


def test_a_store_outlives_its_process(path, store, sink):
    sink.stage(make_key(1))
    sink.confirm(SESSION, 1)
    store.pool.take("alice")
    with KeyStore(path, "alice") as again:
        assert again.value(NAME) == make_key(1).bits
        assert again.pool.take("alice")[0].number == 1


def test_a_new_shared_key_begins_the_pool_anew(store, sink):
    sink.stage(make_key(1))
    store.pool.take("alice")
    fresh = filler("fresh", 48 + 32 * 5)
    store.pool.import_shared_key(fresh)
    assert store.pool.hash_key("bob") == fresh[32:48]
    assert store.pool.take("alice") == (KeyName(fresh[:16], 0), fresh[48:64])
    assert store.pool.remaining("bob") == 5
    # The other end's new pool will never hold what this block would add.
    sink.confirm(SESSION, 1)
    assert store.pool.remaining("bob") == 5
    assert store.value(NAME) == make_key(1).bits


def test_keys_are_named_alike_everywhere_and_never_twice():
    names = {key_id(session, block) for session in (b"a", b"b") for block in range(50)}
    assert len(names) == 100
    digest = hashlib.sha256(b"qkdctl key" + SESSION + b"\0\0\0\0\0\0\0\1").hexdigest()
    assert key_id(SESSION, 1).replace("-", "")[:12] == digest[:12]
    assert UUID(key_id(SESSION, 1)).version == 5


def test_what_a_key_may_fail_by_is_in_the_pool_once_it_is_confirmed(store, sink):
    for block in (1, 2):
        sink.stage(make_key(block))
    assert store.pool.epsilon == 0.0
    sink.confirm(SESSION, 1)
    assert store.pool.epsilon == 2e-10
    sink.confirm(SESSION, 2)
    assert store.pool.epsilon == 4e-10
