"""Taking a key that is doubted out of use."""

from __future__ import annotations

from qkdctl.errors import RecordingError
from qkdctl.keystore import block_keys
from qkdctl.keystore.store import KeyStore


def quarantine(store: KeyStore, name: str) -> None:
    """Label a key ``quarantined``: no server delivers it, and what was open of it is destroyed.

    A part of it may have been delivered before; the audit log tells to whom.

    Raises
    ------
    RecordingError
        If it is not there any more.
    """
    with store.transaction() as connection:
        row = block_keys.find(connection, name)
        if row is None or row["state"] in ("delivered", "destroyed"):
            raise RecordingError(f"key {name} in {store.path} {block_keys.why_not(row)}")
        if row["state"] == "opened":
            store.supply.close_block(connection, name, "quarantined")
        connection.execute("UPDATE key SET label = 'quarantined' WHERE id = ?", (name,))
        store.audit.note(connection, "quarantined", key=name)
