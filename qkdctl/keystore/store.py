"""A party's key store: keys are staged, confirmed, and delivered once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from postproc.authentication.pool import block_source
from postproc.bits import Bits
from postproc.secretsink import Fate, SecretKey
from postproc.types import Role
from qkdctl.errors import RecordingError
from qkdctl.keystore import block_keys
from qkdctl.keystore.audit import Audit
from qkdctl.keystore.block_keys import WITHOUT_REFILL
from qkdctl.keystore.engine import WAIT_S, Connection
from qkdctl.keystore.entry import COLUMNS, KeyEntry, Label, Origin, key_id
from qkdctl.keystore.identity import read_identity
from qkdctl.keystore.kek import kek_path, make_kek, read_kek
from qkdctl.keystore.place import open_engine
from qkdctl.keystore.pool import StoredPool
from qkdctl.keystore.supply import Supply
from qkdctl.keystore.vault import Vault


class KeyStore:
    """One party's keys and authentication pool.

    Parameters
    ----------
    path : Path
        The file; made if it is not there.
    party : {"alice", "bob", "node"}
        A link's end, or a node of a network for its applications.
    now : callable, optional
        The clock.
    wait_s : float, optional
        How long to wait for another program that uses the file.

    Attributes
    ----------
    pool : StoredPool
        The authentication pool.
    supply : Supply
        Keys for applications.
    audit : Audit
        The audit log.
    vault : Vault
        Seals what is stored.

    Raises
    ------
    RecordingError
        If the file cannot be used; so does everything else here.
    """

    def __init__(
        self,
        path: Path,
        party: Role | Literal["node"],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait_s: float = WAIT_S,
    ) -> None:
        self.path = path
        self._database = open_engine(path, party, wait_s)
        self._now = now
        try:
            self.vault = self._open_vault()
            self.pool = StoredPool(self._database, self.vault, now, read_identity(path))
        except BaseException:
            self._database.close()
            raise
        self.audit = Audit(now)
        self.supply = Supply(self.vault, self.audit, now)

    def __enter__(self) -> KeyStore:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def _open_vault(self) -> Vault:
        """Read the key-encryption key; make one for a store that has sealed nothing yet."""
        place = kek_path(self.path)
        with self.transaction() as connection:
            new = connection.execute("SELECT 1 FROM epoch").fetchone() is None
            kek = make_kek(place) if new and not place.exists() else read_kek(place)
            vault = Vault(kek, str(self.path), self._now)
            vault.prepare(connection)
        return vault

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Do everything inside or nothing; what is done is on disk when it returns."""
        with self._database.transaction() as connection:
            yield connection

    def shrink(self) -> None:
        """Give back what the file does not use; nothing of what was there stays in it, or beside it."""
        self._database.shrink()

    def stage(self, key: SecretKey, label: Label, origin: Origin) -> None:
        """Hold a key and its refill durably; nothing of it may be used yet.

        Raises
        ------
        RecordingError
            If the block has a key already.
        """
        with self.transaction() as connection:
            self.stage_within(connection, key, label, origin)

    def stage_within(self, connection: Connection, key: SecretKey, label: Label, origin: Origin) -> None:
        """Do what :meth:`stage` does, as a part of a transaction."""
        name = key_id(key.session, key.block)
        if block_keys.find(connection, name) is not None:
            raise RecordingError(
                f"block {key.block} of this session has a key in {self.path} already; a run that repeats "
                "another needs a store of its own"
            )
        block_keys.insert(connection, self.vault, name, key, label, origin, self._now())

    def confirm(self, session: bytes, block: int) -> None:
        """Make a staged key available, and its refill part of the pool, in one transaction.

        Raises
        ------
        RecordingError
            If it is not staged.
        """
        with self.transaction() as connection:
            self.confirm_within(connection, key_id(session, block))

    def confirm_within(self, connection: Connection, name: str) -> None:
        """Do what :meth:`confirm` does, as a part of a transaction."""
        row = block_keys.find_staged(connection, name, self.path)
        if refill := block_keys.refill(connection, self.vault, row):
            source = block_source(bytes(row["session"]), row["block"])
            self.pool.append(connection, source, refill, block_keys.hash_source(row), row["epsilon"])
        connection.execute(f"UPDATE key SET state = 'confirmed', {WITHOUT_REFILL} WHERE id = ?", (name,))  # noqa: S608 - our own words
        self.audit.note(connection, "confirmed", key=name, label=row["label"], bits=row["length_bits"])

    def discard(self, session: bytes, block: int) -> None:
        """Forget a staged key that the other end does not hold."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM key WHERE id = ? AND state = 'staged'", (key_id(session, block),))

    def unsettled(self) -> tuple[tuple[bytes, int], ...]:
        """Name the blocks, by session and number, whose keys are staged."""
        with self.transaction() as connection:
            # Without the values: a key can be megabytes.
            rows = connection.execute(
                "SELECT session, block FROM key WHERE state = 'staged' ORDER BY made_at, session, block"
            ).fetchall()
        return tuple((row["session"], row["block"]) for row in rows)

    def staged(self) -> list[SecretKey]:
        """Give the keys that are staged, whole: for the recording of a session that begins with them."""
        with self.transaction() as connection:
            rows = block_keys.all_staged(connection)
            return [block_keys.whole(connection, self.vault, row) for row in rows]

    def quarantine(self, session: bytes, block: int) -> None:
        """Keep a staged key apart, never delivered; what it held for the pool goes.

        Raises
        ------
        RecordingError
            If it is not staged.
        """
        with self.transaction() as connection:
            name = key_id(session, block)
            row = block_keys.find_staged(connection, name, self.path)
            connection.execute(
                f"UPDATE key SET state = 'confirmed', label = 'quarantined', {WITHOUT_REFILL} WHERE id = ?",  # noqa: S608 - our own words
                (name,),
            )
            self.audit.note(connection, "quarantined", key=name, bits=row["length_bits"])

    def fate(self, session: bytes, block: int) -> Fate:
        """Say what was made of a block's key here, whatever became of it since.

        A key that somebody has quarantined after it was confirmed counts as confirmed: the pool was refilled from it.
        """
        with self.transaction() as connection:
            row = block_keys.find(connection, key_id(session, block))
            if row is None or row["state"] == "staged":
                return "none"
            refilled = self.pool.was_refilled_from(connection, block_source(session, block))
        return "quarantined" if row["label"] == "quarantined" and not refilled else "confirmed"

    def entries(self) -> list[KeyEntry]:
        """List all keys, oldest first, without their values."""
        with self.transaction() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM key ORDER BY made_at, session, block"  # noqa: S608 - our own names
            ).fetchall()
        return [KeyEntry.from_row(row) for row in rows]

    def level(self) -> tuple[int, int]:
        """Count the keys that wait to be delivered, and their bits; quarantined ones never are."""
        with self.transaction() as connection:
            keys, bits = connection.execute(
                "SELECT count(*), coalesce(sum(length_bits), 0) FROM key WHERE state = 'confirmed' "
                "AND label != 'quarantined'"
            ).fetchone()
        return int(keys), int(bits)

    def entry(self, name: str) -> KeyEntry | None:
        """Give what may be told of a key; None where there is no such key."""
        with self.transaction() as connection:
            row = block_keys.find(connection, name)
        return None if row is None else KeyEntry.from_row(row)

    def value(self, name: str) -> Bits:
        """Give a key without delivering it, to compare both ends of an offline run.

        Raises
        ------
        RecordingError
            If there is no such key, or it was delivered.
        """
        with self.transaction() as connection:
            row = block_keys.find(connection, name)
            if row is None or row["value"] is None:
                raise RecordingError(f"key {name} is not in {self.path}, or was delivered")
            return block_keys.bits(connection, self.vault, row)

    def deliver(self, name: str, hold: Callable[[Bits], None], draft: str | None = None) -> None:
        """Hand a confirmed key over, once.

        Parameters
        ----------
        name : str
            The key's id.
        hold : callable
            Takes the key to where nobody can use it yet. Once `deliver` has returned the key is gone from
            the store, durably, and may be used; if `hold` or anything else fails, it stays.
        draft : str, optional
            The file that `hold` writes, for the audit log: whoever finds it after a crash knows that the key is in it.

        Raises
        ------
        RecordingError
            If it is not confirmed, is quarantined, or was delivered before.
        """
        with self.transaction() as connection:
            row = block_keys.find(connection, name)
            if row is None or row["state"] != "confirmed" or row["label"] == "quarantined":
                raise RecordingError(f"key {name} in {self.path} {block_keys.why_not(row)}")
            bits = block_keys.bits(connection, self.vault, row)
            connection.execute("UPDATE key SET state = 'delivered', value = NULL WHERE id = ?", (name,))
            facts = {"label": row["label"], "bits": row["length_bits"], "draft": draft}
            self.audit.note(connection, "exported", key=name, **facts)
            hold(bits)
