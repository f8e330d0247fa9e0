"""Getting a stream's chunk: collecting it where the other end was first, drawing it otherwise.

A chunk's name is settled by the stream and its number, and a name is given once: of two ends that ask at the
same moment one draws, and the other finds that the name exists and waits for its copy. A chunk that was lost on
its way between the KMEs, or that one end has had, is never drawn again.
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import monotonic
from typing import NamedTuple

from qkdctl.errors import KeyExists, NotAReceiver, UnknownKey
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.secret import Secret
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.config import KmeConfig
from qkdctl.kme.extensions import Options
from qkdctl.kme.hybrid import Suite
from qkdctl.kme.limits import Allowances, Bucket
from qkdctl.kme.link import KmeLink
from qkdctl.kme.refusal import EMPTY, Refusal
from qkdctl.kme.streams.registry import Stream
from qkdctl.kme.words import Terms
from qkdctl.kme.writer import Writer

POLL_S = 0.1
ON_ITS_WAY_S, SOON_S = 1.0, 0.01
"""How long a chunk may be between the KMEs that both ends have asked for at once, and how often to look."""


class Fetched(NamedTuple):
    """A chunk in its application's hands.

    Attributes
    ----------
    value : Secret
    made_of : str
        JSON, as in ``key_extension`` of ETSI GS QKD 014.
    """

    value: Secret
    made_of: str


class Apart(Exception):
    """Nobody has drawn a chunk, and the other end of its stream is not open."""


class Chunks:
    """Gets chunks from store and link.

    Parameters
    ----------
    config : KmeConfig
    writer : Writer
    link : KmeLink
    allowances : Allowances
    """

    def __init__(self, config: KmeConfig, writer: Writer, link: KmeLink, allowances: Allowances) -> None:
        self._options = Options(suite=Suite() if config.hybrid == "required" else None)
        self._saes = config.saes
        self._writer = writer
        self._link = link
        self._allowances = allowances

    async def fetch(self, stream: Stream, sae: str, index: int, pace: Bucket, wait_s: float) -> Fetched:
        """Get a chunk, if need be after so long.

        Raises
        ------
        Refusal
            If there is too little key, or the other KME is not there.
        Apart
            If there can be no chunk until the other end is open.
        TimeoutError
            If the application is not to have more yet.
        UnknownKey, NotAReceiver, KeyExists
            If this end had the chunk before, or it was lost.
        """
        until = monotonic() + wait_s
        while not pace.spend(8 * stream.chunk_bytes):
            await _pause(until, TimeoutError())
        self._allowances.bits(sae, 8 * stream.chunk_bytes)
        soon = monotonic() + min(wait_s, ON_ITS_WAY_S)
        while True:
            try:
                return await self._collect(stream, sae, index) or await self._draw(stream, sae, index)
            except KeyExists as error:
                await _pause(soon, error, SOON_S)
            except Refusal as error:
                await _pause(until if error.message == EMPTY else 0.0, error)

    async def _collect(self, stream: Stream, sae: str, index: int) -> Fetched | None:
        """Collect a chunk that the other end has drawn; None if nobody has.

        Its application knows the number, and so the name, before the other KME has the chunk on its disk.
        """
        name = stream.chunk_id(index)
        master = await self._writer.do(partial(_master, key_id=name))
        if master is None:
            return None
        if master not in self._saes and not await self._link.both_hold(name):
            raise KeyExists(f"chunk {index} is on its way to the other KME")
        found = await self._writer.do(partial(_collect, master=master, sae=sae, key_id=name))
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


def _collect(store: KeyStore, connection: Connection, master: str, sae: str, key_id: str) -> Fetched:
    (found,) = store.supply.collect(connection, master, sae, [key_id])
    return Fetched(found.value, found.made_of)


async def _pause(until: float, otherwise: Exception, pause_s: float = POLL_S) -> None:
    """Wait a moment, or raise if there is no time for it."""
    if monotonic() + pause_s > until:
        raise otherwise
    await asyncio.sleep(pause_s)


SPENT = (UnknownKey, NotAReceiver, KeyExists)
"""What says that an end will never have a chunk: it had it before, or it was lost."""
