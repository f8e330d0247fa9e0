"""A small load generator for HTTPS: threads, blocking sockets, and nothing else to wait for."""

from __future__ import annotations

import base64
import json
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from qkdctl.errors import KmeError
from qkdctl.kme.tls import client_context

TIMEOUT_S = 30.0


class Reply(NamedTuple):
    """What a request brought, by key ID, and how long it took."""

    seconds: float
    keys: dict[str, bytes]


@dataclass(frozen=True)
class Load:
    """What to ask.

    Attributes
    ----------
    port : int
    pki : Path
        Directory of the certificates.
    sae, slave : str
    concurrency, count : int
        Threads, and requests of all together.
    fresh : bool
        A connection for each request; otherwise one for each thread.
    """

    port: int
    pki: Path
    sae: str
    slave: str
    concurrency: int
    count: int
    fresh: bool

    def files(self, sae: str) -> tuple[Path, Path, Path]:
        """Certificate and key of an SAE, and who signed the server's."""
        return self.pki / f"{sae}.crt", self.pki / f"{sae}.key", self.pki / "ca.crt"

    @cached_property
    def context(self) -> ssl.SSLContext:
        """What a client shows and accepts."""
        return client_context(*self.files(self.sae))

    @property
    def request(self) -> bytes:
        """The bytes of a request."""
        ending = "close" if self.fresh else "keep-alive"
        return (
            f"GET /api/v1/keys/{self.slave}/enc_keys HTTP/1.1\r\nHost: localhost\r\nConnection: {ending}\r\n\r\n"
        ).encode()


def generate(load: Load) -> list[Reply]:
    """Make all requests; give a reply for each."""
    share = load.count // load.concurrency
    with ThreadPoolExecutor(load.concurrency) as pool:
        futures = [pool.submit(_work, load, share) for _ in range(load.concurrency)]
        timed = [answer for future in futures for answer in future.result()]
    return [Reply(seconds, _keys(data)) for seconds, data in timed]


def _work(load: Load, count: int) -> list[tuple[float, bytes]]:
    answers = []
    connection: ssl.SSLSocket | None = None
    for _ in range(count):
        start = perf_counter()
        connection = connection or _connect(load)
        connection.sendall(load.request)
        data = _receive(connection)
        if load.fresh:
            connection.close()
            connection = None
        answers.append((perf_counter() - start, data))
    if connection:
        connection.close()
    return answers


def _connect(load: Load) -> ssl.SSLSocket:
    plain = socket.create_connection(("localhost", load.port), TIMEOUT_S)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return load.context.wrap_socket(plain, server_hostname="localhost")


def _receive(connection: ssl.SSLSocket) -> bytes:
    """Read one answer, whole; give its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    status, *fields = head.decode("ascii").split("\r\n")
    lengths = [
        int(field.partition(":")[2]) for field in fields if field.lower().startswith("content-length:")
    ]
    while len(body) < lengths[0]:
        body += _more(connection)
    if " 200 " not in status:
        raise KmeError(f"the KME answers {status}: {body.decode(errors='replace')}")
    return body


def _more(connection: ssl.SSLSocket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise KmeError("the KME hangs up")
    return data


def _keys(data: bytes) -> dict[str, bytes]:
    return {item["key_ID"]: base64.b64decode(item["key"]) for item in json.loads(data)["keys"]}
