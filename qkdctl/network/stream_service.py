"""Serving key streams (ETSI GS QKD 004) at a node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from qkdctl.kme.auditor import Auditor
from qkdctl.kme.config import KmeConfig
from qkdctl.kme.door import Door
from qkdctl.kme.limits import Allowances
from qkdctl.kme.refusal import bad
from qkdctl.kme.serve import alive, context_of
from qkdctl.kme.streams.chunks import Chunks
from qkdctl.kme.streams.registry import Registry
from qkdctl.kme.streams.server import StreamServer
from qkdctl.kme.streams.service import StreamService
from qkdctl.kme.words import StreamEcho, StreamNews
from qkdctl.kme.writer import Writer
from qkdctl.network.post import Post, understood
from qkdctl.network.spec import NodeSpec
from qkdctl.network.stream_keys import NEWS, WISH, NetworkChunks, OtherNodes
from qkdctl.network.supply import NetworkSupply


@asynccontextmanager
async def streaming(
    spec: NodeSpec,
    config: KmeConfig,
    writer: Writer,
    supply: NetworkSupply,
    post: Post,
    allowances: Allowances,
    door: Door,
    auditor: Auditor,
) -> AsyncIterator[None]:
    """Serve streams to a node's applications while the context lasts.

    Raises
    ------
    KmeError
        If it cannot listen.
    """
    nodes = {sae: card.name for card in spec.nodes if card.name != spec.name for sae in card.saes}
    registry = Registry(alive)
    chunks = NetworkChunks(writer, supply, post, registry, nodes)
    others = OtherNodes(post, nodes)
    service = StreamService(config, registry, Chunks(chunks, allowances), allowances, others)
    post.hearers |= {NEWS: _NewsHearer(nodes, service), WISH: chunks.answer}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(chunks.finish)
        if config.streams:
            server = StreamServer(service, door, auditor)
            await stack.enter_async_context(server.listening(config.streams, context_of(config, auditor)))
        yield


class _NewsHearer:
    """Hears of streams' ends at other nodes."""

    def __init__(self, nodes: Mapping[str, str], service: StreamService) -> None:
        self._nodes = nodes
        self._service = service

    async def __call__(self, node: str, words: bytes) -> StreamEcho:
        news = understood(words, StreamNews)
        if self._nodes.get(news.sae) != node:
            raise bad("another node serves that application")
        return self._service.hear(news)
