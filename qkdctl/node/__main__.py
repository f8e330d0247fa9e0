"""``python -m qkdctl.node DIRECTORY``: one node's supervisor, in a process group of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from time import sleep
from types import FrameType

from postproc.timetags.types import Acquired
from qkdctl.node.failure import NO_ROOM, is_disk_full, write_failure
from qkdctl.node.family import write_number
from qkdctl.node.results import ResultsFile, read_results
from qkdctl.node.sessions import Sessions
from qkdctl.node.spec import read_spec

NAME = "supervisor"

PAUSE_S = 0.5


def introduce(directory: Path, should_stop: Callable[[], bool]) -> bool:
    """Write down which process this is; where there is no room for that, wait for some. Say whether it is written."""
    while True:
        try:
            write_number(directory, NAME, os.getpid())
        except OSError as error:
            if not is_disk_full(error):
                raise
            if should_stop():
                return False
            sleep(PAUSE_S)
        else:
            return True


def main(directory: Path) -> int:
    """Run the node's session; give the exit code."""
    stopping = False
    # Whoever started this node collects what it does; alone it has no reason to go on.
    parent = os.getppid()

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if not introduce(directory, lambda: stopping or os.getppid() != parent):
        return NO_ROOM
    before = read_results(directory)
    recorded_s = sum(result.duration_s for result in before if isinstance(result, Acquired))
    results = ResultsFile(directory)
    try:
        sessions = Sessions(read_spec(directory), results.add, recorded_s)
        sessions.run(lambda: stopping or os.getppid() != parent)
        return 0 if sessions.failure is None else sessions.failure.write(directory)
    except Exception as error:
        return write_failure(directory, NAME, error)
    finally:
        results.close()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
