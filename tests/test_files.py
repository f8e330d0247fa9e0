"""Files are there whole or not at all."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from postproc.files import PRIVATE, replacing, write_new, write_whole
from tests.support.full_disk import disk_of_bytes

WRITERS = [write_whole, write_new]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def no_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", ["file", "ε" * 120, ".hidden"])
@pytest.mark.parametrize(
    ("data", "read"), [(b"\0\xff", b"\0\xff"), ("key ε\n", b"key \xce\xb5\n"), (b"", b"")]
)
def test_it_holds_what_was_given_and_no_draft_stays(tmp_path, write, name, data, read):
    write(tmp_path / name, data)
    assert (tmp_path / name).read_bytes() == read
    assert names(tmp_path) == [name]


def test_nobody_but_the_owner_can_ever_write_and_a_private_file_is_never_read_by_others(tmp_path, no_umask):
    def mode(path):
        return stat.S_IMODE(path.stat().st_mode)

    write_whole(tmp_path / "shared", b"")
    write_whole(tmp_path / "private", b"", mode=PRIVATE)
    write_new(tmp_path / "new", b"")
    assert [mode(tmp_path / name) for name in ("shared", "private", "new")] == [0o644, 0o600, 0o600]
    with replacing(tmp_path / "draft") as draft:
        assert mode(draft) == 0o600


@pytest.mark.parametrize("write", WRITERS)
def test_a_full_disk_leaves_nothing_half_written_and_is_told_of_the_file_that_was_asked_for(tmp_path, write):
    path = tmp_path / ("n" * 60)
    with disk_of_bytes(100), pytest.raises(OSError, match="File too large") as caught:
        write(path, bytes(101))
    assert caught.value.filename == str(path)
    assert names(tmp_path) == []


def test_what_stood_there_stays_where_the_new_does_not_fit(tmp_path):
    write_whole(tmp_path / "file", b"old")
    with disk_of_bytes(100), pytest.raises(OSError, match="File too large"):
        write_whole(tmp_path / "file", bytes(101))
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_an_end_before_it_takes_its_place_leaves_what_stood_there(tmp_path, monkeypatch, step, error):
    def fail(*_):
        raise error

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os if step == "fsync" else Path, step, fail)
    with pytest.raises(type(error)):
        write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_new_file_takes_no_others_place(tmp_path):
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"old")
    for name in ("file", "gone"):
        with pytest.raises(FileExistsError) as caught:
            write_new(tmp_path / name, b"new")
        assert caught.value.filename == str(tmp_path / name)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file", "gone"]


def test_of_many_that_write_a_new_file_one_succeeds(tmp_path):
    def write(number):
        try:
            write_new(tmp_path / "file", str(number))
        except FileExistsError:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        written = [number for number in pool.map(write, range(50)) if number is not None]
    assert [int((tmp_path / "file").read_text())] == written
    assert names(tmp_path) == ["file"]


def test_readers_see_one_of_those_that_were_written(tmp_path):
    contents = [bytes([number]) * 5_000 for number in range(20)]
    path = tmp_path / "file"
    write_whole(path, contents[0])
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write_whole, path, content, durable=False) for content in contents]
        while not all(done.done() for done in writing):
            assert path.read_bytes() in contents
    assert all(done.result() is None for done in writing)
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize(("durable", "synced"), [(True, ["draft", "folder"]), (False, [])])
def test_it_is_on_the_disk_before_it_has_its_name_unless_nobody_needs_that(
    tmp_path, monkeypatch, durable, synced
):
    order = []

    def fsync(handle):
        path = Path(f"/proc/self/fd/{handle}").resolve()
        order.append("folder" if path == tmp_path else "draft")
        assert (tmp_path / "file").exists() == (path == tmp_path)

    monkeypatch.setattr(os, "fsync", fsync)
    write_whole(tmp_path / "file", b"new", durable=durable)
    assert order == synced
    order.clear()
    (tmp_path / "file").unlink()
    write_new(tmp_path / "file", b"new")
    assert order == ["draft", "folder"]


def test_the_target_of_a_link_is_written(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for content in (b"first", b"second"):
        write_whole(tmp_path / "link", content)
        assert (tmp_path / "target").read_bytes() == content
    assert (tmp_path / "link").is_symlink()


def test_a_link_to_itself_is_one_to_nowhere(tmp_path):
    (tmp_path / "link").symlink_to("link")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").read_bytes() == b"new"


def test_a_pipe_is_written_to_as_it_is(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit((tmp_path / "pipe").read_bytes)
        write_whole(tmp_path / "pipe", b"through")
        assert read.result() == b"through"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.parametrize("write", WRITERS)
def test_a_folder_that_is_not_there_is_said_by_the_name_of_the_file(tmp_path, write):
    with pytest.raises(FileNotFoundError) as caught:
        write(tmp_path / "nowhere" / "file", b"")
    assert caught.value.filename == str(tmp_path / "nowhere" / "file")


KILLED = """
import os, signal, sys
from pathlib import Path
from postproc import files

def kill(draft):
    os.kill(os.getpid(), signal.SIGKILL)

files.to_disk = kill
getattr(files, sys.argv[2])(Path(sys.argv[1]), b"new")
"""


@pytest.mark.parametrize("write", WRITERS)
def test_a_kill_in_the_midst_leaves_the_place_as_it_was(tmp_path, write):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "file"), write.__name__]
    assert subprocess.run(command, check=False).returncode == -9
    assert all(name.startswith(".") and name.endswith(".part") for name in names(tmp_path))
    write(tmp_path / "file", b"anew")
    assert (tmp_path / "file").read_bytes() == b"anew"
