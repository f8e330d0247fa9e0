"""Cutting keys in agreement with the other KME.

Every key is written down at both ends before who asked has it. A key that was cut at one end only (the other
died, or the way to it) is lost, and noted so. Of a stream whose two applications are both here, the second may
have collected it by then: the first goes without, and no other key ever has its name.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TypeVar

import msgspec

from qkdctl.errors import KeyExists, NotEnoughKey
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.store import KeyStore
from qkdctl.kme import allotment
from qkdctl.kme.agreement import Agreement
from qkdctl.kme.allotment import Combine, Drawn, Local, Missing
from qkdctl.kme.batches import Batches
from qkdctl.kme.config import KmeConfig
from qkdctl.kme.extensions import Options
from qkdctl.kme.hybrid import Suite, combine, encapsulate
from qkdctl.kme.peer import LANES, PeerLink, PeerUnavailable
from qkdctl.kme.refusal import EMPTY, NOT_MET, PEER_DOWN, Refusal, bad, unavailable
from qkdctl.kme.words import Answer, Grant, Held, Terms, Wish
from qkdctl.kme.writer import Writer

T = TypeVar("T")

TRIES = 3
LINGER_S = 1e-3
"""What a round waits for company, which saves more than that: a transaction costs as much for one as for many."""


class KmeLink:
    """Draws keys for applications from one link, and answers the other KME.

    Parameters
    ----------
    config : KmeConfig
    writer : Writer
    peer : PeerLink or None
        None where there is no other KME.
    agreement : Agreement
    """

    relays = False

    def __init__(
        self, config: KmeConfig, writer: Writer, peer: PeerLink | None, agreement: Agreement
    ) -> None:
        self._config = config
        self._writer = writer
        self._peer = peer
        self._agreement = agreement
        self._missing = ""
        self.allots = config.party == "alice" or peer is None
        patience = timedelta(seconds=config.limits.collect_within_s)
        self._rounds: Batches[Callable[[], Awaitable[Drawn]], Drawn] = Batches(_all_at_once, LINGER_S, LANES)
        self.here = Local(config.saes, patience, config.limits.max_waiting_keys, Counter())

    def kme_of(self, sae: str) -> str | None:
        """See :class:`~qkdctl.kme.source.KeySource`."""
        if sae in self.here.saes:
            return self._config.id
        peer = self._config.peer
        return peer.id if peer and sae in peer.saes else None

    async def free_bytes(self, sae: str = "") -> int:
        """See :class:`~qkdctl.kme.source.KeySource`."""
        return await self._writer.do(_free_bytes)

    async def draw(self, terms: Terms, options: Options) -> Drawn:
        """Cut the keys of a request, durably at both ends.

        Raises
        ------
        Refusal
            If there is too little, or the two do not agree.
        KeyExists
            If one of the names was given before.
        """
        try:
            return await self._draw(terms, options)
        except Refusal as refused:
            # An age is the one option that is met or not by what is free.
            if refused.message != EMPTY or not options.oldest or "qkdctl_max_age" not in options.optional:
                raise
        names = terms.key_ids if terms.named else new_key_ids(len(terms.key_ids))
        terms = msgspec.structs.replace(terms, key_ids=names)
        return await self._draw(terms, dataclasses.replace(options, oldest=""))

    async def _draw(self, terms: Terms, options: Options) -> Drawn:
        oldest, suite = options.oldest, options.suite
        if self._peer is None and suite is not None:
            if "qkdctl_hybrid" not in options.optional:
                raise bad(NOT_MET)
            suite = None
        if self._peer is None:
            return await self._allot(terms, oldest, _plain)
        if self.allots:
            await self._agreement.ensure()
        terms, mix = self._encapsulated(terms, suite)
        if self.allots:
            # Few rounds at a time: requests that come meanwhile share the next one's transactions and message.
            return await self._rounds.ask(partial(self._allot_and_tell, self._peer, terms, oldest, mix))
        return await self._wish(self._peer, Wish(terms, oldest), mix)

    async def answer_grant(self, grant: Grant) -> Answer:
        """Cut what Alice's KME has cut."""
        try:
            await self._accept(grant, self._decapsulated(grant.terms))
        except Missing as error:
            return Answer(str(error), missing=error.block)
        except KeyExists as error:
            return Answer(str(error), exists=True)
        except Refusal as error:
            return Answer(error.message)
        return Answer()

    async def answer_wish(self, wish: Wish) -> Answer:
        """Cut keys for Bob's KME, which has them cut too when it hears where."""
        if not self.allots:
            return Answer(PEER_DOWN)
        if wish.missing:
            await self._writer.do(partial(_close, block=wish.missing))
        try:
            drawn = await self._allot(wish.terms, wish.oldest, self._decapsulated(wish.terms))
        except KeyExists as error:
            return Answer(str(error), exists=True)
        except Refusal as error:
            return Answer(error.message)
        return Answer(grant=drawn.grant)

    async def answer_held(self, held: Held) -> Held:
        """Tell which keys are written down here."""
        return await self._writer.do(partial(_held, names=held.key_ids))

    async def both_hold(self, key_id: str) -> bool:
        """Tell whether a key that the other KME wished for is written down there too, as it always is here."""
        if self._peer is None or not self.allots:
            return True
        return await self._asked(self._peer.held(key_id))

    async def _allot_and_tell(self, peer: PeerLink, terms: Terms, oldest: str, mix: Combine) -> Drawn:
        for _ in range(TRIES):
            drawn = await self._allot(terms, oldest, mix)
            try:
                answer = await self._asked(peer.grant(drawn.grant))
            except Refusal as error:
                # It may have what it was told of, or not.
                await self._writer.do(partial(_lose, terms=terms, why=error.message))
                raise
            if not answer.refused:
                return drawn
            await self._writer.do(partial(_give_up, terms=terms, answer=answer))
            if answer.exists:
                raise KeyExists(answer.refused)
            if not answer.missing:
                raise unavailable(answer.refused)
        raise unavailable(PEER_DOWN)

    async def _wish(self, peer: PeerLink, wish: Wish, mix: Combine) -> Drawn:
        for _ in range(TRIES):
            wish = msgspec.structs.replace(wish, missing=self._missing)
            answer = await self._asked(peer.wish(wish))
            if self._missing == wish.missing:
                self._missing = ""
            if answer.exists:
                raise KeyExists(answer.refused)
            if answer.grant is None:
                raise unavailable(answer.refused or PEER_DOWN)
            try:
                return await self._accept(answer.grant, mix)
            except Missing as error:
                self._missing = error.block
                if wish.terms.named:
                    # The names are spent there. Whoever wishes next says that the block is not to be cut from.
                    break
                names = new_key_ids(len(wish.terms.key_ids))
                wish = Wish(msgspec.structs.replace(wish.terms, key_ids=names), wish.oldest)
        raise unavailable(PEER_DOWN)

    async def _allot(self, terms: Terms, oldest: str, mix: Combine) -> Drawn:
        work = partial(allotment.allot, terms=terms, oldest=oldest, combine=mix, here=self.here)
        with suppress(NotEnoughKey):
            return await self._writer.do(work)
        # Blocks may have come since the last time that the two KMEs looked.
        await self._agreement.renew()
        try:
            return await self._writer.do(work)
        except NotEnoughKey:
            raise unavailable(EMPTY) from None

    async def _accept(self, grant: Grant, mix: Combine) -> Drawn:
        return await self._writer.do(partial(allotment.accept, grant=grant, combine=mix, here=self.here))

    async def _asked(self, answer: Awaitable[T]) -> T:
        try:
            return await answer
        except PeerUnavailable:
            self._agreement.doubt()
            raise unavailable(PEER_DOWN) from None

    def _encapsulated(self, terms: Terms, suite: Suite | None) -> tuple[Terms, Combine]:
        """Encapsulate for the other end, where keys are to be combined."""
        if suite is None:
            return terms, _plain
        public = self._agreement.their_kem.get(suite.kem)
        if public is None:
            raise unavailable(PEER_DOWN)
        secret, told = encapsulate(suite, public)
        terms = msgspec.structs.replace(terms, hybrid=told)
        return terms, partial(_mixed, secret, public, terms)

    def _decapsulated(self, terms: Terms) -> Combine:
        if terms.hybrid is None:
            return _plain
        try:
            secret, public = self._agreement.kem.decapsulate(terms.hybrid)
        except ValueError:
            raise unavailable(PEER_DOWN) from None
        return partial(_mixed, secret, public, terms)


async def _all_at_once(draws: list[Callable[[], Awaitable[Drawn]]]) -> list[Drawn | BaseException]:
    return await asyncio.gather(*(draw() for draw in draws), return_exceptions=True)


def _free_bytes(store: KeyStore, connection: Connection) -> int:
    return store.supply.extents.free_bytes(connection)


def _plain(key_id: str, qkd: bytes) -> bytes:
    return qkd


def _mixed(secret: bytes, public: bytes, terms: Terms, key_id: str, qkd: bytes) -> bytes:
    assert terms.hybrid is not None
    return combine(qkd, secret, terms.hybrid, public, key_id, (terms.master, *terms.slaves))


def _lose(store: KeyStore, connection: Connection, terms: Terms, why: str) -> None:
    """Note that keys reached nobody here."""
    for key_id in terms.key_ids:
        store.supply.lose(connection, key_id, why)


def _give_up(store: KeyStore, connection: Connection, terms: Terms, answer: Answer) -> None:
    """Note that keys did not reach who asked; close the block that the other end has no longer."""
    for key_id in terms.key_ids:
        store.supply.give_up(connection, key_id, answer.refused)
    if answer.missing:
        _close(store, connection, answer.missing)


def _held(store: KeyStore, connection: Connection, names: Sequence[str]) -> Held:
    return Held(tuple(name for name in names if store.supply.master_of(connection, name) is not None))


def _close(store: KeyStore, connection: Connection, block: str) -> None:
    store.supply.close_block(connection, block, "the other KME has it no longer")


def new_key_ids(count: int) -> tuple[str, ...]:
    """Make names for keys: random, but for the time at their start, so that a store finds new ones together."""
    now = (time.time_ns() // 10**6 % 2**48).to_bytes(6, "big")
    return tuple(str(uuid.UUID(bytes=now + os.urandom(10), version=4)) for _ in range(count))
