"""A process that fails on a disk without room is told from one that is broken: the node tries again."""

from pathlib import Path
from time import sleep

import pytest

from qkdctl.node.processes import Processes
from tests.support.small_disk import run_on_small_disk

FAILS = """
import os
from qkdctl.errors import ConfigurationError, RecordingError
from qkdctl.node.failure import failure_of, write_failure

log = os.open(disk / "acquire.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
said = os.dup(2)
os.dup2(log, 2)
try:
    raise ConfigurationError("something else is wrong, too")
except ConfigurationError as error:
    fill()
    code = write_failure(disk, "acquire", error)
    (disk / "ballast").unlink()
    later = write_failure(disk, "acquire", error)
os.dup2(said, 2)
assert later == ConfigurationError.exit_code
told = failure_of(disk, "acquire", later)
assert (told.exit_code, told.reason, told.disk_full) == (later, "something else is wrong, too", False)
told = failure_of(disk, "acquire", code)
assert (told.exit_code, told.disk_full) == (RecordingError.exit_code, True), told
"""


def test_a_failure_that_cannot_be_written_down_is_known_by_its_exit_code():
    run_on_small_disk(FAILS)


BEGINS = """
import os
from qkdctl.node.__main__ import NAME, introduce

number = disk / f"{NAME}.pid"
number.touch()
fill()
asked = []

def make_room():
    asked.append(number.read_text())
    (disk / "ballast").unlink()
    return False

assert not introduce(disk, lambda: True)
assert introduce(disk, make_room)
assert asked == [""]
assert int(number.read_text()) == os.getpid()
"""


def test_a_node_that_begins_while_there_is_no_room_waits_for_some():
    run_on_small_disk(BEGINS)


def wait_for_long(directory: Path, name: str) -> int:
    sleep(300)
    return 0


def test_a_process_whose_number_cannot_be_written_is_ended_with_the_others(tmp_path: Path):
    (tmp_path / "acquire.pid").mkdir()
    processes = Processes(tmp_path)
    with pytest.raises(IsADirectoryError):
        processes.start("acquire", wait_for_long)
    assert processes.codes() == {"acquire": None}
    processes.end()
    assert processes.codes()["acquire"] is not None
