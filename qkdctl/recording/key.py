"""The secret that encrypts a session's recording."""

from __future__ import annotations

from pathlib import Path

from postproc.errors import InputError
from postproc.timetags.formats.sealed import RecordingKey
from qkdctl.errors import RecordingError


def read_key(path: Path) -> RecordingKey:
    """Read it from its file.

    Raises
    ------
    RecordingError
        If it cannot be read, or is too short.
    """
    try:
        return RecordingKey.read(path)
    except InputError as error:
        raise RecordingError(str(error)) from None
