"""A program that knows nothing of ours has streams, by the bytes that the public ones exchange."""

import json
import socket
import ssl
import struct
from contextlib import closing, suppress
from uuid import UUID

import pytest

from qkdctl.keystore.audit import entries
from qkdctl.kme.tls import client_context
from tests.kme.test_delivery import pause_until


class Public:
    """What the public programs say, byte by byte, with nothing of ours but TLS."""

    def __init__(self, link, sae, party):
        plain = socket.create_connection(("localhost", link.stream_ports[party]), 10)
        self.socket = client_context(*link.files(sae)).wrap_socket(plain, server_hostname="localhost")

    def close(self):
        self.socket.close()

    def call(self, service, payload):
        self.socket.sendall(bytes([1, 0, 1, service]) + struct.pack(">I", len(payload)) + payload)
        head = self.receive(8)
        assert head[:4] == bytes([1, 0, 1, service + 1])
        return self.receive(struct.unpack(">I", head[4:])[0])

    def receive(self, length):
        data = b""
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def open(
        self,
        source,
        destination,
        ksid=bytes(16),
        qos=(32, 40000, 5000, 10, 0, 5000, 3600),
        mime=b"application/json",
    ):
        payload = (
            source + b"\0" + destination + b"\0" + struct.pack(">7I", *qos) + mime.ljust(256, b"\0") + ksid
        )
        answer = self.call(2, payload)
        status = struct.unpack(">I", answer[:4])[0]
        if len(answer) == 4:
            return status
        return status, struct.unpack(">7I", answer[4:32]), answer[32:288].rstrip(b"\0"), answer[288:304]

    def get(self, ksid, index, room=1024):
        answer = self.call(4, ksid + struct.pack(">II", index, room))
        status = struct.unpack(">I", answer[:4])[0]
        if status:
            return status, answer[4:]
        index, length = struct.unpack(">II", answer[4:12])
        (left,) = struct.unpack(">I", answer[12 + length : 16 + length])
        metadata = answer[16 + length :]
        assert len(metadata) == left
        return status, index, answer[12 : 12 + length], json.loads(metadata)


@pytest.fixture
def public(link):
    with closing(Public(link, "SAE_A", "alice")) as a, closing(Public(link, "SAE_B", "bob")) as b:
        yield a, b


def test_a_public_program_has_a_stream(public):
    a, b = public
    status, qos, mime, ksid = a.open(b"client://SAE_A", b"server://SAE_B")
    assert (status, qos, mime) == (1, (32, 40000, 5000, 10, 0, 5000, 3600), b"application/json")
    assert UUID(bytes=ksid).version == 4
    assert a.get(ksid, 0) == (3, b"")
    assert b.open(b"client://SAE_B", b"server://SAE_A", ksid) == (0, qos, mime, ksid)
    status, index, key, metadata = a.get(ksid, 0)
    assert (status, index, len(key), set(metadata)) == (0, 0, 32, {"age", "hops"})
    assert b.get(ksid, 0)[2] == key
    status, needed = b.get(ksid, 1, room=4)
    assert (status, struct.unpack(">I", needed)) == (8, (64,))
    assert b.get(ksid, 1, room=64)[0] == 0
    for end in public:
        assert end.call(8, ksid) == struct.pack(">I", 0)
        assert end.call(8, ksid) == struct.pack(">I", 3)


@pytest.mark.parametrize(("place", "asked", "given"), [
    (0, 2**20, 1024), (0, 1, 8), (1, 2**32 - 1, 10_000_000), (2, 2**31, 10_000_000), (5, 10**9, 60_000),
    (6, 2**32 - 1, 604_800),
])  # fmt: skip
def test_a_quality_that_cannot_be_had_is_answered_with_one_that_can(public, place, asked, given):
    qos = [32, 40000, 5000, 10, 0, 5000, 3600]
    qos[place] = asked
    status, proposed, _, ksid = public[0].open(b"SAE_A", b"SAE_B", qos=qos)
    qos[place] = given
    assert (status, list(proposed)) == (7, qos)
    assert public[1].open(b"SAE_B", b"SAE_A", ksid, proposed)[0] == 0
    assert public[0].get(ksid, 0)[2] == public[1].get(ksid, 0)[2]


def test_what_is_left_open_takes_the_default(public):
    status, qos, mime, _ = public[0].open(b"SAE_A", b"SAE_B", qos=(0, 0, 0, 0, 0, 5000, 0), mime=b"")
    assert (status, qos, mime) == (1, (32, 10_000_000, 0, 0, 0, 5000, 604_800), b"application/json")
    assert public[0].open(b"SAE_A", b"SAE_B", mime=b"text/plain")[:3:2] == (7, b"application/json")


def test_no_time_is_too_little(public):
    assert public[0].open(b"SAE_A", b"SAE_B", qos=(32, 0, 0, 0, 0, 0, 0)) == 6


def test_more_than_its_own_rate_has_to_wait(public):
    a, b = public
    *_, ksid = a.open(b"SAE_A", b"SAE_B", qos=(1024, 1000, 0, 0, 0, 500, 0))
    b.open(b"SAE_B", b"SAE_A", ksid, (1024, 0, 0, 0, 0, 500, 0))
    assert a.get(ksid, 0)[0] == 0
    assert [a.get(ksid, index)[0] for index in (1, 2)] == [6, 6]
    assert b.get(ksid, 1)[0] == 0


@pytest.mark.parametrize("junk", [
    b"GET / HTTP/1.1\r\n\r\n", bytes([1, 0, 1, 2, 0, 0, 0, 3]) + b"abc", bytes([1, 0, 1, 7, 0, 0, 0, 0]),
    bytes([1, 0, 1, 4, 255, 255, 255, 255]), bytes([2, 0, 0, 4, 0, 0, 0, 0]),
])  # fmt: skip
def test_whoever_speaks_something_else_is_hung_up_on(link, junk):
    before = noted(link)
    with closing(Public(link, "SAE_A", "alice")) as a:
        a.socket.sendall(junk)
        with suppress(ssl.SSLError):
            assert a.socket.recv(100) == b""
    pause_until(lambda: noted(link) > before)


def noted(link):
    with link.store("alice") as store, store.transaction() as connection:
        whys = [row.get("why", "") for row in entries(connection)]
    return sum(why.startswith("a frame that is none: ") for why in whys)
