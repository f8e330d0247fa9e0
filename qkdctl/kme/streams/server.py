"""Key streams over TLS: frames in, frames out, a connection at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ssl import SSLContext

from qkdctl.errors import KmeError, RecordingError
from qkdctl.kme.auditor import Auditor
from qkdctl.kme.config import host_and_port
from qkdctl.kme.door import Door
from qkdctl.kme.refusal import STORE_FAILED, Refusal, unavailable
from qkdctl.kme.streams.answers import Answer, Chunk, Closed, Opened
from qkdctl.kme.streams.calls import Call, Close, GetKey, OpenConnect, read_call
from qkdctl.kme.streams.frames import HEADER_BYTES, MOST_REQUEST_BYTES, Malformed, Status, read_header
from qkdctl.kme.streams.service import Caller, StreamService, status_of

log = logging.getLogger(__name__)

IDLE_S = 600.0
HANDSHAKE_S = 10.0
NAMES = {OpenConnect: "OPEN_CONNECT", GetKey: "GET_KEY", Close: "CLOSE"}


class StreamServer:
    """Reads calls and answers them.

    Parameters
    ----------
    service : StreamService
    door : Door
    auditor : Auditor
    """

    def __init__(self, service: StreamService, door: Door, auditor: Auditor) -> None:
        self._service = service
        self._door = door
        self._auditor = auditor
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, address: str, context: SSLContext) -> AsyncIterator[None]:
        """Serve while the context lasts.

        Raises
        ------
        KmeError
            If it cannot listen.
        """
        host, port = host_and_port(address)
        try:
            server = await asyncio.start_server(
                self._accept, host, port, ssl=context, ssl_handshake_timeout=HANDSHAKE_S
            )
        except OSError as error:
            raise KmeError(f"{address}: cannot listen there: {error.strerror or error}") from None
        try:
            yield
        finally:
            server.close()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await self._talk(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                call = await asyncio.wait_for(_read(reader), IDLE_S)
                answer = await self._answer(call, writer)
            except Malformed as error:
                self._auditor.refused(f"a frame that is none: {error}", who=self._door.who(writer))
                return
            writer.write(answer.encode())
            await writer.drain()

    async def _answer(self, call: Call, writer: asyncio.StreamWriter) -> Answer:
        try:
            caller = Caller(self._door.sae(writer), writer.transport)
            return await self._done(caller, call)
        except Refusal as refusal:
            return self._refused(call, refusal, writer)
        except RecordingError as error:
            log.error("%s", error)  # noqa: TRY400 - a sentence, and no traceback
            return self._refused(call, unavailable(STORE_FAILED), writer)
        except Exception:
            log.exception("a mistake in qkdctl")
            return self._refused(call, unavailable(STORE_FAILED), writer)

    async def _done(self, caller: Caller, call: Call) -> Answer:
        match call:
            case OpenConnect():
                opened = await self._service.open(caller, call)
                await self._note(caller, call, opened)
                return opened
            case GetKey():
                return await self._service.get_key(caller, call)
            case Close():
                closed = await self._service.close(caller, call)
                await self._auditor.note("stream closed", sae=caller.sae, stream=str(call.ksid))
                return closed

    async def _note(self, caller: Caller, call: OpenConnect, opened: Opened) -> None:
        if opened.status in (Status.NO_QKD_CONNECTION, Status.KSID_IN_USE):
            self._auditor.refused(
                f"no stream from {call.source[:100]!r} to {call.destination[:100]!r}: {opened.status.name}",
                who=f"sae {caller.sae}", call="OPEN_CONNECT",
            )  # fmt: skip
        else:
            await self._auditor.note("stream opened", sae=caller.sae, stream=str(opened.ksid))

    def _refused(self, call: Call, refusal: Refusal, writer: asyncio.StreamWriter) -> Answer:
        self._auditor.refused(refusal.message, who=self._door.who(writer), call=NAMES[type(call)])
        status = status_of(refusal)
        match call:
            case OpenConnect():
                return Opened(status)
            case GetKey():
                return Chunk(status)
            case Close():
                return Closed(status)


async def _read(reader: asyncio.StreamReader) -> Call:
    service, length = read_header(await reader.readexactly(HEADER_BYTES), MOST_REQUEST_BYTES)
    return read_call(service, await reader.readexactly(length))
