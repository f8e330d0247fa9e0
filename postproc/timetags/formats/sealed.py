"""Encrypted recordings: an HDF5 recording inside a stream of sealed chunks.

A file begins with 16 bytes that say what it is and 16 bytes of salt. The contents follow in chunks of 65536 bytes,
the last one shorter (perhaps empty), each encrypted with AES-256-GCM and followed by its tag of 16 bytes. The key
is derived from the secret and the salt (HKDF-SHA256), so that it serves one file only; the nonce is the chunk's
number with a last byte that is 1 for the last chunk and 0 for all others: no chunk can be changed, moved, left out
or appended without notice.

References
----------
V. T. Hoang et al., "Online authenticated-encryption and its nonce-reuse misuse-resistance", CRYPTO 2015 (the STREAM
construction); NIST SP 800-38D (GCM); RFC 5869 (HKDF).
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from postproc.errors import InputError
from postproc.timetags.formats.plain_or_gzip import check_regular_file, input_errors

MAGIC: Final = b"qkdctl sealed 1\n"
SALT_BYTES: Final = 16
CHUNK: Final = 2**16
TAG_BYTES: Final = 16

#: Shorter secrets are refused.
LEAST_SECRET: Final = 32

_HEAD = len(MAGIC) + SALT_BYTES
_SEALED = CHUNK + TAG_BYTES


class RecordingKey:
    """The secret of encrypted recordings; it shows itself nowhere.

    Parameters
    ----------
    secret : bytes
        At least 32, from a good source.

    Raises
    ------
    InputError
        If it is shorter.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < LEAST_SECRET:
            raise InputError(
                f"the key of a recording must have at least {LEAST_SECRET} bytes, got {len(secret)}: make one with "
                "'head -c 32 /dev/urandom'"
            )
        self._secret = secret

    @classmethod
    def read(cls, path: Path) -> RecordingKey:
        """Take the contents of a file.

        Raises
        ------
        InputError
            If it cannot be read, or is too short or longer than a megabyte.
        """
        check_regular_file(path)
        with input_errors(path), path.open("rb") as file:
            secret = file.read(2**20 + 1)
        if len(secret) > 2**20:
            raise InputError(f"{path} is longer than a megabyte: it is no key")
        return cls(secret)

    def __repr__(self) -> str:
        return "<the key of a recording>"

    def __reduce__(self) -> str:
        raise TypeError("the key of a recording is not pickled")

    def cipher(self, salt: bytes) -> AESGCM:
        """Give the cipher of one file."""
        return AESGCM(HKDF(SHA256(), 32, salt, b"qkdctl recording").derive(self._secret))


class SealedFile(io.RawIOBase):
    """The contents of a sealed file, to be read at any place.

    Parameters
    ----------
    path : Path
    key : RecordingKey

    Raises
    ------
    InputError
        Here or while reading, if the file is damaged or the key is another one's.
    """

    def __init__(self, path: Path, key: RecordingKey) -> None:
        super().__init__()
        self._path = path
        with input_errors(path):
            self._file = path.open("rb")
            head = self._file.read(_HEAD)
            sealed = os.fstat(self._file.fileno()).st_size - _HEAD
        self._cipher = key.cipher(head[len(MAGIC) :])
        self._last = max(0, -(-sealed // _SEALED) - 1)
        self._size = sealed - TAG_BYTES * (self._last + 1)
        self._place = 0
        self._number, self._chunk = -1, b""
        if sealed - self._last * _SEALED < TAG_BYTES or not head.startswith(MAGIC):
            raise self._damaged()
        self._open(self._last)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer; less only at the end, which HDF5 relies on."""
        into = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(into) and self._place < self._size:
            self._open(self._place // CHUNK)
            part = self._chunk[self._place % CHUNK :][: len(into) - filled]
            into[filled : filled + len(part)] = part
            filled, self._place = filled + len(part), self._place + len(part)
        return filled

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        super().close()

    def _open(self, number: int) -> None:
        """Decrypt a chunk, unless it is at hand."""
        if number == self._number:
            return
        with input_errors(self._path):
            self._file.seek(_HEAD + number * _SEALED)
            sealed = self._file.read(_SEALED)
        try:
            self._chunk = self._cipher.decrypt(_nonce(number, last=number == self._last), sealed, None)
        except InvalidTag:
            raise self._damaged() from None
        self._number = number

    def _damaged(self) -> InputError:
        return InputError(f"{self._path} is encrypted with another key, cut short or damaged")


def is_sealed(path: Path) -> bool:
    """Tell whether a file is encrypted."""
    check_regular_file(path)
    with input_errors(path), path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def seal(contents: memoryview, path: Path, key: RecordingKey, salt: bytes) -> None:
    """Write contents into an existing file, encrypted.

    Parameters
    ----------
    contents : memoryview
    path : Path
    key : RecordingKey
    salt : bytes
        16, drawn anew for each file: the same salt must never serve two contents.
    """
    cipher = key.cipher(salt)
    last = max(0, -(-len(contents) // CHUNK) - 1)
    with path.open("wb") as out:
        out.write(MAGIC + salt)
        for number in range(last + 1):
            chunk = contents[number * CHUNK : (number + 1) * CHUNK]
            out.write(cipher.encrypt(_nonce(number, last=number == last), chunk, None))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
