"""Taking a key out of a store into a file, once, so that a crash at any moment neither doubles nor loses it.

The key is written to a hidden draft beside its place, then struck from the store, then the draft takes its
place. The draft is named by the key: whoever exports the key again after a crash finds it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from postproc.bits import Bits
from qkdctl.errors import RecordingError
from qkdctl.keystore.store import KeyStore


def export_key(store: KeyStore, name: str, target: Path) -> None:
    """Write a key to a new file: raw bytes, first bit in the lowest place, zeros after the last bit.

    Parameters
    ----------
    store : KeyStore
    name : str
        The key's id.
    target : Path
        Must not be there yet.

    Raises
    ------
    RecordingError
        If the key cannot be handed over or the file not be written. The store then still has the key, or
        the message says where it is.
    """
    if os.path.lexists(target):
        raise RecordingError(f"{target}: is there already, and may be another key; choose another name")
    draft = target.with_name(f".{name}.part")
    # If the store has no longer what is in a draft, a crash came between, and the draft is the key.
    if _has(store, name) or not draft.exists():
        _move(store, name, draft, target)
    _put_in_place(draft, target)


def _move(store: KeyStore, name: str, draft: Path, target: Path) -> None:
    """Write the draft and strike the key from the store; on any error the store keeps the key."""
    try:
        store.deliver(name, lambda bits: _write(draft, bits))
    except BaseException as error:
        if _has(store, name):
            with suppress(OSError):
                draft.unlink()
        if isinstance(error, OSError):
            raise RecordingError(f"{target}: cannot be written: {error.strerror}") from None
        raise


def _has(store: KeyStore, name: str) -> bool:
    entry = store.entry(name)
    return entry is not None and entry.state != "delivered"


def _write(path: Path, bits: Bits) -> None:
    """Write a key to a new file for its owner only, onto the disk."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(bits.to_bytes())
        file.flush()
        os.fsync(file.fileno())
    _directory_to_disk(path.parent)


def _put_in_place(draft: Path, target: Path) -> None:
    try:
        try:
            # Unlike a rename, a link takes no other file's place.
            os.link(draft, target)
            draft.unlink()
        except FileExistsError:
            raise
        except OSError:
            draft.rename(target)
        _directory_to_disk(target.parent)
    except OSError as error:
        raise RecordingError(
            f"{target}: cannot be written: {error.strerror}; the key has left the store and is in {draft}"
        ) from None


def _directory_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
