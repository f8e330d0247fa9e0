"""Destroying all keys of a store."""

from __future__ import annotations

from qkdctl.errors import RecordingError
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.kek import destroy_kek, kek_path
from qkdctl.keystore.lock import sole_run
from qkdctl.keystore.store import KeyStore

SECRETS = ("extent", "waiting", "hash_key", "one_time_key", "one_time_counter", "epoch")


def zeroise(store: KeyStore) -> None:
    """Destroy every key, the epochs' keys, and the key-encryption key; names and the audit log stay.

    What copies of the file there may be anywhere cannot be opened any more. The store can be used again, with a
    new pre-shared key. Programs that have it open find that it was zeroised, and have to be started again.

    Raises
    ------
    RecordingError
        If a session is making keys in it.
    """
    with sole_run(store.path):
        with store.transaction() as connection:
            _destroy_rows(connection)
            store.audit.note(connection, "zeroised")
        place = kek_path(store.path)
        if not place.exists():
            raise RecordingError(
                f"{place}: the key-encryption key is not there any more; the keys are destroyed"
            )
        destroy_kek(place)
        with store.transaction() as connection:
            # What a program has sealed that was started meanwhile: nothing opens that any more, nor the store with it.
            _destroy_rows(connection)
        store.shrink()


def _destroy_rows(connection: Connection) -> None:
    for table in SECRETS:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from this module
    connection.execute("DELETE FROM key WHERE state = 'staged'")
    connection.execute(
        "UPDATE key SET state = 'destroyed', value = NULL WHERE state IN ('confirmed', 'opened')"
    )
    connection.execute("UPDATE supply SET state = 'destroyed' WHERE state = 'waiting'")
