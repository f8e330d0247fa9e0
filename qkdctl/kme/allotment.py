"""What the two KMEs do in their stores: cut keys, and hold them for those who may collect them.

All of this is work for the :class:`~qkdctl.kme.writer.Writer`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import NamedTuple

from qkdctl.errors import NotEnoughKey
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.extents import Piece
from qkdctl.keystore.secret import Secret
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.supply import ApplicationKey
from qkdctl.kme.refusal import TOO_MANY_WAIT, unavailable
from qkdctl.kme.words import Grant, Terms

Combine = Callable[[str, bytes], bytes]
"""Makes the delivered key of a key's ID and the QKD key."""


class Drawn(NamedTuple):
    """The keys of a request, and what may be told of them.

    Attributes
    ----------
    grant : Grant
    values : list of Secret
    made_of : str
        JSON.
    """

    grant: Grant
    values: list[Secret]
    made_of: str


class Missing(NotEnoughKey):
    """Bytes of a block are not where the other KME says."""

    def __init__(self, block: str) -> None:
        super().__init__(f"bytes of key {block} are not free")
        self.block = block


class Local(NamedTuple):
    """What concerns this end alone.

    Attributes
    ----------
    saes : collection of str
        Those that are served here.
    patience : timedelta
        How long keys wait here.
    most_waiting : int
        How many may.
    waiting : Counter
        How many do, by receiver: counted anew now and then, and kept up between.
    """

    saes: Collection[str]
    patience: timedelta
    most_waiting: int
    waiting: Counter[str]

    def check(self, receivers: Sequence[str], more: int) -> None:
        """Raise the refusal if one of them has too many keys waiting."""
        if any(self.waiting[sae] + more > self.most_waiting for sae in receivers):
            raise unavailable(TOO_MANY_WAIT)


def allot(
    store: KeyStore, connection: Connection, terms: Terms, oldest: str, combine: Combine, here: Local
) -> Drawn:
    """Cut the keys of a request, the first that are free. Alice's KME alone does this.

    Raises
    ------
    NotEnoughKey
        If too little is free.
    """
    extents = store.supply.extents
    cuts = [extents.cut(connection, terms.size_bits // 8, oldest) for _ in terms.key_ids]
    blocks = {piece.key_id for pieces, _ in cuts for piece in pieces}
    label, made_at = store.supply.mixture_of(connection, blocks)
    grant = Grant(terms, label, made_at, tuple(tuple(pieces) for pieces, _ in cuts))
    return _settle(store, connection, grant, [value for _, value in cuts], combine, here)


def accept(store: KeyStore, connection: Connection, grant: Grant, combine: Combine, here: Local) -> Drawn:
    """Cut the keys of a request where the other KME says.

    Raises
    ------
    Missing
        If something is not free there.
    """
    values = [b"".join(_take(store, connection, piece) for piece in pieces) for pieces in grant.pieces]
    return _settle(store, connection, grant, values, combine, here)


def _take(store: KeyStore, connection: Connection, piece: Piece) -> bytes:
    try:
        return store.supply.extents.take(connection, piece)
    except NotEnoughKey:
        raise Missing(piece.key_id) from None


def _settle(
    store: KeyStore,
    connection: Connection,
    grant: Grant,
    values: Sequence[bytes],
    combine: Combine,
    here: Local,
) -> Drawn:
    """Note whose the keys are, and hold them for the receivers at this end.

    Raises
    ------
    KeyExists
        If one of the names was given before: no two keys ever share one.
    """
    terms, made_of = grant.terms, made_of_text(grant)
    receivers = tuple(sae for sae in terms.slaves if sae in here.saes)
    here.check(receivers, len(values))
    held = []
    for key_id, qkd, pieces in zip(terms.key_ids, values, grant.pieces, strict=True):
        store.supply.check_new(connection, key_id)
        value, blocks = combine(key_id, qkd), tuple(dict.fromkeys(piece.key_id for piece in pieces))
        key = ApplicationKey(key_id, terms.master, receivers, 8 * len(value), made_of, blocks)
        if terms.master in here.saes:
            store.supply.record(connection, key)
        if receivers:
            store.supply.wait(connection, key, value, here.patience)
        held.append(Secret(value))
    here.waiting.update(dict.fromkeys(receivers, len(values)))
    return Drawn(grant, held, made_of)


def made_of_text(grant: Grant) -> str:
    """Say what keys are made of, as applications read it in ``key_extension``."""
    parts: dict[str, object] = {
        "qkdctl_made_of": ["QKD"], "qkdctl_label": grant.label, "qkdctl_made_at": grant.made_at
    }  # fmt: skip
    if grant.terms.hybrid:
        suite = grant.terms.hybrid.suite
        parts |= {"qkdctl_made_of": ["QKD", suite.kem], "qkdctl_combiner": suite.combiner}
    return json.dumps(parts)
