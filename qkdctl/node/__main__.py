"""``python -m qkdctl.node DIRECTORY``: one node's supervisor, in a process group of its own."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from postproc.timetags.types import Acquired
from qkdctl.node.failure import write_failure
from qkdctl.node.results import ResultsFile, read_results
from qkdctl.node.sessions import Sessions
from qkdctl.node.spec import read_spec

NAME = "supervisor"


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
    (directory / f"{NAME}.pid").write_text(f"{os.getpid()}\n")
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
