"""Who else looks at a session: options of `run` and `demo` for a page, a picture, a log, a monitor."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

import click

from postproc.types import Role
from qkdctl.cli.output import err
from qkdctl.cli.plain import plain
from qkdctl.errors import RecordingError, UsageError
from qkdctl.node.telemetry import Event
from qkdctl.programs import python
from qkdctl.witness import Hear, deaf

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
NICENESS = 10


@dataclass(frozen=True)
class Witnesses:
    """What was asked for.

    Attributes
    ----------
    report : Path or None
        Where to write a page about the session.
    picture : Path or None
        Where to save the last view of the terminal.
    log : Path or None
        Where to write all events, as JSON.
    monitor : bool
        Show the session in the browser.
    """

    report: Path | None
    picture: Path | None
    log: Path | None
    monitor: bool

    def check(self) -> None:
        """Raise :class:`~qkdctl.errors.UsageError` if what is written at the end would have no place."""
        for option, path in (("--report", self.report), ("--picture", self.picture)):
            if path is not None and not path.absolute().parent.is_dir():
                raise UsageError(f"{option} {path}: there is no folder {path.parent}; make it first")


def witness_options(command: F) -> F:
    """Add the options; the command gets them by the names of :class:`Witnesses`."""
    for option in (
        click.option("--monitor", is_flag=True, help="Show the session in the browser; prints the address."),
        click.option("--log", type=FILE, help="Write everything that the nodes tell as JSON, a line each."),
        click.option("--picture", type=FILE, help="Save the last live view as an SVG file."),
        click.option("--report", type=FILE, help="Write a page about the session, as qkdctl report does."),
    ):
        command = option(command)
    return command


@contextmanager
def monitored(wanted: bool) -> Iterator[None]:
    """Have a monitor while it lasts: a process of its own, which yields to whoever has work to do."""
    if not wanted:
        yield
        return
    command = python("qkdctl", "monitor")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True, stdin=subprocess.DEVNULL
    ) as process:
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        try:
            assert process.stdout is not None
            err.print(f"monitor: {process.stdout.readline().strip()}")
            yield
        finally:
            process.terminate()  # who runs in the background of a shell ignores Ctrl-C


@contextmanager
def logged(path: Path | None) -> Iterator[Hear]:
    """Give what writes events down.

    Raises
    ------
    RecordingError
        If the file cannot be written.
    """
    if path is None:
        yield deaf
        return
    try:
        file = path.open("wb", buffering=0)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {error.strerror}") from None
    with file:
        yield _Log(file, str(path))


class _Log:
    """Writes events down, a line each; a session does not end because its log has no room."""

    def __init__(self, file: FileIO, name: str) -> None:
        self._file, self._name = file, name
        self._fails = False

    def __call__(self, role: Role, event: Event) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "party": role, "process": event.worker, "kind": event.kind}
        text = json.dumps({**line, "subject": event.subject, "figures": event.figures}) + "\n"
        try:
            # Half a line may stand where there was no room for the rest.
            self._file.write(("\n" + text if self._fails else text).encode())
            self._fails = False
        except OSError as error:
            if not self._fails:
                why = f"cannot be written: {error.strerror}; the session goes on, and so does its log when it can"
                err.print(plain(f"qkdctl: {self._name}: {why}"))
            self._fails = True
