"""The audit log: what happened to keys, who asked, who was refused; never a key's value.

It lies in the store, so that an event and its entry are one transaction. Every entry carries the SHA-256
digest of the one before and its own text: an entry that is changed or taken out breaks the chain. To notice a
chain that was written anew, or cut at its end, note down the head now and then (``qkdctl audit verify`` prints
it) and ask for it later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from qkdctl.errors import RecordingError
from qkdctl.keystore.engine import Connection

START = bytes(32)
"""What stands for the digest before the first entry."""


class Head(NamedTuple):
    """The end of the chain.

    Attributes
    ----------
    number : int
        Of the last entry; 0 before the first.
    digest : bytes
    """

    number: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.digest.hex()}"


class Audit:
    """Writes the log, inside transactions of the store."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def note(self, connection: Connection, event: str, **facts: object) -> None:
        """Append an entry.

        Parameters
        ----------
        connection : Connection
            In a transaction.
        event : str
            What happened, a fixed word.
        **facts : JSON values
            Names and numbers; no secrets.
        """
        head = head_of(connection)
        at = self._now().isoformat(timespec="milliseconds")
        text = json.dumps({"at": at, "event": event, **facts}, sort_keys=True)
        connection.execute(
            "INSERT INTO audit VALUES (?, ?, ?)", (head.number + 1, text, _digest(head.digest, text))
        )


def head_of(connection: Connection) -> Head:
    """Give the end of the chain."""
    row = connection.execute("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    return Head(row["number"], bytes(row["digest"])) if row else Head(0, START)


def entries(connection: Connection, first: int = 1) -> Iterator[dict[str, Any]]:
    """Read the log from an entry on; each has its ``number`` and ``digest`` beside what was noted."""
    for row in connection.execute("SELECT * FROM audit WHERE number >= ? ORDER BY number", (first,)):
        yield {"number": row["number"], **json.loads(row["event"]), "digest": row["digest"].hex()}


def latest(connection: Connection, event: str, key: str) -> dict[str, Any] | None:
    """Give what was noted last of an event about a key; None if nothing was."""
    # The database looks for the name: a log can be long.
    rows = connection.execute(
        "SELECT event FROM audit WHERE event LIKE ? ORDER BY number DESC", (f"%{key}%",)
    )
    noted = (json.loads(row["event"]) for row in rows)
    return next((entry for entry in noted if (entry["event"], entry.get("key")) == (event, key)), None)


def verify(connection: Connection, known: Head | None = None) -> Head:
    """Go through the whole chain.

    Parameters
    ----------
    connection : Connection
    known : Head, optional
        A head that was noted down earlier, and must be in the chain.

    Returns
    -------
    Head

    Raises
    ------
    RecordingError
        Where it is broken, or does not contain the known head.
    """
    head = Head(0, START)
    met = known is None or known == head
    for row in connection.execute("SELECT * FROM audit ORDER BY number"):
        expected = Head(head.number + 1, _digest(head.digest, row["event"]))
        if Head(row["number"], bytes(row["digest"])) != expected:
            raise RecordingError(
                f"the audit log is broken after entry {head.number}: an entry was changed or taken out; "
                "what follows proves nothing"
            )
        head = expected
        met = met or head == known
    if not met:
        raise RecordingError(
            f"the audit log does not contain the head {known}: it was cut or written anew since that was noted"
        )
    return head


def read_head(text: str) -> Head:
    """Read a head as it is printed.

    Raises
    ------
    ValueError
        If it is none.
    """
    number, _, digest = text.partition(":")
    head = Head(int(number), bytes.fromhex(digest))
    if len(head.digest) != len(START) or head.number < 0:
        raise ValueError(text)
    return head


def _digest(before: bytes, text: str) -> bytes:
    return hashlib.sha256(before + text.encode()).digest()
