"""Keys for applications: cut from blocks' keys, handed to their master, waiting for each of their receivers.

Every call is part of a transaction of the store, and what it returns may leave the machine only after that is
on the disk. An application key is handed to its master once, and to each receiver once. What was handed over
leaves a tombstone: its name, who had it when, what it was made of, and no value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from postproc.bits import Bits
from qkdctl.errors import KeyExists, NotAReceiver, UnknownKey
from qkdctl.keystore.audit import Audit
from qkdctl.keystore.engine import Connection, Row
from qkdctl.keystore.entry import LABELS, Label
from qkdctl.keystore.extents import Extents
from qkdctl.keystore.secret import Secret
from qkdctl.keystore.vault import Vault


@dataclass(frozen=True)
class ApplicationKey:
    """What may be told of an application's key.

    Attributes
    ----------
    id : str
        UUID.
    master : str
        The SAE that asked for it.
    receivers : tuple of str
        The SAEs that may collect it here.
    size_bits : int
    made_of : str
        JSON: what the key is made of.
    cut_from : tuple of str, optional
        The blocks' keys that it was cut from, for the audit log.
    """

    id: str
    master: str
    receivers: tuple[str, ...]
    size_bits: int
    made_of: str
    cut_from: tuple[str, ...] = ()


class Collected(NamedTuple):
    """A key in its receiver's hands."""

    id: str
    value: Secret
    made_of: str


class Mixture(NamedTuple):
    """What may be told of the blocks that a key is cut from.

    Attributes
    ----------
    label : Label
    made_at : str
        When the oldest of them was made, ISO 8601.
    """

    label: Label
    made_at: str


class Supply:
    """The application keys of a store.

    Parameters
    ----------
    vault : Vault
    audit : Audit
    now : callable
        The clock.

    Attributes
    ----------
    extents : Extents
        The free bytes.
    """

    def __init__(self, vault: Vault, audit: Audit, now: Callable[[], datetime]) -> None:
        self.extents = Extents(vault)
        self._vault = vault
        self._audit = audit
        self._now = now

    def open_block(self, connection: Connection, key_id: str, labels: Collection[Label]) -> bool:
        """Make a confirmed block's key free for cutting; tell whether it is, now or already.

        Parameters
        ----------
        connection : Connection
        key_id : str
        labels : collection of Label
            Keys with other labels stay closed.
        """
        row = _block(connection, key_id)
        if row is None or row["label"] not in labels:
            return False
        if row["state"] == "confirmed":
            value = self._vault.open(connection, row["value"], "key", key_id)
            whole = Bits.from_bytes(value, row["length_bits"]).to_bytes()[: row["length_bits"] // 8]
            self.extents.add(connection, key_id, whole)
            connection.execute("UPDATE key SET state = 'opened', value = NULL WHERE id = ?", (key_id,))
            self._audit.note(connection, "opened", key=key_id, label=row["label"], bytes=len(whole))
            return True
        return bool(row["state"] == "opened")

    def close_block(self, connection: Connection, key_id: str, why: str) -> None:
        """Destroy what is left of a block's key."""
        row = _block(connection, key_id)
        if row is None or row["state"] not in ("confirmed", "opened"):
            return
        left = self.extents.drop(connection, key_id)
        connection.execute("UPDATE key SET state = 'destroyed', value = NULL WHERE id = ?", (key_id,))
        self._audit.note(connection, "destroyed", key=key_id, why=why, bytes_left=left)

    def mixture_of(self, connection: Connection, key_ids: Iterable[str]) -> Mixture:
        """What a key is that is made of several blocks' keys: worth as little as the least of them, and as old."""
        found = [row for key_id in key_ids if (row := _block(connection, key_id)) is not None]
        label: Label = max((row["label"] for row in found), key=LABELS.index, default="secret")
        return Mixture(label, min((row["made_at"] for row in found), default=""))

    def check_new(self, connection: Connection, key_id: str) -> None:
        """Raise :class:`~qkdctl.errors.KeyExists` if there is a key of this name already, or was."""
        if _find(connection, key_id) is not None:
            raise KeyExists(f"there is an application key {key_id} already")

    def master_of(self, connection: Connection, key_id: str) -> str | None:
        """Tell who asked for a key; None where there is no such key, and never was."""
        row = _find(connection, key_id)
        return None if row is None else str(row["master"])

    def state_of(self, connection: Connection, key_id: str) -> str:
        """Tell what has become of a key; empty where there is no such key, and never was."""
        row = _find(connection, key_id)
        return "" if row is None else str(row["state"])

    def was_collected(self, connection: Connection, key_id: str) -> bool:
        """Tell whether one of a key's receivers has it, whatever has become of the key since."""
        query = "SELECT 1 FROM receiver WHERE id = ? AND collected_at IS NOT NULL"
        return connection.execute(query, (key_id,)).fetchone() is not None

    def record(self, connection: Connection, key: ApplicationKey) -> None:
        """Note that a key is the master's; no other can have this name.

        Raises
        ------
        KeyExists
            If there is one already.
        """
        self._insert(connection, key, "delivered")
        self._note(connection, "delivered", key, sae=key.master, bits=key.size_bits)

    def wait(self, connection: Connection, key: ApplicationKey, value: bytes, patience: timedelta) -> None:
        """Hold a key for its receivers, so long.

        Raises
        ------
        KeyExists
            If it waits already.
        """
        if _find(connection, key.id) is None:
            self._insert(connection, key, "waiting")
        for sae in key.receivers:
            connection.execute("INSERT INTO receiver VALUES (?, ?, NULL)", (key.id, sae))
        until = (self._now() + patience).isoformat()
        sealed = self._vault.seal(connection, value, "waiting", key.id)
        connection.execute("INSERT INTO waiting VALUES (?, ?, ?)", (key.id, sealed, until))
        self._note(connection, "waits", key, master=key.master)

    def collect(
        self, connection: Connection, master: str, sae: str, key_ids: Sequence[str]
    ) -> list[Collected]:
        """Hand keys to one of their receivers: all or none.

        Raises
        ------
        NotAReceiver
            If one of them is not meant for this SAE.
        UnknownKey
            If one of them is not here for it: never was, was collected before, or has expired.
        """
        for key_id in key_ids:
            _check_receiver(connection, key_id, sae)
        return [self._collect(connection, master, sae, key_id) for key_id in key_ids]

    def _collect(self, connection: Connection, master: str, sae: str, key_id: str) -> Collected:
        row = connection.execute(
            "UPDATE receiver SET collected_at = ? WHERE id = ? AND sae = ? AND collected_at IS NULL "
            "RETURNING (SELECT value FROM waiting WHERE waiting.id = receiver.id AND until >= ?) AS value",
            (self._now().isoformat(timespec="seconds"), key_id, sae, self._now().isoformat()),
        ).fetchone()
        key = _find(connection, key_id)
        if row is None or row["value"] is None or key is None or key["master"] != master:
            raise UnknownKey(f"key {key_id} of {master} is not here for {sae}")
        value = Secret(self._vault.open(connection, row["value"], "waiting", key_id))
        self._audit.note(connection, "collected", key=key_id, sae=sae)
        if not _somebody_waits(connection, key_id):
            self._end(connection, key_id, "collected")
        return Collected(key_id, value, key["made_of"])

    def waiting(self, connection: Connection) -> dict[str, int]:
        """How many keys wait here, by receiver."""
        rows = connection.execute(
            "SELECT sae, count(*) FROM waiting JOIN receiver USING (id) WHERE collected_at IS NULL GROUP BY sae"
        ).fetchall()
        return {row[0]: row[1] for row in rows}

    def lose(self, connection: Connection, key_id: str, why: str) -> None:
        """Note that a key reaches nobody else here, and perhaps the other end; its name is never given again."""
        self._end(connection, key_id, "lost")
        self._audit.note(connection, "lost", key=key_id, why=why)

    def lose_unseen(self, connection: Connection, key: ApplicationKey, why: str) -> None:
        """Note that a key reached nobody that never was here; its name is never given again."""
        self._insert(connection, key, "lost")
        self._audit.note(connection, "lost", key=key.id, why=why)

    def give_up(self, connection: Connection, key_id: str, why: str) -> None:
        """Note that a key was cut and neither end has it; its name is free again.

        A receiver here may have been quicker, and have it: then it is lost to the others, and its name stays taken.
        """
        if self.was_collected(connection, key_id):
            self.lose(connection, key_id, why)
            return
        self._audit.note(connection, "lost", key=key_id, why=why)
        for table in ("waiting", "receiver", "supply"):
            connection.execute(f"DELETE FROM {table} WHERE id = ?", (key_id,))  # noqa: S608 - our own names

    def expire(self, connection: Connection, oldest: str = "") -> int:
        """Destroy what waits for too long; give the number of application keys.

        Parameters
        ----------
        connection : Connection
        oldest : str
            Blocks made before this time (ISO 8601) are destroyed.
        """
        now = self._now().isoformat()
        late = connection.execute("SELECT id FROM waiting WHERE until < ?", (now,)).fetchall()
        for row in late:
            self._end(connection, row["id"], "expired")
            self._audit.note(connection, "expired", key=row["id"])
        old = connection.execute(
            "SELECT id FROM key WHERE state IN ('confirmed', 'opened') AND made_at < ?", (oldest,)
        ).fetchall()
        for row in old:
            self.close_block(connection, row["id"], "expired")
        return len(late)

    def _insert(self, connection: Connection, key: ApplicationKey, state: str) -> None:
        at = self._now().isoformat(timespec="seconds")
        self.check_new(connection, key.id)
        row = (key.id, key.master, key.size_bits, state, key.made_of, at)
        connection.execute("INSERT INTO supply VALUES (?, ?, ?, ?, ?, ?)", row)

    def _note(self, connection: Connection, event: str, key: ApplicationKey, **facts: object) -> None:
        if key.cut_from:
            facts["cut_from"] = list(key.cut_from)
        self._audit.note(connection, event, key=key.id, to=list(key.receivers), **facts)

    def _end(self, connection: Connection, key_id: str, state: str) -> None:
        connection.execute("DELETE FROM waiting WHERE id = ?", (key_id,))
        connection.execute("UPDATE supply SET state = ? WHERE id = ?", (state, key_id))


def _check_receiver(connection: Connection, key_id: str, sae: str) -> None:
    named = [row["sae"] for row in connection.execute("SELECT sae FROM receiver WHERE id = ?", (key_id,))]
    if sae not in named and _find(connection, key_id) is not None:
        raise NotAReceiver(f"key {key_id} is not for {sae}")


def _somebody_waits(connection: Connection, key_id: str) -> bool:
    query = "SELECT 1 FROM receiver WHERE id = ? AND collected_at IS NULL"
    return connection.execute(query, (key_id,)).fetchone() is not None


def _block(connection: Connection, key_id: str) -> Row | None:
    row: Row | None = connection.execute("SELECT * FROM key WHERE id = ?", (key_id,)).fetchone()
    return row


def _find(connection: Connection, key_id: str) -> Row | None:
    row: Row | None = connection.execute("SELECT * FROM supply WHERE id = ?", (key_id,)).fetchone()
    return row
