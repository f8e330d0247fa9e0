"""What a running node shows of itself: one file in its directory, new every second, without secrets."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from postproc.files import write_whole
from qkdctl.errors import RecordingError

STATE_FILE, LOCK_FILE, LOG_FILE = "state.json", "node.lock", "node.log"

LOOK_S = 0.05


class LinkState(msgspec.Struct, frozen=True):
    """A link as the node at one end sees it.

    Attributes
    ----------
    name, kind, neighbour : str
    up : bool
        Nobody has cut it, and the other end answers.
    free_bytes : int
    newest : str
        When the newest of it was made, ISO 8601.
    """

    name: str
    kind: str
    neighbour: str
    up: bool
    free_bytes: int
    newest: str = ""


class NodeState(msgspec.Struct, frozen=True):
    """A node.

    Attributes
    ----------
    name, domain : str
    at : float
        When this was, in seconds since 1970.
    scenario_s : float
        Scenario seconds since the network's beginning.
    url : str
    saes : tuple of str
    links : tuple of LinkState
    keys : dict of str to int
        Application keys that were ``made`` here, requests that were ``refused``, and keys that are ``waiting``.
    routes : dict of str to int
        How often each way was taken, most recent ones: its nodes, joined by spaces.
    streams : str
        Where it serves key streams, ``HOST:PORT``; empty if it does not.
    """

    name: str
    domain: str
    at: float
    scenario_s: float
    url: str
    saes: tuple[str, ...]
    links: tuple[LinkState, ...]
    keys: dict[str, int]
    routes: dict[str, int] = {}
    streams: str = ""


def write_state(directory: Path, state: NodeState) -> None:
    """Write the file, whole or not at all."""
    write_whole(directory / STATE_FILE, msgspec.json.encode(state), durable=False)


def read_state(directory: Path) -> NodeState | None:
    """Read the file; None if there is none."""
    try:
        return msgspec.json.decode((directory / STATE_FILE).read_bytes(), type=NodeState)
    except (OSError, msgspec.MsgspecError):
        return None


@contextmanager
def sole_process(directory: Path) -> Iterator[None]:
    """Be the one process of a node; its number stands in the file that is locked.

    Raises
    ------
    RecordingError
        If there is another.
    """
    handle = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _locked(handle, fcntl.LOCK_EX):
            if not _locked(handle, fcntl.LOCK_SH):
                raise RecordingError(f"{directory}: this node runs already")
            # Somebody has only looked whether it runs.
            fcntl.flock(handle, fcntl.LOCK_UN)
            time.sleep(LOOK_S)
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)


def process_of(directory: Path) -> int | None:
    """Give the number of the process that runs a node; None if none does."""
    try:
        handle = os.open(directory / LOCK_FILE, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if _locked(handle, fcntl.LOCK_SH):
            return None
        text = os.read(handle, 32)
        return int(text) if text.strip().isdigit() else None
    finally:
        os.close(handle)


def _locked(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_until_gone(directory: Path, within_s: float) -> bool:
    """Wait for a node's process to end; tell whether it did."""
    until = time.monotonic() + within_s
    while process_of(directory) is not None:
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_S)
    return True
