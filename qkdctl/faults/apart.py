"""A round on a small disk of its own, in a process that alone has it mounted.

The mount ends with the process, however that ends. Where the system lets users have namespaces of their own, it needs
no privilege.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from qkdctl.errors import QkdctlError
from qkdctl.faults.result import Result, skipped
from qkdctl.programs import python

WAYS = (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"])
"""To a place of one's own for mounts: as root, and as a user."""

LOOK_S = 0.1
PATIENCE_S = 30.0


class NoDisk(QkdctlError):
    """No small disk can be had on this machine."""


def mount_disk(place: Path, size: str) -> None:
    """Mount a disk in memory.

    Raises
    ------
    NoDisk
        If that is not permitted.
    """
    _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "qkdctl", str(place))


def run_apart(number: int, seed: int, kind: str, scenario: Path, stop: Callable[[], bool]) -> Result:
    """Run a round in a process of its own; see :func:`qkdctl.faults.rounds.run_round`."""
    with tempfile.TemporaryDirectory(prefix="qkdctl-disk-") as place:
        try:
            way = find_way(Path(place))
        except NoDisk as error:
            return skipped(number, seed, kind, str(error))
        command = [*way, *python("qkdctl.faults", place, str(number), str(seed), str(scenario))]
        told, code = _follow(command, stop)
    if code:
        raise QkdctlError(f"round {number}: the process that ran it ended with code {code}")
    return msgspec.json.decode(told, type=Result)


def find_way(place: Path) -> list[str]:
    """Find a way to a small disk that is open here: what to write before a command.

    Raises
    ------
    NoDisk
        If there is none.
    """
    reasons = []
    for way in WAYS:
        try:
            _run(*way, "mount", "-t", "tmpfs", "qkdctl", str(place))
        except NoDisk as error:
            reasons.append(str(error))
        else:
            return way
    raise NoDisk(f"no disk can be mounted here: {'; '.join(reasons)}")


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoDisk(f"{command[0]}: {error}") from None
    if done.returncode:
        raise NoDisk(done.stderr.strip() or f"{command[0]} ended with code {done.returncode}")


def _follow(command: list[str], stop: Callable[[], bool]) -> tuple[bytes, int]:
    """Run a command to its end, sooner if asked; give what it has said and its exit code."""
    asked = False
    # Ctrl-C in a terminal reaches us alone; we ask the child once, for who is asked twice leaves things half done.
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    ) as child:
        while True:
            try:
                told, _ = child.communicate(timeout=LOOK_S)
            except subprocess.TimeoutExpired:
                if stop() and not asked:
                    asked = True
                    child.terminate()
            else:
                return told, child.returncode
