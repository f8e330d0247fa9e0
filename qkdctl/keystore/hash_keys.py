"""The hash keys of an authentication pool in a key store, inside transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from postproc.authentication.pool import NO_SHARED_KEY, HashKeys, no_hash_keys
from postproc.errors import PoolExhausted
from postproc.types import Role
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.vault import Vault

KEPT = 2
"""So many generations stay in any case: a block on its way may still name the last but one."""


class Generation(NamedTuple):
    """A pair of hash keys with all that belongs to it, to make a pool again elsewhere.

    Attributes
    ----------
    source : bytes
        The source that brought it.
    keys : dict of Role to bytes
    tags : int
        See :class:`~postproc.authentication.pool.HashKeys`.
    age_s : float
    serves : tuple of bytes
        Sources whose one-time keys serve under it.
    """

    source: bytes
    keys: dict[Role, bytes]
    tags: int
    age_s: float
    serves: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"<hash keys of {self.source.hex()}>"


def keep(
    connection: Connection, vault: Vault, source: bytes, keys: Mapping[Role, bytes], now: datetime
) -> None:
    """Store the hash keys that a source brought."""
    for sender, value in keys.items():
        sealed = vault.seal(connection, value, "hash_key", sender, source)
        connection.execute(
            "INSERT INTO hash_key (source, sender, value, tags, since) VALUES (?, ?, ?, 0, ?)",
            (source, sender, sealed, now.isoformat()),
        )


def tell(connection: Connection, source: bytes | None, now: datetime) -> HashKeys:
    """Tell of the hash keys that a source brought, of the newest by default.

    Raises
    ------
    PoolExhausted
        If they are not here.
    """
    row = _newest(connection) if source is None else _brought_by(connection, source)
    if row is None:
        raise PoolExhausted(NO_SHARED_KEY if source is None else no_hash_keys(source))
    tags = connection.execute("SELECT max(tags) FROM hash_key WHERE source = ?", (row["source"],)).fetchone()
    age = now - datetime.fromisoformat(row["since"])
    return HashKeys(bytes(row["source"]), tags[0], age.total_seconds())


def reveal(connection: Connection, vault: Vault, sender: Role, source: bytes | None) -> bytes:
    """Give the hash key under which one-time keys of a source serve, the newest one by default.

    Raises
    ------
    PoolExhausted
        If it is not here.
    """
    if source is None:
        newest = _newest(connection)
        if newest is None:
            raise PoolExhausted(NO_SHARED_KEY)
        source = bytes(newest["source"])
    row = connection.execute(
        "SELECT hash_key.source AS source, value FROM hash_key JOIN refill_source "
        "ON hash_key.source = refill_source.hash_source WHERE refill_source.source = ? AND sender = ?",
        (source, sender),
    ).fetchone()
    if row is None:
        raise PoolExhausted(no_hash_keys(source))
    return vault.open(connection, row["value"], "hash_key", sender, bytes(row["source"]))


def generations(connection: Connection, vault: Vault, now: datetime) -> tuple[Generation, ...]:
    """Give all that are here, oldest first."""
    rows = connection.execute("SELECT source FROM hash_key GROUP BY source ORDER BY max(number)").fetchall()
    return tuple(_generation(connection, vault, bytes(row["source"]), now) for row in rows)


def _generation(connection: Connection, vault: Vault, source: bytes, now: datetime) -> Generation:
    told = tell(connection, source, now)
    rows = connection.execute("SELECT sender, value FROM hash_key WHERE source = ?", (source,)).fetchall()
    keys: dict[Role, bytes] = {
        row["sender"]: vault.open(connection, row["value"], "hash_key", row["sender"], source) for row in rows
    }
    serves = connection.execute(
        "SELECT source FROM refill_source WHERE hash_source = ? ORDER BY source", (source,)
    ).fetchall()
    return Generation(source, keys, told.tags, told.age_s, tuple(bytes(row["source"]) for row in serves))


def put_back(connection: Connection, vault: Vault, there: Sequence[Generation], now: datetime) -> None:
    """Store what :func:`generations` gave, in a pool that has none."""
    for each in there:
        keep(connection, vault, each.source, each.keys, now - timedelta(seconds=each.age_s))
        put_under(connection, each.source, dict.fromkeys(each.keys, each.tags))
        connection.executemany(
            "INSERT INTO refill_source VALUES (?, ?)", [(source, each.source) for source in each.serves]
        )


def put_under(connection: Connection, hash_source: bytes, counts: Mapping[Role, int]) -> None:
    """Count one-time keys that from now on serve under a source's hash keys."""
    for sender, keys in counts.items():
        connection.execute(
            "UPDATE hash_key SET tags = tags + ? WHERE source = ? AND sender = ?", (keys, hash_source, sender)
        )


def forget(connection: Connection) -> None:
    """Delete hash keys under which nothing serves any more, but for the newest ones."""
    rows = connection.execute(
        "SELECT source FROM hash_key GROUP BY source ORDER BY max(number) DESC"
    ).fetchall()
    for row in rows[KEPT:]:
        if not _serves(connection, bytes(row["source"])):
            connection.execute("DELETE FROM hash_key WHERE source = ?", (bytes(row["source"]),))


def _serves(connection: Connection, source: bytes) -> bool:
    """Whether a one-time key serves under it, or one that is staged will."""
    there = connection.execute(
        "SELECT 1 FROM one_time_key JOIN refill_source ON one_time_key.source = refill_source.source "
        "WHERE hash_source = ? LIMIT 1",
        (source,),
    ).fetchone()
    staged = connection.execute("SELECT 1 FROM key WHERE refill_hash = ? LIMIT 1", (source,)).fetchone()
    return there is not None or staged is not None


def is_here(connection: Connection, source: bytes) -> bool:
    """Whether the hash keys that a source brought are here."""
    return _brought_by(connection, source) is not None


def _newest(connection: Connection) -> Any:
    return connection.execute("SELECT source, since FROM hash_key ORDER BY number DESC LIMIT 1").fetchone()


def _brought_by(connection: Connection, source: bytes) -> Any:
    return connection.execute(
        "SELECT source, since FROM hash_key WHERE source = ? LIMIT 1", (source,)
    ).fetchone()
