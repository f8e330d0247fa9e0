"""Files for their owner's eyes only."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from qkdctl.errors import RecordingError


def make_private(path: Path) -> None:
    """Make an empty file that only its owner can open, or look whether the one that is there is such a file.

    Raises
    ------
    RecordingError
        If it cannot be made or opened, or is not a private file.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be opened: {error.strerror}") from None
    try:
        check_private(path, os.fstat(handle))
    finally:
        os.close(handle)


def check_private(path: Path, status: os.stat_result) -> None:
    """Raise :class:`RecordingError` unless an open file is regular, ours, and closed to all others."""
    if not stat.S_ISREG(status.st_mode):
        raise RecordingError(f"{path}: is not a regular file")
    if status.st_uid != os.geteuid():
        raise RecordingError(
            f"{path}: holds secrets and belongs to user {status.st_uid}, expected user {os.geteuid()}; "
            "run as its owner"
        )
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise RecordingError(f"{path}: holds secrets and others can open it; run: chmod 600 {path}")
