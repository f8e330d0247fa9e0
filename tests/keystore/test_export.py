"""A key leaves its store once, whatever happens on the way."""

import errno
import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress

import pytest

from qkdctl.errors import RecordingError
from qkdctl.keystore import export
from qkdctl.keystore.entry import key_id
from qkdctl.keystore.export import export_key
from qkdctl.kme.matching import finish_spent
from tests.keystore.conftest import SESSION, make_key
from tests.keystore.test_crash import ROOT

NAME = key_id(SESSION, 1)
KEY = make_key(1).bits

KILLED = """
import sys
from pathlib import Path
from qkdctl.keystore.export import export_key
from qkdctl.keystore.store import KeyStore
from tests.keystore.crashing import Fuse, burn_at_files
path, name, target, step = sys.argv[1:]
with KeyStore(Path(path), "alice") as store:
    burn_at_files(Fuse(int(step)))
    export_key(store, name, Path(target))
"""
DRAFTED, STEPS = 2, 5
"""The draft is whole, and the store has the key; files that an export opens or renames."""


@pytest.fixture
def confirmed(store, sink):
    sink.stage(make_key(1))
    sink.confirm(SESSION, 1)
    return store


def state(store):
    return store.entry(NAME).state


def drafts(directory):
    return [path for path in directory.iterdir() if path.name.endswith(".part")]


def test_the_file_holds_the_key_for_its_owner_only(confirmed, tmp_path):
    export_key(confirmed, NAME, tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == KEY.to_bytes()
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert (tmp_path / "key").stat().st_nlink == 1
    assert state(confirmed) == "delivered"
    assert not drafts(tmp_path)


def test_it_leaves_once(confirmed, tmp_path):
    export_key(confirmed, NAME, tmp_path / "one")
    with pytest.raises(RecordingError, match="was delivered before"):
        export_key(confirmed, NAME, tmp_path / "two")
    assert not (tmp_path / "two").exists()


def test_no_other_file_is_overwritten(confirmed, tmp_path):
    (tmp_path / "key").write_bytes(b"another key")
    with pytest.raises(RecordingError, match="is there already"):
        export_key(confirmed, NAME, tmp_path / "key")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RecordingError, match="is there already"):
        export_key(confirmed, NAME, tmp_path / "dangling")
    assert (tmp_path / "key").read_bytes() == b"another key"
    assert state(confirmed) == "confirmed"


def test_a_directory_that_is_not_there_costs_nothing(confirmed, tmp_path):
    with pytest.raises(RecordingError, match="No such file or directory"):
        export_key(confirmed, NAME, tmp_path / "missing" / "key")
    assert state(confirmed) == "confirmed"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_target_that_cannot_be_written_costs_nothing(confirmed, tmp_path, monkeypatch, error):
    def fail(handle):
        raise error

    monkeypatch.setattr(export.os, "fsync", fail)
    with pytest.raises((RecordingError, KeyboardInterrupt)):
        export_key(confirmed, NAME, tmp_path / "key")
    assert state(confirmed) == "confirmed"
    assert not list(tmp_path.glob("*key")) and not drafts(tmp_path)  # noqa: PT018
    monkeypatch.undo()
    export_key(confirmed, NAME, tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == KEY.to_bytes()


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_killed_at_any_file_a_key_is_brought_once(confirmed, path, tmp_path, step):
    kill_at(step, path, tmp_path / "key")
    with suppress(RecordingError):
        export_key(confirmed, NAME, tmp_path / "again")
    (whole,) = [
        file for file in (tmp_path / "key", tmp_path / "again") if file.exists() and file.read_bytes()
    ]
    assert whole.read_bytes() == KEY.to_bytes()
    assert state(confirmed) == "delivered"
    assert not drafts(tmp_path)


def test_what_a_killed_export_left_is_no_key_once_it_is_in_another_file(confirmed, path, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    kill_at(DRAFTED, path, here / "key")
    assert drafts(here)
    export_key(confirmed, NAME, there / "key")
    with pytest.raises(RecordingError, match="was delivered before"):
        export_key(confirmed, NAME, here / "key")
    assert not list(here.iterdir())


def test_what_a_killed_export_left_is_no_key_once_applications_have_it(confirmed, path, tmp_path):
    kill_at(DRAFTED, path, tmp_path / "key")
    with confirmed.transaction() as connection:
        confirmed.supply.open_block(connection, NAME, {"recorded"})
        confirmed.supply.extents.cut(connection, len(KEY) // 8)
        finish_spent(connection)
    assert state(confirmed) == "delivered"
    assert drafts(tmp_path)
    with pytest.raises(RecordingError, match="was delivered before"):
        export_key(confirmed, NAME, tmp_path / "key")
    assert not (tmp_path / "key").exists()
    assert not drafts(tmp_path)


def kill_at(step, path, target):
    """Export in a process that dies before it opens or renames its so-manieth file."""
    command = [sys.executable, "-c", KILLED, path, NAME, target, str(step)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL


def test_a_draft_that_the_store_does_not_name_is_not_trusted(confirmed, tmp_path):
    (tmp_path / f".{NAME}.alice.0123.part").write_bytes(b"half a k")
    export_key(confirmed, NAME, tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == KEY.to_bytes()
    assert not drafts(tmp_path)


def test_the_other_partys_draft_is_left_alone(confirmed, tmp_path):
    draft = tmp_path / f".{NAME}.bob.0123.part"
    draft.write_bytes(KEY.to_bytes())
    export_key(confirmed, NAME, tmp_path / "key")
    assert drafts(tmp_path) == [draft]


def test_of_two_exports_at_once_one_brings_the_key(confirmed, tmp_path, monkeypatch):
    move = export._move

    def overtaken(store, name, target):
        move(store, name, target)
        monkeypatch.undo()
        export_key(store, name, tmp_path / "faster")

    monkeypatch.setattr(export, "_move", overtaken)
    with pytest.raises(RecordingError, match="was delivered before"):
        export_key(confirmed, NAME, tmp_path / "key")
    assert (tmp_path / "faster").read_bytes() == KEY.to_bytes()
    assert not (tmp_path / "key").exists()


def test_a_file_that_appears_meanwhile_is_not_overwritten_and_the_key_is_not_lost(
    confirmed, tmp_path, monkeypatch
):
    fsync = os.fsync

    def late(handle):
        (tmp_path / "key").write_bytes(b"somebody was faster")
        fsync(handle)

    monkeypatch.setattr(export.os, "fsync", late)
    with pytest.raises(RecordingError, match="the key has left the store and is in") as caught:
        export_key(confirmed, NAME, tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == b"somebody was faster"
    (draft,) = drafts(tmp_path)
    assert str(draft) in str(caught.value)
    assert draft.read_bytes() == KEY.to_bytes()
    monkeypatch.undo()
    export_key(confirmed, NAME, tmp_path / "another")
    assert (tmp_path / "another").read_bytes() == KEY.to_bytes()
    assert not drafts(tmp_path)


def test_a_staged_key_is_not_exported(store, sink, tmp_path):
    sink.stage(make_key(1))
    with pytest.raises(RecordingError, match="is not confirmed"):
        export_key(store, NAME, tmp_path / "key")
    assert not list(tmp_path.glob("key")) and not drafts(tmp_path)  # noqa: PT018
