"""The rows of blocks' keys in a key store, inside transactions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from postproc.bits import Bits
from postproc.secretsink import SecretKey
from postproc.types import Role
from qkdctl.errors import RecordingError
from qkdctl.keystore.engine import Connection, Row
from qkdctl.keystore.entry import Label, Origin
from qkdctl.keystore.vault import Vault

ROLES: tuple[Role, ...] = ("alice", "bob")

INSERT = "INSERT INTO key VALUES (?, ?, ?, 'staged', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

WITHOUT_REFILL = "refill_alice = NULL, refill_bob = NULL, refill_hash = NULL"
"""What an UPDATE sets once the pool has, or never will have, what a key held for it."""


def find(connection: Connection, name: str) -> Row | None:
    """Give a key's row; None where there is no such key."""
    row: Row | None = connection.execute("SELECT * FROM key WHERE id = ?", (name,)).fetchone()
    return row


def find_staged(connection: Connection, name: str, path: Path) -> Row:
    """Give the row of a staged key.

    Raises
    ------
    RecordingError
        If it is not staged in the store at `path`.
    """
    row = find(connection, name)
    if row is None or row["state"] != "staged":
        raise RecordingError(f"key {name} is not staged in {path}")
    return row


def all_staged(connection: Connection) -> list[Row]:
    """Give the rows of all staged keys, oldest first."""
    return connection.execute(
        "SELECT * FROM key WHERE state = 'staged' ORDER BY made_at, session, block"
    ).fetchall()


def insert(
    connection: Connection,
    vault: Vault,
    name: str,
    key: SecretKey,
    label: Label,
    origin: Origin,
    made_at: datetime,
) -> None:
    """Write a key and its refill, sealed, as staged."""
    refill = {role: vault.seal(connection, part, "refill", role, name) for role, part in key.refill.items()}
    row = (
        name,
        key.session,
        key.block,
        label,
        len(key.bits),
        vault.seal(connection, key.bits.to_bytes(), "key", name),
        refill["alice"],
        refill["bob"],
        key.hash_source,
        made_at.isoformat(timespec="seconds"),
        origin.to_json(),
        key.disclosed_bits,
        key.authentication_bits,
        key.epsilon,
    )
    connection.execute(INSERT, row)


def bits(connection: Connection, vault: Vault, row: Row) -> Bits:
    """Open a key's value."""
    value = vault.open(connection, row["value"], "key", row["id"])
    return Bits.from_bytes(value, row["length_bits"])


def refill(connection: Connection, vault: Vault, row: Row) -> dict[Role, bytes]:
    """Open what a staged key holds for the authentication pool; empty once the pool began anew without it."""
    if row["refill_alice"] is None:
        return {}
    return {role: vault.open(connection, row[f"refill_{role}"], "refill", role, row["id"]) for role in ROLES}


def hash_source(row: Row) -> bytes | None:
    """Say under whose hash keys a staged key's refill will serve."""
    return None if row["refill_hash"] is None else bytes(row["refill_hash"])


def whole(connection: Connection, vault: Vault, row: Row) -> SecretKey:
    """Open a staged key and its refill: what :func:`insert` was given."""
    return SecretKey(
        bytes(row["session"]),
        row["block"],
        bits(connection, vault, row),
        refill(connection, vault, row),
        row["disclosed_bits"],
        row["authentication_bits"],
        row["epsilon"],
        hash_source(row),
    )


def why_not(row: Row | None) -> str:
    """Say why a key is not handed over."""
    if row is None:
        return "does not exist; see: qkdctl keys list"
    if row["state"] == "staged":
        return "is not confirmed: the other party may not hold it; process again to settle it"
    if row["state"] == "opened":
        return "is opened for applications: their keys are cut from it, and the rest cannot be exported"
    if row["state"] == "destroyed":
        return "was destroyed"
    if row["label"] == "quarantined":
        return "is quarantined: it did not look random, or somebody has put it aside; nobody gets it"
    return "was delivered before; a key is handed over once"
