"""The one-time keys of an authentication pool in a key store, inside transactions.

A sender's keys stand at positions in the order in which this end came by them; a counter says which is the first
that has none used after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from postproc.authentication.pool import LATE, NOTHING_LEFT, KeyName, not_free
from postproc.errors import PoolExhausted
from postproc.types import Role
from qkdctl.keystore.engine import Connection, Row
from qkdctl.keystore.vault import Vault

INSERT = "INSERT INTO one_time_key VALUES (?, ?, ?, ?, ?)"


def take(connection: Connection, vault: Vault, sender: Role) -> tuple[KeyName, bytes]:
    """Give the next unused key of a sender, and delete it here.

    Raises
    ------
    PoolExhausted
        If none is left.
    """
    first_unused, _ = _counter(connection, sender)
    row = connection.execute(
        "SELECT source, number, value FROM one_time_key WHERE sender = ? AND position = ?",
        (sender, first_unused),
    ).fetchone()
    if row is None:
        raise PoolExhausted(NOTHING_LEFT)
    value = _open(connection, vault, sender, row)
    _strike_at(connection, sender, first_unused)
    return _name(row), value


def reveal(connection: Connection, vault: Vault, sender: Role, name: KeyName) -> bytes:
    """Give a free key by its name.

    Raises
    ------
    PoolExhausted
        If it is not free.
    """
    return _open(connection, vault, sender, _find(connection, sender, name))


def strike(connection: Connection, sender: Role, name: KeyName) -> None:
    """Delete a free key, and those that are too far back to come any more.

    Raises
    ------
    PoolExhausted
        If it is not free.
    """
    _strike_at(connection, sender, _find(connection, sender, name)["position"])


def remaining(connection: Connection, sender: Role) -> int:
    """Count the keys of a sender after the youngest one used."""
    first_unused, total = _counter(connection, sender)
    return total - first_unused


def free(connection: Connection, vault: Vault, sender: Role) -> list[tuple[KeyName, bytes]]:
    """Give all free keys of a sender, in their order."""
    rows = connection.execute(
        "SELECT source, number, value FROM one_time_key WHERE sender = ? ORDER BY position", (sender,)
    ).fetchall()
    return [(_name(row), _open(connection, vault, sender, row)) for row in rows]


def append(connection: Connection, vault: Vault, sender: Role, source: bytes, keys: Sequence[bytes]) -> None:
    """Put the keys that a source brought after those that are here."""
    names = [KeyName(source, number) for number in range(len(keys))]
    _put(connection, vault, sender, list(zip(names, keys, strict=True)))


def put_back(
    connection: Connection, vault: Vault, there: Mapping[Role, Sequence[tuple[KeyName, bytes]]]
) -> None:
    """Store what :func:`free` gave for each sender, in a pool that has none."""
    for sender, keys in there.items():
        _put(connection, vault, sender, keys)


def _put(connection: Connection, vault: Vault, sender: Role, keys: Sequence[tuple[KeyName, bytes]]) -> None:
    first_unused, total = _counter(connection, sender)
    rows = [
        (sender, position, *name, vault.seal(connection, value, "one_time_key", sender, *name))
        for position, (name, value) in enumerate(keys, total)
    ]
    connection.executemany(INSERT, rows)
    connection.execute(
        "INSERT INTO one_time_counter VALUES (?, ?, ?) ON CONFLICT (sender) "
        "DO UPDATE SET first_unused = excluded.first_unused, total = excluded.total",
        (sender, first_unused, total + len(keys)),
    )


def _counter(connection: Connection, sender: Role) -> tuple[int, int]:
    row = connection.execute(
        "SELECT first_unused, total FROM one_time_counter WHERE sender = ?", (sender,)
    ).fetchone()
    return (row["first_unused"], row["total"]) if row else (0, 0)


def _find(connection: Connection, sender: Role, name: KeyName) -> Row:
    row: Row | None = connection.execute(
        "SELECT * FROM one_time_key WHERE sender = ? AND source = ? AND number = ?",
        (sender, name.source, name.number),
    ).fetchone()
    if row is None:
        raise PoolExhausted(not_free(name))
    return row


def _name(row: Row) -> KeyName:
    return KeyName(bytes(row["source"]), row["number"])


def _open(connection: Connection, vault: Vault, sender: Role, row: Row) -> bytes:
    return vault.open(connection, row["value"], "one_time_key", sender, *_name(row))


def _strike_at(connection: Connection, sender: Role, position: int) -> None:
    first_unused = max(_counter(connection, sender)[0], position + 1)
    connection.execute("DELETE FROM one_time_key WHERE sender = ? AND position = ?", (sender, position))
    connection.execute(
        "DELETE FROM one_time_key WHERE sender = ? AND position < ?", (sender, first_unused - LATE)
    )
    connection.execute(
        "UPDATE one_time_counter SET first_unused = ? WHERE sender = ?", (first_unused, sender)
    )
