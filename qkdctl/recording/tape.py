"""Encrypted records, one after the other, that a crash can cut short and nobody can change.

A tape is a row of files ``NAME.000001.tape``, ``NAME.000002.tape`` ... of some size each. A file begins with 16 bytes
that say what it is and 16 of salt; its key is derived from the secret and the salt (HKDF-SHA256). Each record
follows as its length (4 bytes, little-endian) and an AES-256-GCM ciphertext whose nonce is the record's number in the
file and whose associated data are the tape's name, the file's number and the salt of the tape's first file: records
can be neither changed, moved, nor left out, and no file of another tape fits in. A file that another one follows ends
with a record that says so (:class:`Next`). What a crash has cut off at the end is missing; the last record of a tape
that came to its end says so (:class:`Last`).
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Self

import msgspec
from cryptography.exceptions import InvalidTag

from postproc import wire
from postproc.timetags.formats.sealed import SALT_BYTES, TAG_BYTES, RecordingKey
from qkdctl.errors import DiskFullError, RecordingError

VERSION: Final = 2
MAGIC: Final = b"qkdctl tape %d\n\n\n" % VERSION
HEAD_BYTES: Final = len(MAGIC) + SALT_BYTES
LENGTH_BYTES: Final = 4
MAX_RECORD: Final = 2**30

FILE_BYTES: Final = 2**24
"""A file is closed when it has so much."""

NAME: Final = re.compile(r"(?P<name>[a-z0-9-]+)\.(?P<number>[0-9]{6})\.tape")


class Next(msgspec.Struct, frozen=True, tag=True):
    """The end of a file: the tape goes on in another."""


class Last(msgspec.Struct, frozen=True, tag=True):
    """The end of a tape: nothing is missing before it."""


class Place(NamedTuple):
    """Where a record lies."""

    path: Path
    number: int
    start: int
    length: int


class Tape:
    """Write a tape; a context manager, which ends it.

    Parameters
    ----------
    folder : Path
        Made if it is missing, for its owner only.
    name : str
    key : RecordingKey
    keep_bytes : int, optional
        A ring: of all tapes beside this folder, the oldest files go when they come to more than this. Everything is
        kept where it is not given.

    Raises
    ------
    RecordingError
        Here or later, if the folder cannot be written.
    """

    def __init__(self, folder: Path, name: str, key: RecordingKey, keep_bytes: int | None = None) -> None:
        self._folder, self._name, self._key, self._keep_bytes = folder, name, key, keep_bytes
        self._file: BinaryIO | None = None
        self._number = 0
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._begin_file()
        except OSError as error:
            raise self._unwritable(error) from None

    def write(self, record: msgspec.Struct) -> None:
        """Append a record."""
        try:
            if self._append(record) >= FILE_BYTES:
                self._append(Next())
                self._begin_file()
        except OSError as error:
            raise self._unwritable(error) from None

    def close(self) -> None:
        """Let go of the file, where something broke; it can be read as far as it goes."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.write(Last())
        self.close()

    def _append(self, record: msgspec.Struct) -> int:
        """Write a record; give how long its file is now."""
        assert self._file is not None, "the tape has ended"
        sealed = self._cipher.encrypt(_nonce(self._records), wire.encode(record), self._associated)
        self._file.write(len(sealed).to_bytes(LENGTH_BYTES, "little") + sealed)
        self._file.flush()
        self._records += 1
        return self._file.tell()

    def _begin_file(self) -> None:
        self.close()
        self._number += 1
        self._records = 0
        salt = os.urandom(SALT_BYTES)
        if self._number == 1:
            self._tape = salt
        self._cipher = self._key.cipher(salt)
        self._associated = _associated(self._name, self._number, self._tape)
        path = self._folder / f"{self._name}.{self._number:06}.tape"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._file.write(MAGIC + salt)
        self._file.flush()
        self._forget(path)

    def _forget(self, current: Path) -> None:
        """Delete the oldest files of the ring, until it holds no more than it may."""
        if self._keep_bytes is None:
            return
        files = sorted(_files(self._folder.parent))
        size = sum(length for _, _, length in files) + FILE_BYTES
        for _, path, length in files:
            if size <= self._keep_bytes:
                return
            if path != current:
                size -= length
                path.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> RecordingError:
        kind = DiskFullError if error.errno == errno.ENOSPC else RecordingError
        return kind(
            f"{self._folder}: the recording cannot be written: {error.strerror}; make room, or stop it"
        )


class TapeReader:
    """Read a tape.

    Parameters
    ----------
    folder : Path
    name : str
    key : RecordingKey

    Raises
    ------
    RecordingError
        Here or later, if it is not there, its beginning is gone, it is damaged, or the key is another one's.
    """

    def __init__(self, folder: Path, name: str, key: RecordingKey) -> None:
        self._key, self._name = key, name
        found = [(match, path) for path in folder.glob("*.tape") if (match := NAME.fullmatch(path.name))]
        self._paths = sorted(path for match, path in found if match["name"] == name)
        if not self._paths:
            raise RecordingError(f"{folder}: holds no tape {name}; give the folder of one party's session")
        for number, path in enumerate(self._paths, 1):
            if int(path.name.split(".")[1]) != number:
                raise RecordingError(
                    f"{folder}: file {number} of tape {name} is gone: the ring has forgotten it, and without its "
                    "beginning no session can be repeated"
                )

    def records(self, kind: Any) -> Iterator[tuple[Place, Any]]:
        """Give all records with their places, in order; a last one cut short by a crash is left out.

        Parameters
        ----------
        kind : type
            Of the records; a union of tagged structs.
        """
        for path in self._paths:
            record: Any = None
            for place, record in self._records(path, kind):
                if not isinstance(record, Next):
                    yield place, record
            if path != self._paths[-1] and not isinstance(record, Next):
                raise RecordingError(
                    f"{path}: ends before its end, and the tape goes on in the next file; copy the recording again"
                )

    def record(self, place: Place, kind: Any) -> Any:
        """Give one record again."""
        with place.path.open("rb") as file:
            cipher = self._key.cipher(_salt(place.path, file))
            file.seek(place.start + LENGTH_BYTES)
            return self._decode(cipher, place, file.read(place.length), kind)

    @cached_property
    def _tape(self) -> bytes:
        """The salt of the first file, by which the others know their tape."""
        with self._paths[0].open("rb") as file:
            return _salt(self._paths[0], file)

    def _records(self, path: Path, kind: Any) -> Iterator[tuple[Place, Any]]:
        with path.open("rb") as file:
            if len(salt := _salt(path, file)) < SALT_BYTES:
                return
            cipher, number, start = self._key.cipher(salt), 0, HEAD_BYTES
            while (sealed := _sealed(file)) is not None:
                place = Place(path, number, start, len(sealed))
                yield place, self._decode(cipher, place, sealed, kind)
                number, start = number + 1, start + LENGTH_BYTES + len(sealed)

    def _decode(self, cipher: Any, place: Place, sealed: bytes, kind: Any) -> Any:
        number = int(place.path.name.split(".")[1])
        try:
            associated = _associated(self._name, number, self._tape)
            data = cipher.decrypt(_nonce(place.number), sealed, associated)
            return wire.decode(data, kind)
        except (InvalidTag, ValueError):
            raise RecordingError(
                f"{place.path}: record {place.number} is damaged, or the key is another recording's"
            ) from None


def _files(ring: Path) -> Iterator[tuple[int, Path, int]]:
    """Give the files of a ring, when each was last written, and its size."""
    for path in ring.glob("*/*.tape"):
        try:
            about = path.stat()
        except FileNotFoundError:
            # The other processes of the node make room in the same ring.
            continue
        yield about.st_mtime_ns, path, about.st_size


def _salt(path: Path, file: BinaryIO) -> bytes:
    """Read the head of a file and give its salt, which is shorter where a crash has cut off the rest."""
    head = file.read(HEAD_BYTES)
    magic = head[: len(MAGIC)]
    if not MAGIC.startswith(magic):
        if magic.startswith(b"qkdctl tape "):
            raise RecordingError(
                f"{path}: a tape of another version, expected {VERSION}; use the qkdctl that wrote it"
            )
        raise RecordingError(f"{path}: is no tape of a session")
    return head[len(MAGIC) :]


def _sealed(file: BinaryIO) -> bytes | None:
    """Read a record as it is; None at the end, and where a crash has cut it short."""
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if not TAG_BYTES <= length <= MAX_RECORD:
        return None
    sealed = file.read(length)
    return sealed if len(sealed) == length else None


def _nonce(record: int) -> bytes:
    return record.to_bytes(12, "big")


def _associated(name: str, number: int, tape: bytes) -> bytes:
    return f"{name} {number} ".encode() + tape
