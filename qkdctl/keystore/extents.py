"""The bytes of blocks' keys that are still free, and cutting application keys from them.

A block's key that is opened for delivery becomes extents: sealed rows of some bytes each, named by where they
stand in the block. What is cut is gone from the rows in the same transaction, so nothing is cut twice.
"""

from __future__ import annotations

from typing import NamedTuple

from qkdctl.errors import NotEnoughKey
from qkdctl.keystore.engine import Connection, Row
from qkdctl.keystore.vault import Vault

EXTENT_BYTES = 1024
"""Long enough to be few, short enough to be sealed anew at every cut."""


class Piece(NamedTuple):
    """Where key comes from: the bytes ``[start, stop)`` of a block's key, the same at both ends."""

    key_id: str
    start: int
    stop: int


class Extents:
    """The free bytes of a store; all inside its transactions."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def add(self, connection: Connection, key_id: str, value: bytes) -> None:
        """Make a block's key free for cutting."""
        for start in range(0, len(value), EXTENT_BYTES):
            self._insert(connection, key_id, start, value[start : start + EXTENT_BYTES])

    def free_bytes(self, connection: Connection) -> int:
        """How much is free."""
        row = connection.execute("SELECT coalesce(sum(stop - start), 0) FROM extent").fetchone()
        return int(row[0])

    def cut(self, connection: Connection, length: int, oldest: str = "") -> tuple[list[Piece], bytes]:
        """Cut so many bytes, the oldest first; from several blocks where one ends.

        Parameters
        ----------
        connection : Connection
        length : int
            In bytes.
        oldest : str, optional
            Blocks made before this time (ISO 8601) are passed over.

        Raises
        ------
        NotEnoughKey
            If there are fewer; the caller undoes the transaction.
        """
        pieces: list[Piece] = []
        value = b""
        for row in self._oldest_first(connection, length, oldest):
            stop = min(row["stop"], row["start"] + length - len(value))
            pieces.append(Piece(row["key_id"], row["start"], stop))
            value += self._cut_row(connection, row, row["start"], stop)
        if len(value) < length:
            raise NotEnoughKey(f"{len(value)} bytes of key are there, expected {length}")
        return joined(pieces), value

    def take(self, connection: Connection, piece: Piece) -> bytes:
        """Cut a given piece.

        Raises
        ------
        NotEnoughKey
            If any of it is not free.
        """
        value = b""
        rows = connection.execute(
            "SELECT * FROM extent WHERE key_id = ? AND start < ? AND stop > ? ORDER BY start",
            (piece.key_id, piece.stop, piece.start),
        ).fetchall()
        for row in rows:
            start, stop = max(row["start"], piece.start), min(row["stop"], piece.stop)
            value += self._cut_row(connection, row, start, stop)
        if len(value) != piece.stop - piece.start:
            raise NotEnoughKey(f"bytes {piece.start} to {piece.stop} of key {piece.key_id} are not free")
        return value

    def drop(self, connection: Connection, key_id: str) -> int:
        """Destroy what is left of a block's key; give its length in bytes."""
        row = connection.execute(
            "SELECT coalesce(sum(stop - start), 0) FROM extent WHERE key_id = ?", (key_id,)
        ).fetchone()
        connection.execute("DELETE FROM extent WHERE key_id = ?", (key_id,))
        return int(row[0])

    def _oldest_first(self, connection: Connection, length: int, oldest: str) -> list[Row]:
        """Rows that hold at least so much together, if all do."""
        query = "SELECT * FROM extent ORDER BY number"
        if oldest:
            query = (
                "SELECT extent.* FROM extent JOIN key ON key.id = key_id WHERE made_at >= ? "
                "ORDER BY extent.number"
            )
        chosen: list[Row] = []
        for row in connection.execute(query, (oldest,) if oldest else ()):
            if length <= 0:
                break
            chosen.append(row)
            length -= row["stop"] - row["start"]
        return chosen

    def _cut_row(self, connection: Connection, row: Row, start: int, stop: int) -> bytes:
        """Cut ``[start, stop)`` out of a row; what is left before and behind stays free, in its place."""
        key_id, first, last = row["key_id"], row["start"], row["stop"]
        value = self._vault.open(connection, row["value"], "extent", key_id, first)
        if first < start:
            self._shorten(connection, row, first, value[: start - first])
            if stop < last:
                self._insert(connection, key_id, stop, value[stop - first :])
        elif stop < last:
            self._shorten(connection, row, stop, value[stop - first :])
        else:
            connection.execute("DELETE FROM extent WHERE number = ?", (row["number"],))
        return value[start - first : stop - first]

    def _shorten(self, connection: Connection, row: Row, start: int, value: bytes) -> None:
        connection.execute(
            "UPDATE extent SET start = ?, stop = ?, value = ? WHERE number = ?",
            (
                start,
                start + len(value),
                self._vault.seal(connection, value, "extent", row["key_id"], start),
                row["number"],
            ),
        )

    def _insert(self, connection: Connection, key_id: str, start: int, value: bytes) -> None:
        connection.execute(
            "INSERT INTO extent (key_id, start, stop, value) VALUES (?, ?, ?, ?)",
            (
                key_id,
                start,
                start + len(value),
                self._vault.seal(connection, value, "extent", key_id, start),
            ),
        )


def joined(pieces: list[Piece]) -> list[Piece]:
    """Join pieces that follow each other."""
    joint: list[Piece] = []
    for piece in pieces:
        if joint and joint[-1].key_id == piece.key_id and joint[-1].stop == piece.start:
            joint[-1] = Piece(piece.key_id, joint[-1].start, piece.stop)
        else:
            joint.append(piece)
    return joint
