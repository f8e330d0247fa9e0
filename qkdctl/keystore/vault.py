"""Encryption at rest: every value is sealed under an epoch's key, and that under the key-encryption key.

An epoch's key lives in one row of the store. Once nothing that it sealed is in use any more the row goes, and
with it whatever copies of sealed values a disk may have kept: overwriting does not reach those.

A sealed value is ``epoch (8 bytes) | nonce (12) | AES-256-GCM-SIV ciphertext and tag``. The cipher (RFC 8452)
bears a repeated nonce, as a machine restored from a snapshot might produce; the text that is authenticated
with it says what the value is and where it belongs, so that values cannot change places.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from qkdctl.errors import RecordingError
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.secret import Secret

EPOCH = timedelta(hours=1)
EPOCH_KEY_BYTES = 32
NUMBER_BYTES = 8
NONCE_BYTES = 12

SEALED_COLUMNS = (
    ("key", "value"),
    ("key", "refill_alice"),
    ("key", "refill_bob"),
    ("extent", "value"),
    ("waiting", "value"),
    ("hash_key", "value"),
    ("one_time_key", "value"),
)
"""Where sealed values are."""


class Vault:
    """Seals and opens values, inside transactions of the store.

    Parameters
    ----------
    kek : Secret
        The key-encryption key.
    name : str
        The store's file, for errors.
    now : callable
        The clock.
    """

    def __init__(self, kek: Secret, name: str, now: Callable[[], datetime]) -> None:
        self._kek = AESGCMSIV(kek.reveal())
        self._name = name
        self._now = now
        self._ciphers: dict[bytes, AESGCMSIV] = {}

    def seal(self, connection: Connection, value: bytes, *place: object) -> bytes:
        """Encrypt a value under the current epoch's key.

        Parameters
        ----------
        connection : Connection
            In a transaction.
        value : bytes
        *place : object
            What the value is and where it belongs; :meth:`open` wants the same.
        """
        epoch = self._current(connection)
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher(connection, epoch).encrypt(nonce, value, _text(place))
        return epoch.to_bytes(NUMBER_BYTES, "big") + nonce + sealed

    def open(self, connection: Connection, sealed: bytes, *place: object) -> bytes:
        """Decrypt a value.

        Raises
        ------
        RecordingError
            If it is not what was sealed for this place, or its epoch's key is gone.
        """
        epoch = int.from_bytes(sealed[:NUMBER_BYTES], "big")
        nonce = sealed[NUMBER_BYTES : NUMBER_BYTES + NONCE_BYTES]
        try:
            return self._cipher(connection, epoch).decrypt(
                nonce, sealed[NUMBER_BYTES + NONCE_BYTES :], _text(place)
            )
        except (InvalidTag, ValueError):
            raise RecordingError(
                f"{self._name}: a stored value was changed or moved; set the file aside, and begin another "
                "with a new pre-shared key"
            ) from None

    def prepare(self, connection: Connection) -> None:
        """See that the key-encryption key belongs to the store; begin the first epoch of a new one.

        So there is one whenever the store is open, unless somebody zeroises it meanwhile.

        Raises
        ------
        RecordingError
            If it does not belong to it.
        """
        row = connection.execute("SELECT max(number) FROM epoch").fetchone()
        if row[0] is None:
            self._begin(connection, 1)
        else:
            self._cipher(connection, row[0])

    def shred(self, connection: Connection) -> int:
        """Delete the keys of past epochs under which nothing is sealed any more; give their number."""
        self._keep_hash_keys(connection)
        gone = [number for number in self._past(connection) if not _in_use(connection, number)]
        for number in gone:
            connection.execute("DELETE FROM epoch WHERE number = ?", (number,))
        self._ciphers.clear()
        return len(gone)

    def _past(self, connection: Connection) -> list[int]:
        current = self._current(connection)
        rows = connection.execute("SELECT number FROM epoch WHERE number != ?", (current,))
        return [row["number"] for row in rows]

    def _keep_hash_keys(self, connection: Connection) -> None:
        """Seal the long-lived hash keys anew, so that they do not keep an old epoch alive."""
        current = self._current(connection).to_bytes(NUMBER_BYTES, "big")
        for row in connection.execute(
            "SELECT number, source, sender, value FROM hash_key WHERE substr(value, 1, ?) != ?",
            (NUMBER_BYTES, current),
        ).fetchall():
            place = ("hash_key", row["sender"], bytes(row["source"]))
            sealed = self.seal(connection, self.open(connection, row["value"], *place), *place)
            connection.execute("UPDATE hash_key SET value = ? WHERE number = ?", (sealed, row["number"]))

    def _current(self, connection: Connection) -> int:
        """The epoch that is used now; begun if the last one is over."""
        row = connection.execute("SELECT number, began_at FROM epoch ORDER BY number DESC LIMIT 1").fetchone()
        if row is None:
            # The key-encryption key is no more: under it an epoch would keep everybody out of the store.
            raise RecordingError(f"{self._name}: was zeroised; start this program again")
        if abs(self._now() - datetime.fromisoformat(row["began_at"])) < EPOCH:
            return int(row["number"])
        # The store may be another's by now, that was begun anew.
        self._cipher(connection, row["number"])
        return self._begin(connection, row["number"] + 1)

    def _begin(self, connection: Connection, number: int) -> int:
        key, nonce = os.urandom(EPOCH_KEY_BYTES), os.urandom(NONCE_BYTES)
        wrapped = nonce + self._kek.encrypt(nonce, key, _text(("epoch", number)))
        began_at = self._now().astimezone(UTC).isoformat()
        connection.execute("INSERT INTO epoch VALUES (?, ?, ?)", (number, wrapped, began_at))
        return number

    def _cipher(self, connection: Connection, number: int) -> AESGCMSIV:
        row = connection.execute("SELECT wrapped FROM epoch WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise RecordingError(f"{self._name}: what it holds of epoch {number} was destroyed")
        # By the wrapped key, not by number: a transaction that failed may have begun the same epoch otherwise.
        wrapped = bytes(row["wrapped"])
        if wrapped not in self._ciphers:
            self._ciphers[wrapped] = AESGCMSIV(self._unwrap(wrapped, number))
        return self._ciphers[wrapped]

    def _unwrap(self, wrapped: bytes, number: int) -> bytes:
        try:
            return self._kek.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _text(("epoch", number)))
        except InvalidTag:
            raise RecordingError(
                f"{self._name}: its key-encryption key is another one; put the right file back or, if the store was "
                "zeroised, start this program again"
            ) from None


def _text(place: tuple[object, ...]) -> bytes:
    """Write a place unambiguously."""
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in place]
    return b"qkdctl store" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _in_use(connection: Connection, number: int) -> bool:
    prefix = number.to_bytes(NUMBER_BYTES, "big")
    return any(
        connection.execute(
            f"SELECT 1 FROM {table} WHERE substr({column}, 1, {NUMBER_BYTES}) = ? LIMIT 1",  # noqa: S608 - our own names
            (prefix,),
        ).fetchone()
        for table, column in SEALED_COLUMNS
    )
