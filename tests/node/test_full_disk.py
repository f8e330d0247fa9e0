"""A process that fails on a disk without room is told from one that is broken: the node tries again."""

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
