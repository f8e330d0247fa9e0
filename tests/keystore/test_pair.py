"""Both stores on one machine: one run at a time, one-sided ends settled, one shared key."""

import subprocess
import sys

import pytest

from postproc.authentication.pool import KeyName
from postproc.authentication.wegman_carter import Authenticator
from postproc.errors import InputError
from qkdctl.errors import RecordingError
from qkdctl.keystore.entry import key_id
from qkdctl.keystore.pair import (
    both_stores,
    ensure_shared_key,
    import_shared_key,
    settle,
    settled,
    store_path,
)
from tests.keystore.conftest import ORIGIN, SESSION, filler, make_key, shared_key


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "keys"


@pytest.fixture
def stores(directory):
    with both_stores(directory) as opened:
        yield opened


def stage(stores, block, *parties):
    for party in parties or stores:
        stores[party].stage(make_key(block), "recorded", ORIGIN)


def states(stores):
    return {party: {entry.block: entry.state for entry in store.entries()} for party, store in stores.items()}


def test_what_one_end_confirmed_is_confirmed_at_the_other_and_the_rest_is_dropped(stores):
    import_shared_key(stores, shared_key())
    for block in (1, 2, 3):
        stage(stores, block)
    stage(stores, 4, "bob")
    stores["alice"].confirm(SESSION, 1)
    stores["alice"].confirm(SESSION, 2)
    stores["alice"].deliver(key_id(SESSION, 2), lambda bits: None)
    settle(stores)
    assert states(stores) == {
        "alice": {1: "confirmed", 2: "delivered"},
        "bob": {1: "confirmed", 2: "confirmed"},
    }
    left = [[store.pool.remaining(role) for role in stores] for store in stores.values()]
    assert left == [[44, 42], [44, 42]]


def test_stores_are_settled_also_when_a_run_fails_and_its_error_is_the_one_told(stores):
    import_shared_key(stores, shared_key())

    def fail():
        stage(stores, 1)
        stores["alice"].confirm(SESSION, 1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), settled(stores):
        fail()
    assert states(stores)["bob"] == {1: "confirmed"}

    def fail_twice():
        stage(stores, 2)
        stores["alice"].confirm(SESSION, 2)
        stores["bob"]._database._connection.execute("PRAGMA query_only = ON")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), settled(stores):
        fail_twice()


def test_pools_agree_after_blocks_were_confirmed_in_different_order(stores):
    """Alice's pool has block 1 before block 2, Bob's has it after; their tags still fit."""
    import_shared_key(stores, shared_key(length=48 + 32))
    for block in (1, 2):
        stage(stores, block)
        stores["alice"].confirm(SESSION, block)
    stores["bob"].confirm(SESSION, 2)
    settle(stores)
    alice, bob = (Authenticator(party, store.pool) for party, store in stores.items())
    for n in range(5):
        bob.check(bytes([n]), alice.tag(bytes([n])))
    for n in range(3):
        alice.check(bytes([n]), bob.tag(bytes([n])))


def test_a_shared_key_is_taken_by_both_or_neither(stores):
    stores["bob"].pool.import_shared_key(shared_key())
    with pytest.raises(RecordingError, match="was imported before"):
        import_shared_key(stores, shared_key())
    assert stores["alice"].pool.shared_key is None
    with pytest.raises(InputError):
        import_shared_key(stores, bytes(79))
    assert stores["alice"].pool.shared_key is None


@pytest.mark.parametrize(
    "change", [lambda data: data[:200], lambda data: data + bytes(64), lambda data: data]
)
def test_a_shared_key_is_known_again_by_its_name_however_it_was_cut(stores, change):
    import_shared_key(stores, shared_key())
    import_shared_key(stores, shared_key("another"))
    with pytest.raises(RecordingError, match="must never be used twice"):
        import_shared_key(stores, change(shared_key()))


def test_a_fresh_key_is_made_once_and_again_when_it_is_used_up(stores):
    alarm = ensure_shared_key(stores, 16)
    assert alarm.name == "shared-key-made-here"
    first = stores["alice"].pool.shared_key
    assert first == stores["bob"].pool.shared_key
    assert first.made_here
    assert ensure_shared_key(stores, 16) is None
    while stores["bob"].pool.remaining("alice") >= 16:
        stores["bob"].pool.take("alice")
    assert ensure_shared_key(stores, 16) is not None
    assert stores["alice"].pool.shared_key == stores["bob"].pool.shared_key != first


def test_a_reserve_above_the_usual_gets_a_longer_key(stores):
    assert ensure_shared_key(stores, 1000) is not None
    assert ensure_shared_key(stores, 1000) is None


def test_a_key_that_was_carried_here_is_never_replaced_by_one_made_here(stores):
    import_shared_key(stores, shared_key(length=48 + 32 * 20))
    assert ensure_shared_key(stores, 16) is None
    with pytest.raises(RecordingError, match=r"20 one-time .* no session starts below 21.*--psk"):
        ensure_shared_key(stores, 21)
    assert stores["alice"].pool.take("alice")[0] == KeyName(shared_key()[:16], 0)


def test_stores_that_began_differently_are_refused(stores):
    stores["alice"].pool.import_shared_key(filler("one", 4096))
    stores["bob"].pool.import_shared_key(filler("two", 4096))
    with pytest.raises(RecordingError, match="do not hold the same pre-shared key"):
        ensure_shared_key(stores, 16)


def test_half_a_sharing_that_a_crash_left_is_made_good(stores):
    stores["alice"].pool.import_shared_key(filler("one", 4096), made_here=True)
    assert ensure_shared_key(stores, 16) is not None
    assert stores["alice"].pool.shared_key == stores["bob"].pool.shared_key


OTHER_RUN = """
import sys
from pathlib import Path
from qkdctl.keystore.pair import both_stores
with both_stores(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_on_the_same_stores_is_refused_until_the_first_is_gone(directory):
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER_RUN, directory],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(RecordingError, match="another run is making keys in it"), both_stores(directory):
            pass
        other.kill()
    with both_stores(directory) as stores:
        assert set(stores) == {"alice", "bob"}


def test_a_store_of_the_other_party_in_the_wrong_place_is_refused(directory):
    with both_stores(directory):
        pass
    store_path(directory, "bob").unlink()
    store_path(directory, "alice").rename(store_path(directory, "bob"))
    with pytest.raises(RecordingError, match="is Alice's key store, expected Bob's"), both_stores(directory):
        pass
