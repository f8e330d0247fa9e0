"""Running a KME: open the store, listen, keep in agreement with the other KME, until told to stop."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from aiohttp import web

from qkdctl.errors import KmeError, RecordingError
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.pair import store_path
from qkdctl.keystore.store import KeyStore
from qkdctl.kme import matching
from qkdctl.kme.agreement import Agreement
from qkdctl.kme.allotment import Local
from qkdctl.kme.auditor import Auditor
from qkdctl.kme.config import KmeConfig, Limits, host_and_port
from qkdctl.kme.desk import Desk
from qkdctl.kme.door import Door
from qkdctl.kme.key_calls import KeyCalls
from qkdctl.kme.limits import Allowances
from qkdctl.kme.link import KmeLink
from qkdctl.kme.peer import PeerLink, PeerUnavailable
from qkdctl.kme.peer_calls import PeerCalls
from qkdctl.kme.revocation import RevocationList
from qkdctl.kme.service import Service
from qkdctl.kme.streams.chunks import Chunks
from qkdctl.kme.streams.link_chunks import LinkChunks
from qkdctl.kme.streams.others import OtherEnd
from qkdctl.kme.streams.registry import Registry
from qkdctl.kme.streams.server import StreamServer
from qkdctl.kme.streams.service import StreamService
from qkdctl.kme.tls import check_own, server_context
from qkdctl.kme.writer import Writer

log = logging.getLogger(__name__)

MATCH_S = 1.0
RETRY_S = 0.25
SWEEP_S = 30.0
REVOKED_S = 1.0
HANDSHAKE_S = 10.0
GRACE_S = 3.0


@asynccontextmanager
async def running(config: KmeConfig) -> AsyncIterator[int]:
    """Run a KME while the context lasts; give the port that it listens at.

    Raises
    ------
    RecordingError
        If store or certificates cannot be used.
    KmeError
        If it cannot listen.
    """
    async with AsyncExitStack() as stack:
        revoked = RevocationList(config.revoked, config.ca)
        writer = await stack.enter_async_context(
            Writer(partial(KeyStore, store_path(config.store, config.party), config.party))
        )
        auditor = Auditor(writer)
        stack.push_async_callback(auditor.finish)
        peer = _peer(config, revoked)
        if peer:
            stack.push_async_callback(peer.close)
        agreement = Agreement(writer, peer, matching.deliverable(lab=config.lab))
        link = KmeLink(config, writer, peer, agreement)
        await sweep(writer, link.here, config.limits)
        await auditor.note("started", kme=config.id, lab=config.lab, hybrid=config.hybrid)
        for period_s, work in (
            (RETRY_S, partial(_agree, agreement) if link.allots else None),
            (SWEEP_S, partial(sweep, writer, link.here, config.limits)),
        ):
            if work:
                await stack.enter_async_context(again_and_again(period_s, work))
        await stack.enter_async_context(keeping_up(revoked))
        door = Door(config.saes, [config.peer.id] if config.peer else [], revoked)
        desk, allowances = Desk(door, auditor), Allowances(config)
        chunks = Chunks(LinkChunks(config, writer, link), allowances)
        others = OtherEnd(config.peer, peer)
        streams = StreamService(config, Registry(alive), chunks, allowances, others)
        app = desk.application()
        KeyCalls(Service(config, writer, link, allowances), desk).add_to(app)
        if config.peer:
            PeerCalls(link, agreement, desk, config.peer.id, streams.hear).add_to(app)
        if config.streams:
            server = StreamServer(streams, door, auditor)
            context = context_of(config, auditor)
            await stack.enter_async_context(server.listening(config.streams, context))
        yield await stack.enter_async_context(listening(config, app, auditor))


def alive(transport: Any) -> bool:
    """Tell whether a connection lasts; None is one at the other KME."""
    # Not every loop's transports are asyncio's by their type.
    return transport is not None and not transport.is_closing()


TLS = {"1.3": ssl.TLSVersion.TLSv1_3, "1.2": ssl.TLSVersion.TLSv1_2}


def context_of(config: KmeConfig, auditor: Auditor, oldest: str = "1.3") -> ssl.SSLContext:
    """Give what a KME's server is, and demands, in TLS.

    Raises
    ------
    RecordingError
        If its certificates cannot be used.
    """
    check_own(config.certificate, config.id)
    return server_context(
        config.certificate,
        config.private_key,
        config.ca,
        lambda why: auditor.refused(f"TLS: {why}"),
        TLS[oldest],
    )


def _peer(config: KmeConfig, revoked: RevocationList) -> PeerLink | None:
    if config.peer is None:
        return None
    return PeerLink(config.peer, config.certificate, config.private_key, config.ca, revoked)


@asynccontextmanager
async def listening(config: KmeConfig, app: web.Application, auditor: Auditor) -> AsyncIterator[int]:
    """Serve calls while the context lasts; give the port.

    Raises
    ------
    KmeError
        If it cannot listen.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE_S)
    context = context_of(config, auditor, config.oldest_tls)
    await runner.setup()
    try:
        assert runner.server is not None
        host, port = host_and_port(config.listen)
        try:
            listening = await asyncio.get_running_loop().create_server(
                runner.server, host, port, ssl=context, ssl_handshake_timeout=HANDSHAKE_S, backlog=1024
            )
        except OSError as error:
            raise KmeError(f"{config.listen}: cannot listen there: {error.strerror or error}") from None
        async with listening:
            yield int(listening.sockets[0].getsockname()[1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def again_and_again(period_s: float, work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Do work at once and then every so often, while the context lasts; what fails is tried again."""

    async def loop() -> None:
        while True:
            try:
                await work()
            except RecordingError as error:
                log.error("%s", error)  # noqa: TRY400 - a sentence, and no traceback
            except Exception:
                log.exception("a mistake in qkdctl")
            await asyncio.sleep(period_s)

    task = asyncio.create_task(loop())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _agree(agreement: Agreement) -> None:
    try:
        while True:
            await agreement.ask()
            await asyncio.sleep(MATCH_S)
    except PeerUnavailable as error:
        agreement.doubt()
        log.info("the other KME cannot be reached: %s", error)


def keeping_up(revoked: RevocationList) -> AbstractAsyncContextManager[None]:
    """Read a revocation list again when it has changed, while the context lasts."""

    async def refresh() -> None:
        revoked.refresh()

    return again_and_again(REVOKED_S, refresh)


async def sweep(writer: Writer, here: Local, limits: Limits) -> None:
    """Destroy what is too old, shred epochs' keys, count what waits."""
    oldest = datetime.now(UTC) - timedelta(seconds=limits.max_age_s)
    waiting = await writer.do(partial(_clean, oldest=oldest.isoformat(timespec="seconds")))
    here.waiting.clear()
    here.waiting.update(waiting)


def _clean(store: KeyStore, connection: Connection, oldest: str) -> dict[str, int]:
    store.supply.expire(connection, oldest)
    store.vault.shred(connection)
    return store.supply.waiting(connection)
