"""Taking a key that is doubted out of use."""

from __future__ import annotations

import json

from qkdctl.errors import RecordingError
from qkdctl.keystore import block_keys
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.store import KeyStore


def quarantine(store: KeyStore, name: str) -> int:
    """Label a key ``quarantined``: what is open of it is destroyed, and so is what was cut from it and waits.

    A part of it may have been delivered before. The audit log tells to whom: its entries ``delivered`` and ``waits``
    name the blocks' keys that an application's key was `cut_from`, and ``collected`` who had it.

    Returns
    -------
    int
        The number of applications' keys that waited for somebody, and are lost.

    Raises
    ------
    RecordingError
        If nothing of it is there any more.
    """
    with store.transaction() as connection:
        row = block_keys.find(connection, name)
        waiting = _waiting_from(connection, name)
        gone = row is None or row["state"] in ("delivered", "destroyed")
        if row is None or (gone and not waiting):
            raise RecordingError(f"key {name} in {store.path} {block_keys.why_not(row)}")
        if row["state"] == "opened":
            store.supply.close_block(connection, name, "quarantined")
        if not gone:
            connection.execute("UPDATE key SET label = 'quarantined' WHERE id = ?", (name,))
        store.audit.note(connection, "quarantined", key=name)
        for key_id in waiting:
            store.supply.lose(connection, key_id, "it was cut from a key that is quarantined")
    return len(waiting)


def _waiting_from(connection: Connection, name: str) -> list[str]:
    """Name the applications' keys that were cut from a block's key and wait, as the audit log knows them."""
    rows = connection.execute("SELECT event FROM audit WHERE event LIKE ?", (f"%{name}%",))
    noted = [json.loads(row["event"]) for row in rows]
    cut = {entry["key"] for entry in noted if name in entry.get("cut_from", ())}
    waiting = "SELECT 1 FROM waiting WHERE id = ?"
    return [key_id for key_id in sorted(cut) if connection.execute(waiting, (key_id,)).fetchone()]
