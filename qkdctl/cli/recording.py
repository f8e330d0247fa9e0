"""Options that record a session, and the repetition of a recorded one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from postproc.timetags.formats.sealed import RecordingKey
from postproc.types import Role
from qkdctl.cli.interrupt import stoppable
from qkdctl.cli.output import err, out, print_json
from qkdctl.cli.plain import plain
from qkdctl.cli.table import print_summary
from qkdctl.cli.watch import watching
from qkdctl.errors import DisagreementError, UsageError
from qkdctl.keystore.pair import PARTIES, both_stores
from qkdctl.node.spec import RecordSpec
from qkdctl.recording.bundle import Bundle
from qkdctl.recording.key import read_key
from qkdctl.recording.replay import replay
from qkdctl.summary import summarise

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path)
MIB = 2**20


def record_options(command: F) -> F:
    """Add ``--record``, ``--record-key`` and ``--record-mib``."""
    for option in (
        click.option("--record-mib", type=click.IntRange(64), help="Keep only the latest so many MiB of it."),
        click.option("--record-key", type=FILE, help="Secret that encrypts the recording, 32 bytes or more."),
        click.option(
            "--record", type=FILE, metavar="DIR", help="Record the session; keys are labelled recorded."
        ),
    ):
        command = option(command)
    return command


def retune_option(command: F) -> F:
    """Add ``--retune``."""
    return click.option(
        "--retune",
        metavar="COMMAND",
        default="",
        help="Run this when a block was refused, to align the link again.",
    )(command)


def checked_key(record: Path | None, key: Path | None) -> Path | None:
    """Look at the secret before anything begins.

    Raises
    ------
    UsageError, RecordingError
        If it is missing, or cannot be used.
    """
    if (record is None) != (key is None):
        raise UsageError(
            "--record and --record-key belong together: a recording is key material and always encrypted; make a "
            "secret with: head -c 32 /dev/urandom > recording.key"
        )
    if key is not None:
        read_key(key)
    return key


def record_spec(role: Role, record: Path | None, key: Path | None, mib: int | None) -> RecordSpec | None:
    """What a node alone is to record; its sessions lie in a folder of its role, as where both are at hand."""
    if record is None or key is None:
        return None
    return RecordSpec(str(record.resolve() / role), str(key.resolve()), None if mib is None else mib * MIB)


def repeat(folders: dict[Role, Path], key: RecordingKey, directory: Path, as_json: bool) -> int:
    """Make a recorded session's keys again; give the exit code.

    Raises
    ------
    DisagreementError
        If something else comes of it than did then.
    """
    with stoppable() as stop, watching() as watch:
        bundles = {role: Bundle(folders[role], role, key) for role in PARTIES}
        with both_stores(directory) as stores:
            run, told = replay(bundles, stores, watch=watch, stop=stop)
            summary = summarise(run, stores, []) | {"repeated": told}
    if as_json:
        print_json(summary)
    else:
        print_summary(summary, directory)
        out.print(
            f"repeated: {told['blocks']} blocks with key, {told['frames']:,} of {told['frames_then']:,} frames "
            "with the same bytes"
        )
    if not told["whole"]:
        err.print(
            "the recording of one party ends before the session did: its last blocks cannot be made again"
        )
    if not told["same"] and not run.interrupted:
        raise DisagreementError(plain("; ".join(told["differences"])))
    return 0
