"""Destroying everything while other programs have the store open: what they do then locks nobody out."""

from datetime import UTC, datetime, timedelta

import pytest

from qkdctl.errors import RecordingError
from qkdctl.keystore import zeroise as destroying
from qkdctl.keystore.audit import verify
from qkdctl.keystore.entry import key_id
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.zeroise import zeroise
from tests.keystore.conftest import ORIGIN, SESSION, make_key, shared_key

NEXT_DAY = datetime.now(UTC) + timedelta(days=1)


def begins_anew(path):
    with KeyStore(path, "alice") as store:
        with store.transaction() as connection:
            verify(connection)
        store.pool.import_shared_key(shared_key("new"))
        store.stage(make_key(2), "secret", ORIGIN)
        assert store.value(key_id(SESSION, 2)) == make_key(2).bits


def zeroised_elsewhere(path):
    with KeyStore(path, "alice") as other:
        zeroise(other)


def shred(store):
    with store.transaction() as connection:
        store.vault.shred(connection)


def seal(store):
    with store.transaction() as connection:
        store.vault.seal(connection, b"value", "here")


@pytest.mark.parametrize("use", [shred, seal])
@pytest.mark.parametrize("used_before", [True, False])
def test_a_program_that_has_the_store_open_begins_nothing_in_it(path, use, used_before):
    with KeyStore(path, "alice") as store:
        if used_before:
            store.stage(make_key(1), "secret", ORIGIN)
        zeroised_elsewhere(path)
        with pytest.raises(RecordingError, match="was zeroised; start this program again"):
            use(store)
        begins_anew(path)


@pytest.mark.parametrize("use", [shred, seal])
def test_nor_does_it_when_others_have_begun_anew(path, use):
    clock = iter([datetime.now(UTC)] * 3)
    with KeyStore(path, "alice", lambda: next(clock, NEXT_DAY)) as store:
        store.stage(make_key(1), "secret", ORIGIN)
        zeroised_elsewhere(path)
        with KeyStore(path, "alice") as anew:
            anew.stage(make_key(1, session=b"another session!"), "secret", ORIGIN)
        with pytest.raises(RecordingError, match="its key-encryption key is another one"):
            use(store)
        begins_anew(path)


def test_what_is_opened_while_the_key_goes_is_destroyed_too(path, store, monkeypatch):
    def open_first(place):
        with KeyStore(path, "alice") as other:
            other.stage(make_key(1), "secret", ORIGIN)
        destroy_kek(place)

    destroy_kek = destroying.destroy_kek
    monkeypatch.setattr(destroying, "destroy_kek", open_first)
    zeroise(store)
    begins_anew(path)
