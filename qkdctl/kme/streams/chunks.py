"""Getting a stream's chunk, at the pace and in the time that its application has.

Where chunks come from is a port: one link (:mod:`~qkdctl.kme.streams.link_chunks`), or a network of them.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import NamedTuple, Protocol

from qkdctl.errors import KeyExists, NotAReceiver, UnknownKey
from qkdctl.keystore.secret import Secret
from qkdctl.kme.limits import Allowances, Bucket
from qkdctl.kme.refusal import EMPTY, Refusal
from qkdctl.kme.streams.registry import Stream

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


class ChunkSource(Protocol):
    """Where chunks come from. A chunk is given once at each end, and there are never two of one number."""

    async def get(self, stream: Stream, sae: str, index: int) -> Fetched:
        """Give one end its chunk, which is on the disk at both.

        Raises
        ------
        Refusal
            If there is too little key, or the other KME is not there.
        Apart
            If there can be no chunk until the other end is open.
        KeyExists
            If the chunk is on its way: it may be there in a moment.
        UnknownKey, NotAReceiver
            If this end had the chunk before, or it was lost.
        """
        ...


class Chunks:
    """Gets chunks for applications.

    Parameters
    ----------
    source : ChunkSource
    allowances : Allowances
    """

    def __init__(self, source: ChunkSource, allowances: Allowances) -> None:
        self._source = source
        self._allowances = allowances

    async def fetch(self, stream: Stream, sae: str, index: int, pace: Bucket, wait_s: float) -> Fetched:
        """Get a chunk, if need be after so long.

        Raises
        ------
        TimeoutError
            If the application is not to have more yet.
        Refusal, Apart, KeyExists, UnknownKey, NotAReceiver
            See :class:`ChunkSource`.
        """
        until = monotonic() + wait_s
        while not pace.spend(8 * stream.chunk_bytes):
            await _pause(until, TimeoutError())
        self._allowances.bits(sae, 8 * stream.chunk_bytes)
        soon = monotonic() + min(wait_s, ON_ITS_WAY_S)
        while True:
            try:
                return await self._source.get(stream, sae, index)
            except KeyExists as error:
                await _pause(soon, error, SOON_S)
            except Refusal as error:
                await _pause(until if error.message == EMPTY else 0.0, error)


async def _pause(until: float, otherwise: Exception, pause_s: float = POLL_S) -> None:
    """Wait a moment, or raise if there is no time for it."""
    if monotonic() + pause_s > until:
        raise otherwise
    await asyncio.sleep(pause_s)


SPENT = (UnknownKey, NotAReceiver, KeyExists)
"""What says that an end will never have a chunk: it had it before, or it was lost."""
