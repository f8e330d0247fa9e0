"""How a process of a node that fails tells its supervisor why."""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Mapping
from pathlib import Path

import msgspec

from postproc.types import Alarm, Role
from qkdctl.cli.failures import exit_code, sentences
from qkdctl.errors import DiskFullError, OriginUnknown, PeerLostError, RecordingError

NO_ROOM = os.EX_IOERR
"""Exit code of a process that could not even write down why it ends."""


class Failure(msgspec.Struct, frozen=True):
    """Why a process ended.

    Attributes
    ----------
    worker : str
    exit_code : int
    reason : str
        In plain words.
    disk_full : bool
        There was no room to write: it passes when somebody makes some.
    unsure : tuple of str
        Full names of instruments that cannot say whether they are real: somebody else must.
    """

    worker: str
    exit_code: int
    reason: str
    disk_full: bool = False
    unsure: tuple[str, ...] = ()

    def write(self, directory: Path) -> int:
        """Write it down in the node's directory; give its exit code."""
        (directory / f"{self.worker}.failed").write_bytes(msgspec.json.encode(self))
        return self.exit_code


def write_failure(directory: Path, worker: str, error: Exception) -> int:
    """Write down why this process ends; give its exit code. The whole traceback goes to its log.

    Where there is no room for that, either, the exit code says so.
    """
    unsure = error.instruments if isinstance(error, OriginUnknown) else ()
    failure = Failure(worker, exit_code(error), "; ".join(sentences(error)), is_disk_full(error), unsure)
    try:
        traceback.print_exception(error)
        return failure.write(directory)
    except OSError as second:
        return NO_ROOM if is_disk_full(second) else failure.exit_code


def is_disk_full(error: Exception) -> bool:
    """Whether an error is for want of room."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or isinstance(error, DiskFullError)


def disk_full_alarm(failure: Failure) -> Alarm:
    """What is to be told where there was no room."""
    return Alarm("disk-full", "error", failure.worker, {"what": failure.reason[:200]}, DISK_FULL)


def main_failure(failures: Mapping[Role, Failure]) -> Failure | None:
    """Of the failures of two nodes, give the one that explains the other: a node that lost its peer says little."""
    by_weight = sorted(failures.values(), key=lambda failure: failure.exit_code == PeerLostError.exit_code)
    return by_weight[0] if by_weight else None


def failure_of(directory: Path, worker: str, code: int) -> Failure:
    """Give why a process ended with an exit code other than 0, as far as that is known."""
    if code == NO_ROOM:
        reason = f"the process {worker} ended, and there was no room to write down why"
        return Failure(worker, RecordingError.exit_code, reason, disk_full=True)
    log = directory / f"{worker}.log"
    told = read_failure(directory, worker)
    return told or Failure(worker, 1, f"the process {worker} ended with code {code}; see {log}")


def read_failure(directory: Path, worker: str) -> Failure | None:
    """Give why a process ended; None where it has not said."""
    try:
        return msgspec.json.decode((directory / f"{worker}.failed").read_bytes(), type=Failure)
    except (OSError, msgspec.MsgspecError):
        return None


DISK_FULL = (
    "There is no room on the disk. The block at hand is lost at both ends, no key that was confirmed is. Make room: "
    "the node tries again by itself, at growing intervals of up to half a minute, as often as --restarts allows."
)
