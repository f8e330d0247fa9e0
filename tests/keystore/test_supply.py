"""Application keys: once to the master, once to each receiver, to nobody else, and not for ever."""

from datetime import UTC, datetime, timedelta

import pytest

from qkdctl.errors import KeyExists, NotAReceiver, RecordingError, UnknownKey
from qkdctl.keystore.audit import entries
from qkdctl.keystore.entry import LABELS, NEVER
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.supply import ApplicationKey
from tests.keystore.conftest import ORIGIN, SESSION, filler, make_key

HOUR = timedelta(hours=1)


class Clock:
    def __init__(self):
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def supplied(path, clock):
    with KeyStore(path, "alice", clock) as store:
        yield store


def key(name="k1", receivers=("B",), master="A"):
    return ApplicationKey(name, master, receivers, 256, '["qkd"]')


def wait(store, *keys):
    with store.transaction() as connection:
        for one in keys:
            store.supply.wait(connection, one, filler(one.id, 32), HOUR)


def collect(store, sae, *names, master="A"):
    with store.transaction() as connection:
        return [one.value.reveal() for one in store.supply.collect(connection, master, sae, names)]


def states(store):
    with store.transaction() as connection:
        return {row["id"]: row["state"] for row in connection.execute("SELECT id, state FROM supply")}


def events(store):
    with store.transaction() as connection:
        return [entry["event"] for entry in entries(connection)]


def test_a_key_is_collected_once(supplied):
    wait(supplied, key())
    assert states(supplied) == {"k1": "waiting"}
    assert collect(supplied, "B", "k1") == [filler("k1", 32)]
    assert states(supplied) == {"k1": "collected"}
    with pytest.raises(UnknownKey):
        collect(supplied, "B", "k1")
    assert events(supplied) == ["waits", "collected"]


def test_each_receiver_has_it_once_and_then_its_value_goes(supplied):
    wait(supplied, key(receivers=("B", "C")))
    assert collect(supplied, "C", "k1") == [filler("k1", 32)]
    with pytest.raises(UnknownKey):
        collect(supplied, "C", "k1")
    assert collect(supplied, "B", "k1") == [filler("k1", 32)]
    with supplied.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM waiting").fetchone()[0] == 0


def test_all_are_collected_or_none(supplied):
    wait(supplied, key("k1"), key("k2"), key("k3", ("C",)))
    with pytest.raises(UnknownKey):
        collect(supplied, "B", "k1", "unknown")
    with pytest.raises(NotAReceiver):
        collect(supplied, "B", "k1", "k3")
    assert collect(supplied, "B", "k2", "k1") == [filler("k2", 32), filler("k1", 32)]
    assert collect(supplied, "C", "k3") == [filler("k3", 32)]


def test_only_who_is_named_collects_and_only_from_the_master_who_is_named(supplied):
    wait(supplied, key())
    with pytest.raises(NotAReceiver):
        collect(supplied, "C", "k1")
    with pytest.raises(NotAReceiver):
        collect(supplied, "A", "k1")
    with pytest.raises(UnknownKey):
        collect(supplied, "B", "k1", master="C")
    assert collect(supplied, "B", "k1")


def test_a_name_is_used_once(supplied):
    wait(supplied, key())
    with pytest.raises(RecordingError, match="already"), supplied.transaction() as connection:
        supplied.supply.record(connection, key())


def test_what_nobody_collects_expires(supplied, clock):
    wait(supplied, key("k1"), key("k2", ("B", "C")))
    collect(supplied, "C", "k2")
    clock.time += HOUR + timedelta(seconds=1)
    with supplied.transaction() as connection:
        assert supplied.supply.expire(connection) == 2
    for name in ("k1", "k2"):
        with pytest.raises(UnknownKey):
            collect(supplied, "B", name)
    assert states(supplied) == {"k1": "expired", "k2": "expired"}


def test_what_has_expired_is_not_handed_out_although_nobody_swept(supplied, clock):
    wait(supplied, key("k1"))
    clock.time += HOUR + timedelta(seconds=1)
    with pytest.raises(UnknownKey):
        collect(supplied, "B", "k1")
    assert states(supplied) == {"k1": "waiting"}


def test_what_waits_is_counted_by_receiver(supplied):
    wait(supplied, key("k1"), key("k2", ("B", "C")))
    collect(supplied, "C", "k2")
    with supplied.transaction() as connection:
        assert supplied.supply.waiting(connection) == {"B": 2}


def confirmed(store, *labels):
    for block, label in enumerate(labels):
        store.stage(make_key(block), label, ORIGIN)
        store.confirm(SESSION, block)
    return {entry.label: entry.id for entry in store.entries()}


def opened(store, name, labels):
    with store.transaction() as connection:
        return store.supply.open_block(connection, name, labels)


def test_only_keys_with_these_labels_are_opened(supplied):
    names = confirmed(supplied, *LABELS)
    assert [label for label in LABELS if opened(supplied, names[label], {"secret"})] == ["secret"]
    lab = set(LABELS) - NEVER
    assert [label for label in LABELS if opened(supplied, names[label], lab)] == [
        "secret",
        "recorded",
        "emulated",
    ]


def test_a_key_that_is_not_confirmed_or_gone_is_not_opened(supplied):
    supplied.stage(make_key(1), "secret", ORIGIN)
    (entry,) = supplied.entries()
    assert not opened(supplied, entry.id, {"secret"})
    assert not opened(supplied, "unknown", {"secret"})
    supplied.confirm(SESSION, 1)
    supplied.deliver(entry.id, lambda bits: None)
    assert not opened(supplied, entry.id, {"secret"})


def test_an_opened_key_is_opened_and_cannot_be_exported(supplied):
    name = confirmed(supplied, "secret")["secret"]
    assert opened(supplied, name, {"secret"})
    assert opened(supplied, name, {"secret"})
    with pytest.raises(RecordingError, match="is opened for applications"):
        supplied.deliver(name, lambda bits: None)
    with pytest.raises(RecordingError, match="is not in"):
        supplied.value(name)
    assert supplied.entry(name).state == "opened"


def test_old_blocks_are_destroyed(supplied, clock):
    name = confirmed(supplied, "secret")["secret"]
    opened(supplied, name, {"secret"})
    with supplied.transaction() as connection:
        supplied.supply.expire(connection, oldest=clock.time.isoformat())
        assert supplied.supply.extents.free_bytes(connection) == 25
        supplied.supply.expire(connection, oldest=(clock.time + HOUR).isoformat())
        assert supplied.supply.extents.free_bytes(connection) == 0
    assert supplied.entry(name).state == "destroyed"
    with pytest.raises(RecordingError, match="was destroyed"):
        supplied.deliver(name, lambda bits: None)


def test_a_key_of_several_blocks_is_worth_the_least_of_them(supplied):
    names = confirmed(supplied, "emulated", "secret", "recorded")
    with supplied.transaction() as connection:
        mixture = supplied.supply.mixture_of
        assert mixture(connection, [names["secret"]]).label == "secret"
        all_of_them = mixture(connection, names.values())
        assert all_of_them.label == "emulated"
        assert mixture(connection, []) == ("secret", "")
    assert all_of_them.made_at == min(entry.made_at for entry in supplied.entries())


def test_a_key_that_was_given_up_leaves_its_name_free(supplied):
    wait(supplied, key("k1"))
    with supplied.transaction() as connection:
        with pytest.raises(KeyExists):
            supplied.supply.check_new(connection, "k1")
        supplied.supply.give_up(connection, "k1", "a test")
        supplied.supply.check_new(connection, "k1")
    with pytest.raises(UnknownKey):
        collect(supplied, "B", "k1")
    wait(supplied, key("k1"))
    assert collect(supplied, "B", "k1")
    with supplied.transaction() as connection:
        assert [row["event"] for row in entries(connection)].count("lost") == 1


def test_a_key_that_somebody_has_keeps_its_name(supplied):
    """Given up or not: another key of that name would be a second one to whoever has the first."""
    wait(supplied, key("k1", receivers=("B", "C")))
    collect(supplied, "B", "k1")
    with supplied.transaction() as connection:
        supplied.supply.give_up(connection, "k1", "a test")
        with pytest.raises(KeyExists):
            supplied.supply.check_new(connection, "k1")
    for sae in ("B", "C"):
        with pytest.raises(UnknownKey):
            collect(supplied, sae, "k1")
    assert states(supplied) == {"k1": "lost"}
    assert events(supplied).count("lost") == 1
