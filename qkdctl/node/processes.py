"""The processes of a node: forked from one that has everything imported, so that a new one is there at once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from time import monotonic

from qkdctl.node.family import write_number
from qkdctl.node.lifetime import GRACE_S, end_with_parent

PRELOAD = ["qkdctl.node.worker"]
Main = Callable[[Path, str], int]


class Processes:
    """All of them, by name.

    Parameters
    ----------
    directory : Path
        Of the node; each process writes ``NAME.log`` and ``NAME.pid`` there.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        self._running: dict[str, ForkServerProcess] = {}

    def start(self, name: str, main: Main) -> None:
        """Start a process that runs ``main(directory, name)``."""
        process = self._context.Process(target=_begin, args=(main, self._directory, name), name=name)
        process.start()
        # First of all: it is ended with the others even if its number cannot be written down.
        self._running[name] = process
        assert process.pid is not None, "was started"
        write_number(self._directory, name, process.pid)

    def codes(self) -> dict[str, int | None]:
        """Give the exit code of each, negative if a signal ended it; None while it runs."""
        return {name: process.exitcode for name, process in self._running.items()}

    def end(self) -> None:
        """End all of them: politely first."""
        for process in self._running.values():
            process.terminate()
        deadline = monotonic() + GRACE_S
        for process in self._running.values():
            process.join(max(deadline - monotonic(), 0.1))
            if process.is_alive():
                process.kill()
                process.join()


def _begin(main: Main, directory: Path, name: str) -> None:
    end_with_parent()
    log = os.open(directory / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    # Not sys.exit: what the parent left open in its buffers is not this process's to write.
    code = main(directory, name)
    os._exit(code)
