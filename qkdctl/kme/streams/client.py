"""A client of key streams, ETSI GS QKD 004.

>>> with StreamClient("localhost:25575", "SAE_A.crt", "SAE_A.key", "ca.crt") as kme:  # doctest: +SKIP
...     stream = kme.open("SAE_A", "SAE_B", chunk_bytes=32)
...     first = stream.get(0)
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

from qkdctl.errors import KmeError
from qkdctl.keystore.secret import Secret
from qkdctl.kme.config import host_and_port
from qkdctl.kme.streams.answers import CONNECTED, NO_KSID, Answer, Chunk, Closed, Opened, read_answer
from qkdctl.kme.streams.calls import Call, Close, GetKey, OpenConnect
from qkdctl.kme.streams.frames import HEADER_BYTES, MOST_BYTES, Malformed, Qos, Status, read_header
from qkdctl.kme.tls import client_context, expect_kme

A = TypeVar("A", bound=Answer)

PATIENCE_S = 10.0
"""How long an answer may take beyond the stream's own time."""

METADATA_BYTES = 1024
ASK_AGAIN_S = 0.2
MEANINGS = {
    Status.INSUFFICIENT_KEY: "there is too little key, or the chunk was had before or is lost",
    Status.PEER_NOT_YET_CONNECTED: "the other application has not opened the stream, or nobody has",
    Status.NO_QKD_CONNECTION: "there is no link to that application for this one, or the other KME is away",
    Status.KSID_IN_USE: "the stream's ID is in use",
    Status.TIMEOUT: "it takes longer than the stream's time",
}


class StreamRefused(KmeError):
    """A KME answers with another status than hoped for.

    Attributes
    ----------
    status : Status
    """

    def __init__(self, status: Status) -> None:
        super().__init__(f"the KME refuses ({status.name}): {MEANINGS.get(status, 'see ETSI GS QKD 004')}")
        self.status = status


@dataclass(frozen=True)
class StreamKey:
    """A chunk of a stream.

    Attributes
    ----------
    index : int
    value : Secret
    metadata : dict
        ``age`` in milliseconds, ``hops``.
    """

    index: int
    value: Secret
    metadata: Mapping[str, Any]


class StreamClient:
    """A connection to a KME's streams.

    Parameters
    ----------
    address : str
        ``HOST:PORT``.
    certificate, private_key, ca : path
        PEM files.
    kme_id : str, optional
        The only KME that is accepted.

    Raises
    ------
    KmeError
        From every call: the KME cannot be reached, or is none; :class:`StreamRefused` if it says no.
    """

    def __init__(
        self,
        address: str,
        certificate: Path | str,
        private_key: Path | str,
        ca: Path | str,
        kme_id: str | None = None,
    ) -> None:
        try:
            self._address = host_and_port(address)
        except ValueError:
            raise KmeError(f"{address!r} is no address of key streams, expected HOST:PORT") from None
        self._name = address
        self._context = client_context(Path(certificate), Path(private_key), Path(ca))
        self._kme_id = kme_id
        self._socket: ssl.SSLSocket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection; streams stay open until their time is over."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def open(
        self,
        source: str,
        destination: str,
        ksid: UUID = NO_KSID,
        *,
        chunk_bytes: int = 0,
        timeout_ms: int = 5000,
        ttl_s: int = 0,
    ) -> KeyStream:
        """Open a stream between two applications, one of which is this one.

        Parameters
        ----------
        source, destination : str
            Their IDs, or URIs such as ``qkd://SAE_A``.
        ksid : UUID, optional
            The ID that the other end was given; a new stream otherwise.
        chunk_bytes : int, optional
            The length of a chunk; the KME's default otherwise. The first of the two settles it.
        timeout_ms, ttl_s : int, optional
            How long calls may wait, and how long the stream lasts.
        """
        qos = Qos(chunk_bytes=chunk_bytes, timeout_ms=timeout_ms, ttl_s=ttl_s)
        opened = self._call(OpenConnect(source, destination, qos, ksid), Opened, timeout_ms)
        if opened.status not in CONNECTED:
            raise StreamRefused(opened.status)
        return KeyStream(self, opened)

    def _call(self, call: Call, kind: type[A], timeout_ms: int) -> A:
        try:
            answer = self._exchange(call.encode(), PATIENCE_S + timeout_ms / 1e3)
        except (OSError, Malformed) as error:
            self.hang_up()
            raise KmeError(f"{self._name}: no answer: {error or type(error).__name__}") from None
        if not isinstance(answer, kind):
            raise KmeError(f"{self._name}: answers something else than was asked")
        return answer

    def _exchange(self, data: bytes, timeout_s: float) -> Answer:
        if self._socket is None:
            plain = socket.create_connection(self._address, PATIENCE_S)
            self._socket = self._context.wrap_socket(plain, server_hostname=self._address[0])
            expect_kme(self._socket.getpeercert(), self._kme_id)
        self._socket.settimeout(timeout_s)
        self._socket.sendall(data)
        service, length = read_header(self._receive(self._socket, HEADER_BYTES), MOST_BYTES)
        return read_answer(service, self._receive(self._socket, length))

    @staticmethod
    def _receive(connection: ssl.SSLSocket, length: int) -> bytes:
        data = b""
        while len(data) < length:
            more = connection.recv(length - len(data))
            if not more:
                raise ConnectionError("the KME hangs up")
            data += more
        return data


class KeyStream:
    """One end of a stream.

    Attributes
    ----------
    ksid : UUID
        What the other end opens it by.
    qos : Qos
        What was granted.
    """

    def __init__(self, client: StreamClient, opened: Opened) -> None:
        self.ksid = opened.ksid
        self.qos = opened.qos
        self._client = client

    def get(self, index: int, wait_s: float = 0.0) -> StreamKey:
        """Get the chunk of a number; each is given once at each end.

        Parameters
        ----------
        index : int
        wait_s : float, optional
            How long to ask again while the other end has not opened the stream.
        """
        until = monotonic() + wait_s
        while True:
            call = GetKey(self.ksid, index, METADATA_BYTES)
            chunk = self._client._call(call, Chunk, self.qos.timeout_ms)
            if chunk.status == Status.SUCCESS:
                return StreamKey(chunk.index, Secret(chunk.key), json.loads(chunk.metadata))
            if chunk.status != Status.PEER_NOT_YET_CONNECTED or monotonic() > until:
                raise StreamRefused(chunk.status)
            sleep(ASK_AGAIN_S)

    def close(self) -> None:
        """Close this end."""
        closed = self._client._call(Close(self.ksid), Closed, self.qos.timeout_ms)
        if closed.status not in (Status.SUCCESS, Status.PEER_NOT_CONNECTED):
            raise StreamRefused(closed.status)
