"""A key that did not look random: in the store, listed, and handed to nobody; nothing of it in the pool."""

from datetime import timedelta

import pytest

from postproc.authentication.pool import block_source
from qkdctl.errors import RecordingError
from qkdctl.keystore.audit import entries
from qkdctl.keystore.comparison import compare_stores
from qkdctl.keystore.entry import LABELS, key_id
from qkdctl.keystore.export import export_key
from qkdctl.keystore.pair import both_stores, import_shared_key, settle
from qkdctl.keystore.quarantine import quarantine
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.supply import ApplicationKey
from qkdctl.kme.matching import finish_spent
from tests.keystore.conftest import ORIGIN, SESSION, make_key, shared_key

NAME = key_id(SESSION, 1)


@pytest.fixture
def apart(store, sink):
    sink.stage(make_key(1))
    sink.quarantine(SESSION, 1)
    return store


def test_it_is_kept_and_listed(apart):
    entry = apart.entry(NAME)
    assert (entry.label, entry.state, entry.length_bits) == ("quarantined", "confirmed", 203)
    assert (entry.disclosed_bits, entry.authentication_bits) == (1001, 384)
    assert apart.value(NAME) == make_key(1).bits
    assert apart.fate(SESSION, 1) == "quarantined"
    assert apart.unsettled() == ()
    assert apart.level() == (0, 0)


def test_nobody_gets_it(apart, tmp_path):
    handed = []
    with pytest.raises(RecordingError, match="is quarantined: it did not look random"):
        apart.deliver(NAME, handed.append)
    with pytest.raises(RecordingError, match="is quarantined"):
        export_key(apart, NAME, tmp_path / "file")
    assert not handed
    assert list(tmp_path.glob("*file*")) + list(tmp_path.glob("*.part")) == []
    with apart.transaction() as connection:
        assert not apart.supply.open_block(connection, NAME, set(LABELS) - {"demonstration", "quarantined"})
        assert apart.supply.extents.free_bytes(connection) == 0
    assert apart.entry(NAME).state == "confirmed"


def test_nothing_of_it_is_in_the_pool(apart):
    assert [apart.pool.remaining(role) for role in ("alice", "bob")] == [40, 40]
    assert block_source(SESSION, 1) not in apart.pool.sources()
    assert apart.pool.epsilon == 0.0
    with pytest.raises(RecordingError, match="is not staged"):
        apart.confirm(SESSION, 1)


@pytest.mark.parametrize("end", ["confirm", "quarantine", "discard"])
def test_only_what_is_staged_is_put_aside(store, sink, end):
    sink.stage(make_key(1))
    getattr(sink, end)(SESSION, 1)
    with pytest.raises(RecordingError, match="is not staged"):
        sink.quarantine(SESSION, 1)


def test_a_key_that_was_doubted_later_had_been_confirmed(store, sink):
    """Its share of the pool is at both ends: the other end has to take it too."""
    sink.stage(make_key(1))
    sink.confirm(SESSION, 1)
    quarantine(store, NAME)
    assert store.fate(SESSION, 1) == "confirmed"
    assert store.level() == (0, 0)
    assert store.fate(SESSION, 2) == "none"


def application_key(name, *blocks):
    return ApplicationKey(name, "A", ("B",), 256, "{}", blocks)


def wait(store, *keys):
    with store.transaction() as connection:
        for key in keys:
            store.supply.wait(connection, key, bytes(32), timedelta(hours=1))


def open_and_spend(store, sink):
    """Two blocks: of the first all is cut, of the second something is left."""
    for block in (1, 2):
        sink.stage(make_key(block, 8 * 32))
        sink.confirm(SESSION, block)
    with store.transaction() as connection:
        for block in (1, 2):
            store.supply.open_block(connection, key_id(SESSION, block), {"recorded"})
        store.supply.extents.cut(connection, 40)
        finish_spent(connection)


@pytest.mark.parametrize("block", [1, 2])
def test_what_was_cut_from_it_and_waits_is_lost(store, sink, block):
    open_and_spend(store, sink)
    one, other = key_id(SESSION, block), key_id(SESSION, 3 - block)
    wait(store, application_key("k1", one), application_key("k2", other, one), application_key("k3", other))
    wait(store, application_key("had", one))
    with store.transaction() as connection:
        assert store.supply.collect(connection, "A", "B", ["had"])
    assert quarantine(store, one) == 2
    with store.transaction() as connection:
        states = {name: store.supply.state_of(connection, name) for name in ("k1", "k2", "k3", "had")}
        log = list(entries(connection))
    assert states == {"k1": "lost", "k2": "lost", "k3": "waiting", "had": "collected"}
    # And the log leads from the block to who had something of it.
    names = {entry["key"] for entry in log if one in entry.get("cut_from", ())}
    assert [(e["key"], e["sae"]) for e in log if e["event"] == "collected" and e["key"] in names] == [
        ("had", "B")
    ]
    if block == 1:
        with pytest.raises(RecordingError, match="was delivered before"):
            quarantine(store, one)


def test_it_outlives_the_program(apart, path):
    with KeyStore(path, "alice", wait_s=0.1) as again:
        assert again.entry(NAME).label == "quarantined"


@pytest.mark.parametrize("first", ["alice", "bob"])
def test_one_sided_ends_are_settled(tmp_path, first):
    with both_stores(tmp_path / "keys") as stores:
        import_shared_key(stores, shared_key())
        for store in stores.values():
            for block in (1, 2):
                store.stage(make_key(block), "secret", ORIGIN)
            store.confirm(SESSION, 2)
        stores[first].quarantine(SESSION, 1)
        settle(stores)
        for store in stores.values():
            assert store.fate(SESSION, 1) == "quarantined"
            assert store.fate(SESSION, 2) == "confirmed"
    compared = compare_stores(tmp_path / "keys")
    assert compared["complaints"] == []
    assert compared["keys"] == 2
