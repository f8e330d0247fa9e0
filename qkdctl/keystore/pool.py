"""The authentication pool in a key store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from postproc.authentication.identity import Identity
from postproc.authentication.pool import HashKeys, KeyName, no_hash_keys, refilled_before, take_hash_keys
from postproc.authentication.sharedkey import KEY_BYTES, cut_keys, split_shared_key
from postproc.errors import InputError
from postproc.types import Role
from qkdctl.errors import RecordingError
from qkdctl.keystore import hash_keys, one_time_keys
from qkdctl.keystore.engine import Connection, Engine
from qkdctl.keystore.hash_keys import Generation
from qkdctl.keystore.vault import Vault


class SharedKeyInUse(NamedTuple):
    """What may be told of a pre-shared key.

    Attributes
    ----------
    source : bytes
        Its name.
    made_here : bool
        It was not carried here but made for both parties of this machine.
    """

    source: bytes
    made_here: bool


class StoredPool:
    """An :class:`~postproc.authentication.pool.AuthenticationPool` whose marks outlive a crash.

    One-time keys are deleted as they are marked.
    """

    def __init__(
        self,
        database: Engine,
        vault: Vault,
        now: Callable[[], datetime],
        identity: Identity | None = None,
    ) -> None:
        self.identity = identity
        self._database = database
        self._vault = vault
        self._now = now

    def import_shared_key(self, shared_key: bytes, *, made_here: bool = False) -> None:
        """Begin the pool anew with a pre-shared key, which can be imported once.

        What is left of the pool before goes: once both ends have imported the same key, their pools are the
        same, whatever went wrong earlier.

        Parameters
        ----------
        shared_key : bytes
        made_here : bool
            It was not carried here but made for both parties of this machine.

        Raises
        ------
        InputError
            If it is too short.
        RecordingError
            If it was imported before: its one-time keys may have been used.
        """
        parts = split_shared_key(shared_key)
        with self._database.transaction() as connection:
            _check_new(connection, parts.source)
            for table in ("hash_key", "one_time_key", "one_time_counter"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from this line
            # The other end may have put these into the pool that is now gone, and never will into this one.
            connection.execute("UPDATE key SET refill_alice = NULL, refill_bob = NULL, refill_hash = NULL")
            connection.execute(
                "INSERT INTO shared_key (source, made_here, epsilon) VALUES (?, ?, 0.0)",
                (parts.source, int(made_here)),
            )
            self.append(connection, parts.source, parts.rows, parts.source, 0.0)

    def check_new(self, shared_key: bytes) -> None:
        """Raise what :meth:`import_shared_key` would raise, and change nothing."""
        source = split_shared_key(shared_key).source
        with self._database.transaction() as connection:
            _check_new(connection, source)

    def began_with(self, shared_key: bytes) -> bool:
        """Say whether this pool began with a pre-shared key, whose rest serves and is not imported again."""
        in_use = self.shared_key
        return in_use is not None and in_use.source == split_shared_key(shared_key).source

    @property
    def shared_key(self) -> SharedKeyInUse | None:
        """The pre-shared key that this pool began with; None before the first."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT source, made_here FROM shared_key ORDER BY number DESC LIMIT 1"
            ).fetchone()
        return SharedKeyInUse(bytes(row["source"]), bool(row["made_here"])) if row else None

    @property
    def name(self) -> bytes:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        in_use = self.shared_key
        return in_use.source if in_use else bytes(KEY_BYTES)

    def hash_keys(self, source: bytes | None = None) -> HashKeys:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        with self._database.transaction() as connection:
            return hash_keys.tell(connection, source, self._now())

    def hash_key(self, sender: Role, source: bytes | None = None) -> bytes:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        with self._database.transaction() as connection:
            return hash_keys.reveal(connection, self._vault, sender, source)

    def take(self, sender: Role) -> tuple[KeyName, bytes]:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        with self._database.transaction() as connection:
            return one_time_keys.take(connection, self._vault, sender)

    def peek(self, sender: Role, name: KeyName) -> bytes:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        with self._database.transaction() as connection:
            return one_time_keys.reveal(connection, self._vault, sender, name)

    def mark_used(self, sender: Role, name: KeyName) -> None:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        with self._database.transaction() as connection:
            one_time_keys.strike(connection, sender, name)

    def remaining(self, sender: Role) -> int:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        with self._database.transaction() as connection:
            return one_time_keys.remaining(connection, sender)

    def generations(self) -> tuple[Generation, ...]:
        """Give all hash keys with what belongs to them, oldest first, to make the pool again elsewhere."""
        with self._database.transaction() as connection:
            return hash_keys.generations(connection, self._vault, self._now())

    def restore(
        self,
        source: bytes,
        there: Sequence[Generation],
        free: Mapping[Role, Sequence[tuple[KeyName, bytes]]],
        epsilon: float,
    ) -> None:
        """Make a pool that has not begun what another one was, to repeat what was done with it.

        Raises
        ------
        RecordingError
            If this pool has begun.
        """
        if self.shared_key is not None:
            raise RecordingError(
                "a session is repeated with the authentication keys that it had, and this key store has its own; "
                "name a new directory with --store"
            )
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO shared_key (source, made_here, epsilon) VALUES (?, 0, ?)", (source, epsilon)
            )
            hash_keys.put_back(connection, self._vault, there, self._now())
            one_time_keys.put_back(connection, self._vault, free)

    def free(self, sender: Role) -> list[tuple[KeyName, bytes]]:
        """Give all free one-time keys of a sender, to compare both ends on one machine."""
        with self._database.transaction() as connection:
            return one_time_keys.free(connection, self._vault, sender)

    def sources(self) -> list[bytes]:
        """Name everything that has filled this pool since the store was made."""
        with self._database.transaction() as connection:
            rows = connection.execute("SELECT source FROM refill_source ORDER BY source").fetchall()
        return [bytes(row["source"]) for row in rows]

    @property
    def epsilon(self) -> float:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        with self._database.transaction() as connection:
            row = connection.execute("SELECT epsilon FROM shared_key ORDER BY number DESC LIMIT 1").fetchone()
        return float(row["epsilon"]) if row else 0.0

    def refill(
        self,
        source: bytes,
        keys: Mapping[Role, bytes],
        hash_source: bytes | None = None,
        epsilon: float = 0.0,
    ) -> None:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        with self._database.transaction() as connection:
            self.append(connection, source, keys, hash_source, epsilon)

    def append(
        self,
        connection: Connection,
        source: bytes,
        keys: Mapping[Role, bytes],
        hash_source: bytes | None,
        epsilon: float,
    ) -> None:
        """Do what :meth:`refill` does, as a part of a transaction."""
        if self.was_refilled_from(connection, source):
            raise InputError(refilled_before(source))
        rows = {sender: cut_keys(row) for sender, row in keys.items()}
        begun = connection.execute("SELECT 1 FROM shared_key").fetchone() is not None
        if not begun and not any(rows.values()):
            return  # a store without a pool, as links that authenticate otherwise have it
        now = self._now()
        if hash_source is None:
            begins = not begun and all(rows.values())
            hash_source = source if begins else hash_keys.tell(connection, None, now).source
        if hash_source == source:
            hash_keys.keep(connection, self._vault, source, take_hash_keys(source, rows), now)
        elif not hash_keys.is_here(connection, hash_source):
            raise InputError(no_hash_keys(hash_source))
        if not begun:
            connection.execute(
                "INSERT INTO shared_key (source, made_here, epsilon) VALUES (?, 0, 0.0)", (source,)
            )
        connection.execute("INSERT INTO refill_source VALUES (?, ?)", (source, hash_source))
        connection.execute(
            "UPDATE shared_key SET epsilon = epsilon + ? WHERE number = (SELECT max(number) FROM shared_key)",
            (epsilon,),
        )
        hash_keys.put_under(connection, hash_source, {sender: len(row) for sender, row in rows.items()})
        for sender, row in rows.items():
            one_time_keys.append(connection, self._vault, sender, source, row)
        hash_keys.forget(connection)

    def was_refilled_from(self, connection: Connection, source: bytes) -> bool:
        """Say whether a source's keys are in this pool, or were in one before."""
        query = "SELECT 1 FROM refill_source WHERE source = ?"
        return connection.execute(query, (source,)).fetchone() is not None


def _check_new(connection: Connection, source: bytes) -> None:
    if connection.execute("SELECT 1 FROM shared_key WHERE source = ?", (source,)).fetchone():
        raise RecordingError(
            f"pre-shared key {source.hex()} was imported before, and a one-time key must never be used "
            "twice; make a new one for both parties"
        )
