"""The file under a key store: SQLite, durable, for its owner only."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qkdctl.errors import DiskFullError, RecordingError
from qkdctl.keystore.access import make_private
from qkdctl.keystore.engine import WAIT_S
from qkdctl.keystore.schema import APPLICATION_ID, SCHEMA, VERSION, check_kind

ROOM = 2**20
"""A disk with fewer free bytes is full: SQLite takes room in pieces."""

MARK = f"PRAGMA application_id = {APPLICATION_ID}"

WHAT_TO_DO = {
    sqlite3.SQLITE_BUSY: "another program is using it; let that end first",
    sqlite3.SQLITE_FULL: "the disk is full; make room and run again",
    sqlite3.SQLITE_IOERR: "the disk is full or faulty; make room, look at the disk and run again",
    sqlite3.SQLITE_READONLY: "it cannot be written; look at its permissions and those of its directory",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; look at its permissions and those of its directory",
    sqlite3.SQLITE_NOTADB: "it is not a key store; name the right directory with --store",
    sqlite3.SQLITE_CORRUPT: "it is damaged; set it aside, and begin another with a new pre-shared key",
}


class Database:
    """A connection to one party's file.

    Every transaction is durable when it returns (``synchronous=FULL``), and deleted values are overwritten
    (``secure_delete``).

    Parameters
    ----------
    path : Path
        Made if it is not there.
    party : str
        "alice" or "bob": a file belongs to one.
    wait_s : float, optional
        How long a transaction waits for another program.

    Raises
    ------
    RecordingError
        If the file is somebody else's, open to others, of another party, or not a key store.
    """

    def __init__(self, path: Path, party: str, wait_s: float = WAIT_S) -> None:
        self._path = path
        make_private(path)
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=wait_s)
        except sqlite3.Error as error:
            raise self._explained(error) from None
        self._connection.row_factory = sqlite3.Row
        try:
            self._prepare(party)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, party: str) -> None:
        """Look before anything is changed: the file may belong to another program."""
        with self._errors_explained():
            self._recognise()
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
                self._connection.execute(f"PRAGMA {pragma}")
        with self.transaction() as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in (MARK, *SCHEMA):
                    connection.execute(statement)
                connection.execute("INSERT INTO store VALUES (?, ?)", (VERSION, party))
            row = connection.execute("SELECT version, party FROM store").fetchone()
        check_kind(self._path, row["version"], row["party"], party)

    def _recognise(self) -> None:
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and self._connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise RecordingError(
                f"{self._path}: is a database of another program; name the directory of the key stores with "
                "--store"
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do everything inside or nothing; what is done is on disk when it returns.

        Raises
        ------
        RecordingError
            If the file cannot be read or written; nothing was done.
        """
        with self._errors_explained():
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                # Still open after an error or Ctrl-C anywhere above; some errors end it by themselves.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def shrink(self) -> None:
        """Write the file anew without what was deleted, and empty the write-ahead log."""
        with self._errors_explained():
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file, leaving nothing in the write-ahead log unless somebody else reads it just now."""
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._explained(error) from None

    def _explained(self, error: sqlite3.Error) -> RecordingError:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        advice = WHAT_TO_DO.get(primary, "it is not a usable key store")
        kind = DiskFullError if self._is_full(primary) else RecordingError
        return kind(f"{self._path}: {advice} ({error})")

    def _is_full(self, primary: int) -> bool:
        """Whether an error is for want of room: SQLite says so of the file, and not of what it keeps beside it."""
        if primary not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            return primary == sqlite3.SQLITE_FULL
        with suppress(OSError):
            return shutil.disk_usage(self._path.parent).free < ROOM
        return False
