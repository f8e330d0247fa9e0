"""The file: for its owner only, one party's, and every fault in one sentence."""

import os
import sqlite3
import stat
import subprocess
import sys

import pytest

from qkdctl.errors import RecordingError
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import ORIGIN, SESSION, make_key


@pytest.fixture
def engine():
    return "sqlite"


def refused(path, party="alice"):
    """The sentence with which a file is refused; the file stays as it was."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(RecordingError) as caught:
        KeyStore(path, party, wait_s=0.05)
    assert before is None or path.read_bytes() == before
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_all_files_are_for_their_owner_only(path, store):
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    files = list(path.parent.iterdir())
    assert len(files) > 1  # the write-ahead log too
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_file_that_others_can_open_is_refused(path, mode):
    KeyStore(path, "alice").__exit__()
    path.chmod(mode)
    assert f"run: chmod 600 {path}" in refused(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(path):
    KeyStore(path, "alice").__exit__()
    os.chown(path, 12345, -1)
    assert "belongs to user 12345, expected user 0" in refused(path)


def test_a_file_belongs_to_one_party(path):
    KeyStore(path, "alice").__exit__()
    assert "is Alice's key store, expected Bob's" in refused(path, "bob")


def test_another_format_is_refused(path):
    with KeyStore(path, "alice") as store, store._database.transaction() as connection:
        connection.execute("UPDATE store SET version = 1")
    assert "in format 1, expected format 3" in refused(path)


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    path.chmod(0o600)
    assert "is a database of another program" in refused(path)


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 9, b"\0" * 5000])
def test_what_is_no_database_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    path.chmod(0o600)
    assert "it is not a key store" in refused(path)


def test_a_damaged_file_is_refused(path, store):
    for block in range(1, 200):
        store.stage(make_key(block), "recorded", ORIGIN)
    store._database.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x5a" * len(data[4096:])
    path.write_bytes(bytes(data))
    assert "it is damaged" in refused(path)


def test_a_directory_or_a_pipe_in_its_place_is_refused(tmp_path):
    (tmp_path / "directory").mkdir()
    assert "cannot be opened: Is a directory" in refused(tmp_path / "directory")
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "is not a regular file" in refused(tmp_path / "pipe")


def test_a_place_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be opened" in refused(tmp_path / "file" / "alice.sqlite")


@pytest.mark.skipif(os.geteuid() != 0, reason="drops root's rights to show that others are refused")
def test_a_directory_that_cannot_be_written_is_refused(tmp_path):
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom qkdctl.keystore.store import KeyStore\n"
        "from qkdctl.errors import RecordingError\nos.setuid(12345)\n"
        "try: KeyStore(Path('/proc/alice.sqlite'), 'alice')\n"
        "except RecordingError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("/proc/alice.sqlite: cannot be opened: ")


def test_another_programs_transaction_is_waited_for_and_then_named(path, store):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordingError, match="another program is using it"):
        store.entries()
    other.execute("ROLLBACK")
    other.close()
    assert store.entries() == []


def test_a_full_disk_is_named_and_nothing_is_half_done(store, sink):
    with store._database.transaction() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    sink.stage(make_key(1, 8000))
    with pytest.raises(RecordingError, match="the disk is full; make room and run again"):
        sink.stage(make_key(2, 8000 * 20))
    assert [entry.block for entry in store.entries()] == [1]
    with store._database.transaction() as connection:
        connection.execute("PRAGMA max_page_count = 100000")
    sink.stage(make_key(2, 8000 * 20))
    assert [entry.block for entry in store.entries()] == [1, 2]


def test_a_store_that_turns_read_only_is_named(store, sink):
    store._database._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(RecordingError, match="cannot be written"):
        sink.stage(make_key(1))
    store._database._connection.execute("PRAGMA query_only = OFF")


def test_transactions_are_durable_and_deleted_values_are_overwritten(store):
    """What a power failure needs cannot be shown here; that SQLite was told can."""
    pragmas = {
        name: store._database._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "secure_delete")
    }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


class Interrupted:
    """A connection on which Ctrl-C comes right before or right after a statement."""

    def __init__(self, connection, statement, moment):
        self.connection, self.statement, self.moment = connection, statement, moment

    def execute(self, statement, *parameters):
        if statement == self.statement and self.moment == "before":
            raise KeyboardInterrupt
        cursor = self.connection.execute(statement, *parameters)
        if statement == self.statement:
            raise KeyboardInterrupt
        return cursor

    def __getattr__(self, name):
        return getattr(self.connection, name)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "DELETE FROM hash_key", "COMMIT"])
def test_ctrl_c_at_any_moment_leaves_all_or_nothing_and_no_open_transaction(store, statement, moment):
    connection = store._database._connection
    store._database._connection = Interrupted(connection, statement, moment)
    with pytest.raises(KeyboardInterrupt), store._database.transaction() as inside:
        inside.execute("DELETE FROM hash_key")
    store._database._connection = connection
    assert not connection.in_transaction
    left = connection.execute("SELECT count(*) FROM hash_key").fetchone()[0]
    assert left == (0 if (statement, moment) == ("COMMIT", "after") else 2)


def test_sessions_with_the_same_block_number_do_not_meet(store, sink):
    sink.stage(make_key(1))
    sink.stage(make_key(1, session=b"another session!"))
    sink.confirm(SESSION, 1)
    assert [entry.state for entry in store.entries()] == ["confirmed", "staged"]
