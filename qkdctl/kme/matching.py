"""Settling which blocks both KMEs hold; work for the :class:`~qkdctl.kme.writer.Writer`.

A block's key is opened at either end only after the other has said that it holds it too, and both find that its
label may be delivered. What an interrupted session left confirmed at one end and staged at the other is the same
key: it is confirmed there too, unless a session that runs just now may do so itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from qkdctl.errors import RecordingError
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.entry import LABELS, NEVER, Label
from qkdctl.keystore.lock import sole_run
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.words import Match, Matched

MOST_BLOCKS = 256
"""Blocks in one message; the rest comes in the next."""


class Turns:
    """Whose turn it is to be named, where there are more blocks than go into one message: round and round.

    Otherwise as many old blocks as that, which the other end has no longer, would keep the newer ones waiting.
    """

    def __init__(self) -> None:
        self._last = ""

    def take(self, found: Mapping[str, int]) -> dict[str, int]:
        """Give those that follow the last ones, or the first ones if the last are not there any more."""
        names = list(found)
        start = names.index(self._last) + 1 if self._last in found else 0
        turn = (names[start:] + names[:start])[:MOST_BLOCKS]
        self._last = turn[-1] if turn else ""
        return {name: found[name] for name in turn}


def deliverable(*, lab: bool) -> frozenset[Label]:
    """Labels of keys that a server delivers."""
    return frozenset(LABELS) - NEVER if lab else frozenset({"secret"})


def confirmed_blocks(connection: Connection, labels: Collection[Label]) -> dict[str, int]:
    """Blocks that wait to be opened, and the lengths of their keys in bits; the oldest first."""
    rows = connection.execute(
        "SELECT id, label, length_bits FROM key WHERE state = 'confirmed' ORDER BY made_at, session, block"
    ).fetchall()
    return {row["id"]: row["length_bits"] for row in rows if row["label"] in labels}


def match_there(
    store: KeyStore,
    connection: Connection,
    match: Match,
    labels: Collection[Label],
    kem: dict[str, bytes],
    turns: Turns,
) -> Matched:
    """Answer Alice's KME: open what both hold."""
    lengths = (
        dict(connection.execute("SELECT id, length_bits FROM key").fetchall()) if match.confirmed else {}
    )
    same = [name for name, bits in match.confirmed.items() if lengths.get(name) == bits]
    confirm_staged(store, connection, same)
    held = tuple(name for name in same if store.supply.open_block(connection, name, labels))
    for name in match.closed:
        store.supply.close_block(connection, name, "nothing of it is left at the other KME")
    here = turns.take(confirmed_blocks(connection, labels))
    more = [name for name in here if name not in match.confirmed]
    return Matched(held, tuple(_with_something_left(connection)), tuple(more), kem)


def match_here(
    store: KeyStore,
    connection: Connection,
    matched: Matched,
    asked: Collection[str],
    labels: Collection[Label],
) -> list[str]:
    """Open what both hold; give what the other holds and this end no longer does."""
    for name in matched.held:
        if name in asked:
            store.supply.open_block(connection, name, labels)
    confirm_staged(store, connection, matched.confirmed)
    finish_spent(connection)
    going = "SELECT 1 FROM key WHERE id = ? AND state IN ('staged', 'confirmed', 'opened')"
    return [name for name in matched.opened if not connection.execute(going, (name,)).fetchone()]


def confirm_staged(store: KeyStore, connection: Connection, names: Iterable[str]) -> None:
    """Confirm those of the blocks that are staged here, unless a session runs."""
    query = "SELECT 1 FROM key WHERE id = ? AND state = 'staged'"
    staged = [name for name in names if connection.execute(query, (name,)).fetchone()]
    if staged:
        with _no_session(store) as free:
            for name in staged if free else ():
                store.confirm_within(connection, name)


@contextmanager
def _no_session(store: KeyStore) -> Iterator[bool]:
    """Keep sessions from running for the moment; tell whether none does."""
    try:
        lock = sole_run(store.path, wait_s=0.0)
        lock.__enter__()
    except RecordingError:
        yield False
        return
    try:
        yield True
    finally:
        lock.__exit__(None, None, None)


def finish_spent(connection: Connection) -> None:
    """Let blocks of which all was cut be done."""
    connection.execute(
        "UPDATE key SET state = 'delivered' WHERE state = 'opened' "
        "AND NOT EXISTS (SELECT 1 FROM extent WHERE extent.key_id = key.id)"
    )


def _with_something_left(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT DISTINCT key_id FROM extent LIMIT ?", (2 * MOST_BLOCKS,)).fetchall()
    return [row["key_id"] for row in rows]
