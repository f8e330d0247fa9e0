"""Reading a pre-shared key from a file that only its owner can open."""

from __future__ import annotations

import os
from pathlib import Path

from postproc.authentication.sharedkey import KEY_BYTES, SHORTEST_BYTES, cut_keys
from qkdctl.errors import RecordingError
from qkdctl.keystore.access import check_private

MAX_BYTES = 2**24


def read_shared_key(path: Path) -> bytes:
    """Read a pre-shared key: raw random bytes.

    Raises
    ------
    RecordingError
        If it cannot be read, others can open it, its length is absurd, or it is not random.
    """
    try:
        # A pipe without a writer would block for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            check_private(path, os.fstat(file.fileno()))
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RecordingError(f"{path}: the pre-shared key cannot be read: {error.strerror}") from None
    _check(path, data)
    return data


def _check(path: Path, data: bytes) -> None:
    if not SHORTEST_BYTES <= len(data) <= MAX_BYTES:
        length = f"more than {MAX_BYTES}" if len(data) > MAX_BYTES else str(len(data))
        raise RecordingError(
            f"{path}: has {length} bytes, and a pre-shared key has {SHORTEST_BYTES} to {MAX_BYTES}; 4096 are "
            f"usual: head -c 4096 /dev/urandom > {path}"
        )
    keys = cut_keys(data[: len(data) // KEY_BYTES * KEY_BYTES])
    # Among random keys the chance is below 2^-80 even in the longest file.
    if len(set(keys)) < len(keys):
        raise RecordingError(
            f"{path}: is not random: the same {KEY_BYTES} bytes come twice; make another: head -c 4096 "
            f"/dev/urandom > {path}"
        )
