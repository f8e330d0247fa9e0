"""One run at a time for each key store."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qkdctl.errors import RecordingError
from qkdctl.keystore.access import make_private
from qkdctl.keystore.place import sole_on_server

SUFFIX = ".lock"


@contextmanager
def sole_run(path: Path) -> Iterator[None]:
    """Keep other runs from making keys in a store; looking into it and exporting go on.

    The lock ends with the process that holds it, however that ends. Its file stays.

    Parameters
    ----------
    path : Path
        The key store.

    Raises
    ------
    RecordingError
        If another run holds it.
    """
    with _sole_here(path), sole_on_server(path) as sole:
        if not sole:
            raise _busy(path, "on another machine ")
        yield


@contextmanager
def _sole_here(path: Path) -> Iterator[None]:
    lock = path.with_suffix(SUFFIX)
    make_private(lock)
    handle = os.open(lock, os.O_RDWR)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(path) from None
        except OSError as error:
            raise RecordingError(f"{lock}: cannot be locked: {error.strerror}") from None
        yield
    finally:
        os.close(handle)


def _busy(path: Path, where: str = "") -> RecordingError:
    return RecordingError(
        f"{path}: another run {where}is making keys in it; let that end first, or name another directory with --store"
    )
