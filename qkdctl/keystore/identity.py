"""Identities beside a key store: what a party signs with, and the other party's public key.

::

    alice.identity      this party's secret key, 32 bytes, for its owner only
    alice.identity.pub  its public key, 1952 bytes: goes to the other party
    alice.peer.pub      the other party's public key
"""

from __future__ import annotations

import os
from pathlib import Path

from postproc.authentication.identity import PUBLIC_BYTES, SECRET_BYTES, Identity, make_identity
from postproc.files import SHARED, write_new, write_whole
from qkdctl.errors import RecordingError
from qkdctl.keystore.access import check_private

SECRET, PUBLIC, PEER = ".identity", ".identity.pub", ".peer.pub"


def ensure_identity(store: Path) -> Path:
    """Make an identity beside a key store, unless there is one; give the file with its public key.

    Raises
    ------
    RecordingError
        If the files cannot be written, or only one of them is there.
    """
    secret, public = store.with_suffix(SECRET), store.with_suffix(PUBLIC)
    if secret.exists() and public.exists():
        return public
    own, shown = make_identity()
    try:
        store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(secret, own)
        write_new(public, shown, mode=SHARED)
    except OSError as error:
        raise RecordingError(
            f"{error.filename}: cannot be made: {error.strerror}; an identity is made once, as a whole"
        ) from None
    return public


def know_peer(store: Path, public: Path) -> None:
    """Keep the other party's public key beside a key store, in place of one that was there.

    Raises
    ------
    RecordingError
        If the file holds no public key, or its place cannot be written.
    """
    key = _read(public, PUBLIC_BYTES, "the other party's public key")
    own = store.with_suffix(PUBLIC)
    if own.exists() and own.read_bytes() == key:
        raise RecordingError(f"{public}: is this party's own public key; give that of the other party")
    try:
        write_whole(store.with_suffix(PEER), key)
    except OSError as error:
        raise RecordingError(f"{error.filename}: cannot be written: {error.strerror}") from None


def read_identity(store: Path) -> Identity | None:
    """Read the identity beside a key store; None unless both keys are there.

    Raises
    ------
    RecordingError
        If one cannot be read, is none, or others can open the secret one.
    """
    secret, peer = store.with_suffix(SECRET), store.with_suffix(PEER)
    if not secret.exists() or not peer.exists():
        return None
    own = _read(secret, SECRET_BYTES, "an identity's secret key", private=True)
    return Identity(own, _read(peer, PUBLIC_BYTES, "the other party's public key"))


def _read(path: Path, length: int, what: str, *, private: bool = False) -> bytes:
    try:
        with path.open("rb") as file:
            if private:
                check_private(path, os.fstat(file.fileno()))
            data = file.read(length + 1)
    except OSError as error:
        raise RecordingError(f"{path}: {what} cannot be read: {error.strerror}") from None
    if len(data) != length:
        raise RecordingError(f"{path}: is not {what}: it has {len(data)} bytes or more, expected {length}")
    return data
