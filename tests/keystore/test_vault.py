"""Values at rest open only with the right key, in their own place, and not after their epoch is gone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.errors import RecordingError
from qkdctl.keystore import kek
from qkdctl.keystore.secret import Secret
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.vault import Vault, _text
from tests.keystore.conftest import ORIGIN, SESSION, make_key, shared_key


def test_what_is_sealed_opens_in_its_place_only(store):
    with store.transaction() as connection:
        sealed = store.vault.seal(connection, b"value", "here", 1)
        assert store.vault.open(connection, sealed, "here", 1) == b"value"
        assert b"value" not in sealed
        for place in (("here", 2), ("here",), ("here1",), ("her", "e1")):
            with pytest.raises(RecordingError, match="was changed or moved"):
                store.vault.open(connection, sealed, *place)


def test_a_changed_value_does_not_open(store):
    with store.transaction() as connection:
        sealed = store.vault.seal(connection, b"value", "here")
        for place in range(8, len(sealed)):
            changed = bytearray(sealed)
            changed[place] ^= 1
            with pytest.raises(RecordingError, match="was changed or moved"):
                store.vault.open(connection, bytes(changed), "here")
        with pytest.raises(RecordingError, match="was changed or moved"):
            store.vault.open(connection, sealed[:20], "here")


@given(st.lists(st.text(max_size=3), max_size=3), st.lists(st.text(max_size=3), max_size=3))
def test_different_places_have_different_texts(one, other):
    assert (_text(tuple(one)) == _text(tuple(other))) == (one == other)


def test_equal_values_look_different(store):
    with store.transaction() as connection:
        assert len({store.vault.seal(connection, b"value", "here") for _ in range(20)}) == 20


class Clock:
    def __init__(self):
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.time


def epochs(store):
    with store.transaction() as connection:
        return [row["number"] for row in connection.execute("SELECT number FROM epoch ORDER BY number")]


def shred(store):
    with store.transaction() as connection:
        return store.vault.shred(connection)


@pytest.mark.parametrize("engine", ["sqlite"])  # its file is copied
def test_an_epochs_key_goes_when_nothing_needs_it_and_takes_old_copies_with_it(path):
    clock = Clock()
    with KeyStore(path, "alice", clock) as store:
        store.pool.import_shared_key(shared_key())
        store.stage(make_key(1), "secret", ORIGIN)
        copy = store.path.read_bytes() + store.path.with_name("alice.sqlite-wal").read_bytes()
        with store.transaction() as connection:
            sealed = bytes(connection.execute("SELECT value FROM key").fetchone()["value"])
        assert sealed in copy
        clock.time += timedelta(hours=2)
        assert shred(store) == 0
        store.discard(SESSION, 1)
        store.pool.import_shared_key(shared_key("new"))
        assert epochs(store) == [1, 2]
        assert shred(store) == 1
        assert epochs(store) == [2]
        with store.transaction() as connection, pytest.raises(RecordingError, match="epoch 1 was destroyed"):
            store.vault.open(connection, sealed, "key", "any")
        store.pool.hash_key("alice")


def test_hash_keys_do_not_keep_an_epoch(path):
    clock = Clock()
    with KeyStore(path, "alice", clock) as store:
        store.pool.import_shared_key(shared_key(length=48 + 32))
        before = store.pool.hash_key("bob")
        for sender in ("alice", "bob"):
            store.pool.take(sender)
        clock.time += timedelta(hours=2)
        assert shred(store) == 1
        assert epochs(store) == [2]
        assert store.pool.hash_key("bob") == before


def test_a_clock_that_goes_backwards_begins_an_epoch_too(path):
    clock = Clock()
    with KeyStore(path, "alice", clock) as store:
        store.stage(make_key(1), "secret", ORIGIN)
        clock.time -= timedelta(days=3)
        store.stage(make_key(2), "secret", ORIGIN)
        assert epochs(store) == [1, 2]
        for entry in store.entries():
            assert store.value(entry.id) == make_key(entry.block).bits


def test_an_epoch_that_was_begun_in_a_transaction_that_failed_is_forgotten(path):
    with KeyStore(path, "alice") as store, KeyStore(path, "alice") as other:
        with pytest.raises(ZeroDivisionError):
            fail_after_sealing(store)
        other.stage(make_key(1), "secret", ORIGIN)
        store.stage(make_key(2), "secret", ORIGIN)
        for reader in (store, other):
            for entry in reader.entries():
                assert reader.value(entry.id) == make_key(entry.block).bits


def fail_after_sealing(store):
    with store.transaction() as connection:
        store.vault.seal(connection, b"value", "here")
        raise ZeroDivisionError


def test_another_key_encryption_key_is_noticed_at_the_door(path):
    with KeyStore(path, "alice") as store:
        store.stage(make_key(1), "secret", ORIGIN)
    kek.kek_path(path).write_bytes(bytes(32))
    with pytest.raises(RecordingError, match="its key-encryption key is another one"):
        KeyStore(path, "alice")
    kek.kek_path(path).unlink()
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        KeyStore(path, "alice")
    assert not kek.kek_path(path).exists()


@pytest.mark.parametrize(("data", "mode", "words"), [
    (bytes(31), 0o600, "has 31 bytes"),
    (bytes(33), 0o600, "more than 32 bytes"),
    (bytes(32), 0o640, "run: chmod 600"),
])  # fmt: skip
def test_a_file_that_is_no_private_key_is_refused(path, data, mode, words):
    path.parent.mkdir(mode=0o700, exist_ok=True)
    place = path.with_suffix(".kek")
    place.write_bytes(data)
    place.chmod(mode)
    with pytest.raises(RecordingError, match=words):
        KeyStore(path, "alice")


def test_the_key_comes_from_where_it_is_said_to_be(path, tmp_path, monkeypatch):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "qkdctl-alice.kek").write_bytes(b"c" * 32)
    (credentials / "qkdctl-alice.kek").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert kek.read_kek(kek.kek_path(path)) == Secret(b"c" * 32)
    assert kek.kek_path(path.with_name("bob.sqlite")) == path.with_name("bob.kek")
    monkeypatch.setenv("QKDCTL_KEK", str(tmp_path / "elsewhere"))
    KeyStore(path, "alice").__exit__()
    assert len((tmp_path / "elsewhere").read_bytes()) == 32
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o600


def test_two_that_make_a_key_at_once_have_one(tmp_path):
    place = tmp_path / "kek"
    first = kek.make_kek(place)
    assert kek.make_kek(place) == first
    assert [path.name for path in tmp_path.iterdir()] == ["kek"]


def test_the_cipher_is_the_one_of_the_standard():
    """RFC 8452, appendix C.2: AES-256-GCM-SIV of 8 bytes; what the vault uses is that cipher."""
    from qkdctl.keystore.vault import AESGCMSIV

    cipher = AESGCMSIV(bytes([1]) + bytes(31))
    sealed = cipher.encrypt(bytes([3]) + bytes(11), bytes([1]) + bytes(7), None)
    assert sealed.hex() == "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"
    assert isinstance(Vault(Secret(bytes(32)), "x", Clock())._kek, AESGCMSIV)
