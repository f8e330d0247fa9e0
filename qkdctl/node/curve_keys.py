"""CURVE key files: what two nodes on two machines need to know each other by."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from postproc.files import write_new
from qkdctl.carriers.zeromq import new_curve_pair
from qkdctl.errors import RecordingError, UsageError

Z85_LENGTH = 40


class CurveKeys(msgspec.Struct, frozen=True):
    """A node's pair, in Z85.

    Attributes
    ----------
    public, secret : str
    """

    public: str
    secret: str

    def __repr__(self) -> str:
        return f"<CURVE keys of {self.public}>"


def make_keys(path: Path) -> CurveKeys:
    """Make a pair and write it to a new file, for its owner only.

    Raises
    ------
    RecordingError
        If the file is there already, or cannot be written.
    """
    keys = CurveKeys(*new_curve_pair())
    try:
        write_new(path, msgspec.json.encode(keys))
    except OSError as error:
        raise RecordingError(f"{path}: cannot be made: {error.strerror}") from None
    return keys


def read_keys(path: Path) -> CurveKeys:
    """Read a pair.

    Raises
    ------
    RecordingError
        If the file cannot be read, others can open it, or it holds something else.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise RecordingError(f"{path}: holds a secret and others can open it; run: chmod 600 {path}")
            keys = msgspec.json.decode(file.read(4096), type=CurveKeys)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, ValueError):
        raise RecordingError(f"{path}: is no file of CURVE keys; make one with qkdctl keygen") from None
    for key in (keys.public, keys.secret):
        check_key(key)
    return keys


def check_key(key: str) -> None:
    """Raise UsageError unless `key` looks like a CURVE key in Z85."""
    if len(key) != Z85_LENGTH or not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(
            f"{key!r} is no CURVE key: those have {Z85_LENGTH} printable characters; see qkdctl keygen"
        )
