"""The key-encryption key: 32 random bytes in a file that only its owner can open, apart from the store.

Looked for in the file that ``QKDCTL_KEK`` names; as the systemd credential ``qkdctl-PARTY.kek``; beside the
store, where it is made with a new store. Whoever has both files has the keys: put it elsewhere in earnest.
"""

from __future__ import annotations

import os
from pathlib import Path

from postproc.files import write_new
from qkdctl.errors import RecordingError
from qkdctl.keystore.access import check_private
from qkdctl.keystore.secret import Secret

KEK_BYTES = 32
SUFFIX = ".kek"


def kek_path(store: Path) -> Path:
    """Where the key-encryption key of a store is expected."""
    if named := os.environ.get("QKDCTL_KEK"):
        return Path(named)
    if credentials := os.environ.get("CREDENTIALS_DIRECTORY"):
        credential = Path(credentials) / f"qkdctl-{store.stem}{SUFFIX}"
        if credential.exists():
            return credential
    return store.with_suffix(SUFFIX)


def make_kek(path: Path) -> Secret:
    """Make a new file with a new key.

    Raises
    ------
    RecordingError
        If it cannot be made.
    """
    value = os.urandom(KEK_BYTES)
    try:
        write_new(path, value)
    except FileExistsError:
        return read_kek(path)
    except OSError as error:
        raise RecordingError(f"{path}: the key-encryption key cannot be made: {error.strerror}") from None
    return Secret(value)


def read_kek(path: Path) -> Secret:
    """Read the key.

    Raises
    ------
    RecordingError
        If it cannot be read, others can open the file, or it does not hold 32 bytes.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            # systemd gives a credential to its service alone, in a mode of its own.
            if not path.is_relative_to(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere")):
                check_private(path, os.fstat(file.fileno()))
            value = file.read(KEK_BYTES + 1)
    except OSError as error:
        raise RecordingError(
            f"{path}: the key-encryption key cannot be read: {error.strerror}; without it nothing in the key "
            "store can be opened"
        ) from None
    if len(value) != KEK_BYTES:
        raise RecordingError(
            f"{path}: has {len(value)} bytes, and a key-encryption key has {KEK_BYTES}; put the right file back"
            if len(value) < KEK_BYTES
            else f"{path}: has more than {KEK_BYTES} bytes and is no key-encryption key; put the right file back"
        )
    return Secret(value)


def destroy_kek(path: Path) -> None:
    """Overwrite the file and remove it.

    Raises
    ------
    RecordingError
        If it cannot be removed.
    """
    try:
        with path.open("r+b") as file:
            file.write(os.urandom(KEK_BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except OSError as error:
        raise RecordingError(
            f"{path}: the key-encryption key cannot be destroyed: {error.strerror}; remove it by hand"
        ) from None
