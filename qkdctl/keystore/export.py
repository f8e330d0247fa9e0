"""Taking a key out of a store into a file, once, so that a crash at any moment neither doubles nor loses it.

The key is written to a hidden draft beside its place, then struck from the store, then the draft takes its
place. The transaction that strikes the key from the store names the draft in the audit log, and that draft alone
is the key: whoever exports the key again after a crash finds it. A draft that is not named there is of an export
that never struck its key; the key may have gone any other way since, so the draft is deleted where it is found.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from functools import partial
from pathlib import Path

from postproc.bits import Bits
from postproc.files import to_disk
from qkdctl.errors import RecordingError
from qkdctl.keystore import audit
from qkdctl.keystore.engine import Connection
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
        If the key cannot be handed over or the file not be written. The store then still has the key, or a
        draft is the key, and exporting it again beside the draft brings it.
    """
    if os.path.lexists(target):
        raise RecordingError(f"{target}: is there already, and may be another key; choose another name")
    while not _bring(store, name, target):
        _move(store, name, target)


def _bring(store: KeyStore, name: str, target: Path) -> bool:
    """Put the draft in place in which the key has left the store; tell whether it was here."""
    # Inside a transaction nobody else is between a draft and its commit, or brings the same draft.
    with store.transaction() as connection:
        draft = _sound_draft(store, connection, name, target.parent)
        if draft is not None:
            _put_in_place(draft, target)
    return draft is not None


def _move(store: KeyStore, name: str, target: Path) -> None:
    """Write a draft and strike the key from the store; on any error the store keeps the key."""
    draft = target.with_name(f"{_prefix(store, name)}{secrets.token_hex(8)}.part")
    try:
        store.deliver(name, partial(_write, draft), draft.name)
    except BaseException as error:
        with suppress(RecordingError), store.transaction() as connection:
            _sound_draft(store, connection, name, target.parent)
        if isinstance(error, OSError):
            raise RecordingError(f"{target}: cannot be written: {error.strerror}") from None
        raise


def _sound_draft(store: KeyStore, connection: Connection, name: str, directory: Path) -> Path | None:
    """Find the draft in which the key has left the store; delete those of exports that came to nothing."""
    drafts = list(directory.glob(f"{_prefix(store, name)}*.part"))
    noted = audit.latest(connection, "exported", name) if drafts else None
    left_in = noted.get("draft") if noted else None
    for draft in drafts:
        if draft.name != left_in:
            with suppress(OSError):
                draft.unlink()
    return next((draft for draft in drafts if draft.name == left_in), None)


def _prefix(store: KeyStore, name: str) -> str:
    """How the names of all drafts of a key begin; both parties' keys have the same id."""
    return f".{name}.{store.path.stem}."


def _write(path: Path, bits: Bits) -> None:
    """Write a key to a new file for its owner only, onto the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(bits.to_bytes())
        file.flush()
        os.fsync(file.fileno())
    to_disk(path.parent)


def _put_in_place(draft: Path, target: Path) -> None:
    try:
        # A rename leaves no second name of the key at any moment. It would take another file's place: an
        # empty file of our own keeps the place.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            draft.replace(target)
        except OSError:
            target.unlink()
            raise
        to_disk(target.parent)
    except OSError as error:
        raise RecordingError(
            f"{target}: cannot be written: {error.strerror}; the key has left the store and is in {draft}"
        ) from None
