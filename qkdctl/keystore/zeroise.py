"""Destroying all keys of a store."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from postproc.types import Role
from qkdctl.errors import RecordingError
from qkdctl.keystore.audit import Audit
from qkdctl.keystore.engine import WAIT_S, Connection
from qkdctl.keystore.kek import destroy_kek, kek_path
from qkdctl.keystore.lock import sole_run
from qkdctl.keystore.place import open_engine
from qkdctl.keystore.store import KeyStore

SECRETS = ("extent", "waiting", "hash_key", "one_time_key", "one_time_counter", "epoch")


def zeroise(store: KeyStore) -> None:
    """Destroy every key, the epochs' keys, and the key-encryption key; names and the audit log stay.

    What copies of the file there may be anywhere cannot be opened any more. The store can be used again, with a
    new pre-shared key. Programs that have it open find that it was zeroised, and have to be started again.

    Raises
    ------
    RecordingError
        If a session is making keys in it, or the key-encryption key cannot be destroyed.
    """
    with sole_run(store.path):
        with store.transaction() as connection:
            _destroy(connection, store.audit)
        try:
            _destroy_kek(kek_path(store.path))
        finally:
            with store.transaction() as connection:
                # What a program that was started meanwhile has sealed: nothing opens that any more, nor the store.
                _destroy_rows(connection)
            store.shrink()


def zeroise_sealed(path: Path, party: Role | Literal["node"]) -> None:
    """Destroy what is in a store that cannot be opened because its key-encryption key is elsewhere.

    Raises
    ------
    RecordingError
        If a session is making keys in it, or the file cannot be used.
    """
    with sole_run(path), closing(open_engine(path, party, WAIT_S)) as engine:
        with engine.transaction() as connection:
            _destroy(connection, Audit(lambda: datetime.now(UTC)))
        engine.shrink()


def _destroy(connection: Connection, audit: Audit) -> None:
    _destroy_rows(connection)
    audit.note(connection, "zeroised")


def _destroy_rows(connection: Connection) -> None:
    for table in SECRETS:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from this module
    connection.execute("DELETE FROM key WHERE state = 'staged'")
    connection.execute(
        "UPDATE key SET state = 'destroyed', value = NULL WHERE state IN ('confirmed', 'opened')"
    )
    connection.execute("UPDATE supply SET state = 'destroyed' WHERE state = 'waiting'")


def _destroy_kek(place: Path) -> None:
    if not place.exists():
        raise RecordingError(f"{place}: the key-encryption key is not there any more; the keys are destroyed")
    destroy_kek(place)
