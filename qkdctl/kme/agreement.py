"""Which blocks both KMEs hold, and whether the other is there: Alice's KME asks again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial
from time import monotonic

from qkdctl.keystore.engine import Connection
from qkdctl.keystore.entry import Label
from qkdctl.keystore.store import KeyStore
from qkdctl.kme import matching
from qkdctl.kme.hybrid import KemKeys
from qkdctl.kme.peer import PeerLink, PeerUnavailable
from qkdctl.kme.refusal import PEER_DOWN, unavailable
from qkdctl.kme.words import Match, Matched
from qkdctl.kme.writer import Writer

AGREED_S = 5.0
"""An agreement counts as long; then nothing is cut until the other KME has answered again."""

RENEWED_S = 0.2
"""Nobody asks more often than that, however many find too little key."""

CLOSE_AFTER_S = 30.0
"""Grants that are on their way have arrived by then."""


class Agreement:
    """What the two KMEs have settled.

    Parameters
    ----------
    writer : Writer
    peer : PeerLink or None
        None where there is no other KME: then this one agrees with itself.
    labels : collection of Label
        Of keys that are delivered here.

    Attributes
    ----------
    kem : KemKeys
        This end's key pairs.
    their_kem : dict of str to bytes
        The other end's public keys.
    """

    def __init__(self, writer: Writer, peer: PeerLink | None, labels: Collection[Label]) -> None:
        self._writer = writer
        self._peer = peer
        self._labels = labels
        self.kem = KemKeys()
        self.their_kem: dict[str, bytes] = {}
        self._agreed_at = float("-inf")
        self._failed_at = float("-inf")
        self._gone: dict[str, float] = {}
        self._asking = asyncio.Lock()
        self._turns = matching.Turns()

    async def ensure(self) -> None:
        """See that the other KME was there a moment ago.

        Raises
        ------
        Refusal
            If it is not.
        """
        await self._settle(AGREED_S)

    async def renew(self) -> None:
        """Match blocks with the other KME unless that was just done; raise the refusal if it is not there."""
        await self._settle(RENEWED_S)

    async def _settle(self, valid_s: float) -> None:
        came_at = monotonic()
        if came_at - self._agreed_at <= valid_s:
            return
        async with self._asking:
            # Who waited has the answer that came meanwhile, whatever it was.
            if self._failed_at > came_at:
                raise unavailable(PEER_DOWN)
            if self._agreed_at <= came_at:
                try:
                    await self._ask()
                except PeerUnavailable:
                    raise unavailable(PEER_DOWN) from None

    async def ask(self) -> None:
        """Match blocks with the other KME.

        Raises
        ------
        PeerUnavailable
            If it does not answer.
        """
        async with self._asking:
            await self._ask()

    async def _ask(self) -> None:
        confirmed = await self._writer.do(partial(_confirmed, labels=self._labels, turns=self._turns))
        matched = await self._matched(confirmed)
        work = partial(matching.match_here, matched=matched, asked=confirmed, labels=self._labels)
        gone = await self._writer.do(work)
        self._gone = {name: self._gone.get(name, monotonic()) for name in gone}
        self.their_kem = matched.kem
        self._agreed_at = monotonic()

    async def _matched(self, confirmed: dict[str, int]) -> Matched:
        if self._peer is None:
            return Matched(tuple(confirmed), (), (), {})
        try:
            return await self._peer.match(Match(confirmed, self._closed(), self.kem.public))
        except PeerUnavailable:
            self._failed_at = monotonic()
            raise

    async def answer(self, match: Match) -> Matched:
        """Answer the other KME's question."""
        self.their_kem = match.kem
        work = partial(
            matching.match_there, match=match, labels=self._labels, kem=self.kem.public, turns=self._turns
        )
        return await self._writer.do(work)

    def doubt(self) -> None:
        """Ask again before anything else: the other KME failed just now."""
        self._agreed_at = float("-inf")

    def _closed(self) -> tuple[str, ...]:
        """Blocks that the other holds something of, and this end has been done with for a while."""
        now = monotonic()
        return tuple(name for name, since in self._gone.items() if now - since > CLOSE_AFTER_S)


def _confirmed(
    store: KeyStore, connection: Connection, labels: Collection[Label], turns: matching.Turns
) -> dict[str, int]:
    return turns.take(matching.confirmed_blocks(connection, labels))
