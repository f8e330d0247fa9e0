"""One run at a time for each key store."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep

from qkdctl.errors import RecordingError
from qkdctl.keystore.access import make_private
from qkdctl.keystore.place import sole_on_server

SUFFIX = ".lock"

PATIENCE_S = 3.0
LOOK_S = 0.05


class _Busy(RecordingError):
    """Another run holds it."""


@contextmanager
def sole_run(path: Path, wait_s: float = PATIENCE_S) -> Iterator[None]:
    """Keep other runs from making keys in a store; looking into it and exporting go on.

    The lock ends with the process that holds it, however that ends. Its file stays.

    Parameters
    ----------
    path : Path
        The key store.
    wait_s : float, optional
        How long another may hold it: some hold it for a moment only, to settle what they find.

    Raises
    ------
    RecordingError
        If another run holds it.
    """
    with ExitStack() as stack:
        _claim(path, stack, monotonic() + wait_s)
        yield


def _claim(path: Path, stack: ExitStack, until_s: float) -> None:
    while True:
        try:
            stack.enter_context(_sole(path))
        except _Busy:
            if monotonic() >= until_s:
                raise
            sleep(LOOK_S)
        else:
            return


@contextmanager
def _sole(path: Path) -> Iterator[None]:
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


def _busy(path: Path, where: str = "") -> _Busy:
    return _Busy(
        f"{path}: another run {where}is making keys in it; let that end first, or name another directory with --store"
    )
