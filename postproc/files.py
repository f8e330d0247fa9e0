"""Files that are there whole or not at all: a draft beside the place takes its name once everything is in it.

A crash at any moment leaves what was there or what was to be there; at worst a draft stays, a hidden file that ends
in ``.part``.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE, SHARED = 0o600, 0o644
"""Modes of new files: for their owner only; for others to read as well, where the umask lets them."""

NAME_CHARACTERS = 50
"""So many of its place's name a draft's has: file systems take 255 bytes, and a character can have four."""


def write_whole(path: Path, data: bytes | str, *, mode: int = SHARED, durable: bool = True) -> None:
    """Write a file, in place of one that is there; text in UTF-8.

    Where a link stands, its target is written; a pipe or a device is written to as it is.

    Parameters
    ----------
    path : Path
    data : bytes or str
    mode : int
        Of the file, as :func:`os.open` takes it.
    durable : bool
        On the disk before it has its name. False for what is of no use after a power cut.

    Raises
    ------
    OSError
        With `path` in it; what stood there is as it was.
    """
    # Unlike Path.resolve, it takes a link to itself for what it is: one to nowhere.
    place = Path(os.path.realpath(path))
    with _blaming(path):
        if place.exists() and not place.is_file():
            place.write_bytes(_encoded(data))
            return
        with replacing(place, mode=mode, durable=durable) as draft:
            draft.write_bytes(_encoded(data))


def write_new(path: Path, data: bytes | str, *, mode: int = PRIVATE) -> None:
    """Write a file where there is none, onto the disk.

    For secrets, too: a draft that a crash leaves was never used, or is a second name of the same file, and gone with
    its bytes where that one is overwritten.

    Parameters
    ----------
    path : Path
    data : bytes or str
    mode : int
        See :func:`write_whole`.

    Raises
    ------
    FileExistsError
        If there is one, or another program was faster; with `path` in it.
    OSError
        If it cannot be written; with `path` in it.
    """
    with _blaming(path):
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        with _draft(path, mode) as draft:
            draft.write_bytes(_encoded(data))
            to_disk(draft)
            # Unlike a rename, it takes no other file's place.
            os.link(draft, path)
        to_disk(path.parent)


@contextmanager
def replacing(path: Path, *, mode: int = PRIVATE, durable: bool = True) -> Iterator[Path]:
    """Give an empty file beside `path` that takes its place if all goes well; it is gone on any error, Ctrl-C included.

    Parameters
    ----------
    path : Path
    mode : int
    durable : bool
        See :func:`write_whole`.

    Raises
    ------
    OSError
    """
    with _draft(path, mode) as draft:
        yield draft
        if durable:
            to_disk(draft)
        draft.replace(path)
    if durable:
        to_disk(path.parent)


def to_disk(path: Path) -> None:
    """Have a file's bytes on the disk, or a directory's names: those of new files, and of renamed ones."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _encoded(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data


@contextmanager
def _draft(path: Path, mode: int) -> Iterator[Path]:
    draft = path.with_name(f".{path.name[:NAME_CHARACTERS]}.{secrets.token_hex(4)}.part")
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    try:
        yield draft
    finally:
        with suppress(OSError):
            draft.unlink()


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """Name the file that was asked for in errors, never its draft."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
