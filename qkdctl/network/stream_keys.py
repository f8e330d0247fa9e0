"""Key streams (ETSI GS QKD 004) between applications at two nodes of a domain.

Of a stream's two applications the one whose name comes first has its node make all chunks, for whichever of the two
asks: so no number is ever drawn twice. A chunk is a key like others, drawn at random and carried over a relay
under its own name; it waits at both nodes, each of which gives it to its application once. The second node is told
that a chunk is there only when both have it on their disks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from qkdctl.errors import UnknownKey
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.supply import ApplicationKey
from qkdctl.kme.extensions import Options
from qkdctl.kme.peer import PeerUnavailable
from qkdctl.kme.refusal import EMPTY, Refusal, bad, unavailable
from qkdctl.kme.streams.chunks import Apart, Fetched
from qkdctl.kme.streams.link_chunks import collect
from qkdctl.kme.streams.registry import Registry, Stream
from qkdctl.kme.words import StreamEcho, StreamNews, Terms
from qkdctl.kme.writer import Writer
from qkdctl.network.plans import NO_WAY
from qkdctl.network.ports import KeysLost, LinkRefused
from qkdctl.network.post import Post, understood
from qkdctl.network.supply import NetworkSupply
from qkdctl.network.words import ChunkThere, ChunkWish

NEWS, WISH = "stream news", "chunk wish"


class OtherNodes:
    """The :class:`~qkdctl.kme.streams.others.Others` of a node: its domain's other nodes.

    Parameters
    ----------
    post : Post
    nodes : mapping of str to str
        By application, all other nodes'.
    """

    def __init__(self, post: Post, nodes: Mapping[str, str]) -> None:
        self._post = post
        self._nodes = nodes

    def serve(self, sae: str) -> bool:
        """See :class:`~qkdctl.kme.streams.others.Others`."""
        return sae in self._nodes

    async def tell(self, news: StreamNews) -> StreamEcho:
        """See :class:`~qkdctl.kme.streams.others.Others`."""
        try:
            return await self._post.ask(self._nodes[news.other], NEWS, news, StreamEcho)
        except Refusal as refused:
            raise PeerUnavailable(refused.message) from None


class NetworkChunks:
    """A :class:`~qkdctl.kme.streams.chunks.ChunkSource` over a network.

    Parameters
    ----------
    writer : Writer
        Works on the node's store.
    supply : NetworkSupply
    post : Post
    registry : Registry
    nodes : mapping of str to str
        By application, all other nodes'.
    """

    def __init__(
        self,
        writer: Writer,
        supply: NetworkSupply,
        post: Post,
        registry: Registry,
        nodes: Mapping[str, str],
    ) -> None:
        self._writer = writer
        self._supply = supply
        self._post = post
        self._registry = registry
        self._nodes = nodes
        self._making: dict[str, asyncio.Task[None]] = {}

    async def get(self, stream: Stream, sae: str, index: int) -> Fetched:
        """See :class:`~qkdctl.kme.streams.chunks.ChunkSource`."""
        maker, name = stream.pair[0], stream.chunk_id(index)
        if maker in self._supply.here.saes:
            await self._have_made(stream, index)
        else:
            await self._wish(maker, stream, index)
        found = await self._writer.do(partial(collect, master=maker, sae=sae, key_id=name))
        self._supply.here.waiting[sae] -= 1
        return found

    async def answer(self, node: str, words: bytes) -> ChunkThere:
        """Answer the node of a stream's second application.

        Raises
        ------
        Refusal
            If the chunk cannot be made just now.
        """
        wish = understood(words, ChunkWish)
        first, second = wish.pair
        if first not in self._supply.here.saes or self._nodes.get(second) != node:
            raise bad("the stream's ends are elsewhere")
        stream = self._registry.get(wish.stream)
        if stream is None or stream.pair != wish.pair:
            # This node was started again: what it has made it knows all the same.
            stream = Stream(wish.stream, wish.pair, 0)
        try:
            await self._have_made(stream, wish.index)
        except Apart:
            return ChunkThere(apart=True)
        except UnknownKey:
            return ChunkThere(lost=True)
        return ChunkThere()

    async def finish(self) -> None:
        """Give up what is being made."""
        for task in self._making.values():
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)

    async def _wish(self, maker: str, stream: Stream, index: int) -> None:
        wish = ChunkWish(stream.ksid, stream.pair, index)
        there = await self._post.ask(self._nodes[maker], WISH, wish, ChunkThere)
        if there.apart:
            raise Apart
        if there.lost:
            raise UnknownKey(f"chunk {index} was lost")

    async def _have_made(self, stream: Stream, index: int) -> None:
        """Make a chunk unless it was made; of several that ask at once one makes it, and all wait."""
        name = stream.chunk_id(index)
        task = self._making.get(name)
        if task is None:
            task = asyncio.create_task(self._make(stream, name))
            self._making[name] = task
            task.add_done_callback(lambda _: self._making.pop(name, None))
        await asyncio.shield(task)

    async def _make(self, stream: Stream, name: str) -> None:
        state = await self._writer.do(partial(_state, key_id=name))
        if state == "lost":
            raise UnknownKey("the chunk was lost")
        if state:
            return
        if not all(sae in stream.openings for sae in stream.pair):
            raise Apart
        terms = Terms(stream.pair[0], stream.pair, 8 * stream.chunk_bytes, (name,), named=True)
        try:
            await self._supply.draw(terms, Options())
        except KeysLost as lost:
            await self._writer.do(partial(_lose, terms=terms, why=lost.message))
            raise UnknownKey("the chunk was lost") from None
        except Refusal as refused:
            # Nothing was sent: its application may wait for more key, or another way.
            soon = isinstance(refused, LinkRefused) or refused.message == NO_WAY
            raise unavailable(EMPTY if soon else refused.message) from None


def _state(store: KeyStore, connection: Connection, key_id: str) -> str:
    return store.supply.state_of(connection, key_id)


def _lose(store: KeyStore, connection: Connection, terms: Terms, why: str) -> None:
    """Note that a chunk reached nobody; its name is never given again."""
    (name,) = terms.key_ids
    store.supply.lose_unseen(connection, ApplicationKey(name, terms.master, (), terms.size_bits, "{}"), why)
