"""A key leaves its store once, whatever happens on the way."""

import errno
import os
import stat

import pytest

from qkdctl.errors import RecordingError
from qkdctl.keystore import export
from qkdctl.keystore.entry import key_id
from qkdctl.keystore.export import export_key
from tests.keystore.conftest import SESSION, make_key

NAME = key_id(SESSION, 1)
KEY = make_key(1).bits


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


def test_after_a_crash_between_store_and_file_the_same_command_brings_the_key(
    confirmed, tmp_path, monkeypatch
):
    def crash(*paths):
        raise SystemExit

    monkeypatch.setattr(export.os, "link", crash)
    with pytest.raises(SystemExit):
        export_key(confirmed, NAME, tmp_path / "key")
    assert state(confirmed) == "delivered"
    assert not (tmp_path / "key").exists()
    monkeypatch.undo()
    export_key(confirmed, NAME, tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == KEY.to_bytes()
    assert not drafts(tmp_path)


def test_a_draft_from_before_the_commit_is_not_trusted(confirmed, tmp_path):
    (tmp_path / f".{NAME}.part").write_bytes(b"half a k")
    export_key(confirmed, NAME, tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == KEY.to_bytes()


def test_without_hard_links_the_draft_is_renamed(confirmed, tmp_path, monkeypatch):
    def no_links(*paths):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(export.os, "link", no_links)
    export_key(confirmed, NAME, tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == KEY.to_bytes()
    assert not drafts(tmp_path)


def test_a_file_that_appears_meanwhile_is_not_overwritten_and_the_key_is_not_lost(
    confirmed, tmp_path, monkeypatch
):
    link = os.link

    def late(draft, target):
        target.write_bytes(b"somebody was faster")
        link(draft, target)

    monkeypatch.setattr(export.os, "link", late)
    with pytest.raises(RecordingError, match="the key has left the store and is in") as caught:
        export_key(confirmed, NAME, tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == b"somebody was faster"
    (draft,) = drafts(tmp_path)
    assert str(draft) in str(caught.value)
    assert draft.read_bytes() == KEY.to_bytes()


def test_a_staged_key_is_not_exported(store, sink, tmp_path):
    sink.stage(make_key(1))
    with pytest.raises(RecordingError, match="is not confirmed"):
        export_key(store, NAME, tmp_path / "key")
    assert not list(tmp_path.glob("key")) and not drafts(tmp_path)  # noqa: PT018
