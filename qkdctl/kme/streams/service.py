"""The three calls of ETSI GS QKD 004, without TLS or frames."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote
from uuid import UUID

from qkdctl.kme.config import KmeConfig
from qkdctl.kme.limits import Allowances, Bucket
from qkdctl.kme.peer import PeerUnavailable
from qkdctl.kme.refusal import PEER_DOWN, STORE_FAILED, Refusal, unavailable
from qkdctl.kme.streams import quality
from qkdctl.kme.streams.answers import MOST_METADATA_BYTES, NO_KSID, Chunk, Closed, Opened, metadata_text
from qkdctl.kme.streams.calls import Close, GetKey, OpenConnect
from qkdctl.kme.streams.chunks import SPENT, Apart, Chunks
from qkdctl.kme.streams.frames import Qos, Status
from qkdctl.kme.streams.others import Others
from qkdctl.kme.streams.registry import InUse, Opening, Registry, Stream, TooMany
from qkdctl.kme.words import StreamEcho, StreamNews

SHARE_OF_TIMEOUT = 0.8
"""A call that waits answers so much before its time is over, so that the answer comes in time."""


class Caller(NamedTuple):
    """Who calls, and on which connection."""

    sae: str
    connection: object


class StreamService:
    """The calls.

    Parameters
    ----------
    config : KmeConfig
    registry : Registry
    chunks : Chunks
    allowances : Allowances
    others : Others
    """

    def __init__(
        self,
        config: KmeConfig,
        registry: Registry,
        chunks: Chunks,
        allowances: Allowances,
        others: Others,
    ) -> None:
        self._config = config
        self._registry = registry
        self._chunks = chunks
        self._allowances = allowances
        self._others = others

    async def open(self, caller: Caller, call: OpenConnect) -> Opened:
        """Open one end of a stream.

        Raises
        ------
        Refusal
            As do the others.
        """
        self._allowances.request(caller.sae)
        other = self._other(caller.sae, call)
        qos = quality.settle(call.qos, self._config.limits)
        if other is None:
            return Opened(Status.NO_QKD_CONNECTION)
        if not qos.timeout_ms:
            return Opened(Status.TIMEOUT)
        ksid = uuid.uuid4() if call.ksid == NO_KSID else call.ksid
        opening = Opening(qos.timeout_ms / 1e3, Bucket(qos.max_bps), caller.connection)
        try:
            stream = self._registry.open(ksid, caller.sae, other, qos.chunk_bytes, qos.ttl_s, opening)
            await self._tell(stream, caller.sae, qos.ttl_s)
        except InUse:
            return Opened(Status.KSID_IN_USE)
        except TooMany:
            return Opened(Status.NO_QKD_CONNECTION)
        return self._opened(stream, other, call.qos, qos)

    async def get_key(self, caller: Caller, call: GetKey) -> Chunk:
        """Give a chunk."""
        self._allowances.request(caller.sae)
        stream = self._registry.find(call.ksid, caller.sae)
        if stream is None:
            return Chunk(Status.PEER_NOT_YET_CONNECTED)
        if call.metadata_bytes < MOST_METADATA_BYTES:
            return Chunk(Status.METADATA_SIZE_INSUFFICIENT, metadata_bytes=MOST_METADATA_BYTES)
        opening = stream.openings[caller.sae]
        assert opening.pace is not None
        wait_s = SHARE_OF_TIMEOUT * opening.timeout_s
        try:
            found = await self._chunks.fetch(stream, caller.sae, call.index, opening.pace, wait_s)
        except Apart:
            return Chunk(Status.PEER_NOT_YET_CONNECTED)
        except SPENT:
            return Chunk(Status.INSUFFICIENT_KEY)
        except TimeoutError:
            return Chunk(Status.TIMEOUT)
        return Chunk(Status.SUCCESS, call.index, found.value.reveal(), _metadata(found.made_of))

    async def close(self, caller: Caller, call: Close) -> Closed:
        """Close one end of a stream."""
        self._allowances.request(caller.sae)
        stream = self._registry.find(call.ksid, caller.sae)
        if stream is None:
            return Closed(Status.PEER_NOT_YET_CONNECTED)
        self._registry.close(call.ksid, caller.sae)
        try:
            await self._tell(stream, caller.sae, 0.0)
        except Refusal:
            # It will hear of it when the stream's time is over.
            return Closed(Status.PEER_NOT_CONNECTED)
        return Closed(Status.SUCCESS)

    def hear(self, news: StreamNews) -> StreamEcho:
        """Note what the other KME tells of an application of its own."""
        if not self._others.serve(news.sae) or news.other not in self._config.saes:
            return StreamEcho(in_use=True)
        ksid = UUID(bytes=news.ksid)
        if not news.lasts_s:
            self._registry.close(ksid, news.sae)
            return StreamEcho()
        try:
            stream = self._registry.open(
                ksid, news.sae, news.other, news.chunk_bytes, news.lasts_s, Opening()
            )
        except (InUse, TooMany):
            return StreamEcho(in_use=True)
        # Where both ends have opened at once, both come to the same.
        stream.chunk_bytes = min(stream.chunk_bytes, news.chunk_bytes)
        here = stream.openings.get(news.other)
        return StreamEcho(
            chunk_bytes=stream.chunk_bytes, lasts_s=self._registry.left_s(here) if here else 0.0
        )

    def _other(self, caller: str, call: OpenConnect) -> str | None:
        """The application at the other end; None unless the caller is at one, and the other is known."""
        ends = [_name(call.source), _name(call.destination)]
        if caller not in ends:
            return None
        ends.remove(caller)
        known = ends[0] != caller and (ends[0] in self._config.saes or self._others.serve(ends[0]))
        return ends[0] if known else None

    async def _tell(self, stream: Stream, sae: str, lasts_s: float) -> None:
        """Tell the other KME of an end here, and note what it says of the one there."""
        other = stream.other(sae)
        if not self._others.serve(other):
            return
        news = StreamNews(stream.ksid.bytes, sae, other, stream.chunk_bytes, lasts_s)
        try:
            echo = await self._others.tell(news)
        except PeerUnavailable:
            self._registry.close(stream.ksid, sae)
            raise unavailable(PEER_DOWN) from None
        if echo.in_use:
            self._registry.close(stream.ksid, sae)
            raise InUse
        if lasts_s and echo.lasts_s:
            stream.chunk_bytes = min(stream.chunk_bytes, echo.chunk_bytes)
            self._registry.open(stream.ksid, other, sae, echo.chunk_bytes, echo.lasts_s, Opening())

    def _opened(self, stream: Stream, other: str, asked: Qos, given: Qos) -> Opened:
        given = Qos(**{**vars(given), "chunk_bytes": stream.chunk_bytes})
        if not quality.met(asked, given):
            status = Status.QOS_NOT_MET
        elif other in stream.openings:
            status = Status.SUCCESS
        else:
            status = Status.PEER_NOT_CONNECTED
        return Opened(status, given, stream.ksid)


def status_of(refusal: Refusal) -> Status:
    """What a refusal is called here."""
    if refusal.status == 401 or refusal.message in (PEER_DOWN, STORE_FAILED):
        return Status.NO_QKD_CONNECTION
    return Status.INSUFFICIENT_KEY


def _name(uri: str) -> str:
    """The application that a URI means: what stands behind ``//``, or all of it."""
    _, found, rest = uri.partition("://")
    return unquote(rest.partition("/")[0]) if found else uri


def _metadata(made_of: str) -> bytes:
    facts = json.loads(made_of)
    age = datetime.now(UTC) - datetime.fromisoformat(facts["qkdctl_made_at"])
    between = max(facts.get("qkdctl_hops", 1) - 1, 0)
    return metadata_text(max(0, int(1e3 * age.total_seconds())), between)
