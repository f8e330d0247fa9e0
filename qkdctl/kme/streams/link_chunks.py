"""Chunks from one link: collecting one where the other end was first, drawing it otherwise.

A chunk's name is settled by the stream and its number, and a name is given once: of two ends that ask at the
same moment one draws, and the other finds that the name exists and waits for its copy. A chunk that was lost on
its way between the KMEs, or that one end has had, is never drawn again.
"""

from __future__ import annotations

from functools import partial

from qkdctl.errors import KeyExists
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.config import KmeConfig
from qkdctl.kme.extensions import Options
from qkdctl.kme.hybrid import Suite
from qkdctl.kme.link import KmeLink
from qkdctl.kme.streams.chunks import Apart, Fetched
from qkdctl.kme.streams.registry import Stream
from qkdctl.kme.words import Terms
from qkdctl.kme.writer import Writer


class LinkChunks:
    """A :class:`~qkdctl.kme.streams.chunks.ChunkSource` of one link.

    Parameters
    ----------
    config : KmeConfig
    writer : Writer
    link : KmeLink
    """

    def __init__(self, config: KmeConfig, writer: Writer, link: KmeLink) -> None:
        self._options = Options(suite=Suite() if config.hybrid == "required" else None)
        self._saes = config.saes
        self._writer = writer
        self._link = link

    async def get(self, stream: Stream, sae: str, index: int) -> Fetched:
        """See :class:`~qkdctl.kme.streams.chunks.ChunkSource`."""
        return await self._collect(stream, sae, index) or await self._draw(stream, sae, index)

    async def _collect(self, stream: Stream, sae: str, index: int) -> Fetched | None:
        """Collect a chunk that the other end has drawn; None if nobody has.

        Its application knows the number, and so the name, before the other KME has the chunk on its disk. Where both
        applications are here the second need not wait for that: should the other KME refuse, then what was collected
        keeps its name, and the first goes without.
        """
        name = stream.chunk_id(index)
        master = await self._writer.do(partial(_master, key_id=name))
        if master is None:
            return None
        if master not in self._saes and not await self._link.both_hold(name):
            raise KeyExists(f"chunk {index} is on its way to the other KME")
        found = await self._writer.do(partial(collect, master=master, sae=sae, key_id=name))
        self._link.here.waiting[sae] -= 1
        return found

    async def _draw(self, stream: Stream, sae: str, index: int) -> Fetched:
        if stream.other(sae) not in stream.openings:
            raise Apart
        names = (stream.chunk_id(index),)
        terms = Terms(sae, (stream.other(sae),), 8 * stream.chunk_bytes, names, named=True)
        drawn = await self._link.draw(terms, self._options)
        return Fetched(drawn.values[0], drawn.made_of)


def _master(store: KeyStore, connection: Connection, key_id: str) -> str | None:
    return store.supply.master_of(connection, key_id)


def collect(store: KeyStore, connection: Connection, master: str, sae: str, key_id: str) -> Fetched:
    """Collect a chunk that waits; work for the :class:`~qkdctl.kme.writer.Writer`."""
    (found,) = store.supply.collect(connection, master, sae, [key_id])
    return Fetched(found.value, found.made_of)
