"""Frames are as the public programs write them, and whatever else comes is refused."""

import struct
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.kme.streams.answers import Chunk, Closed, Opened, metadata_text, read_answer
from qkdctl.kme.streams.calls import Close, GetKey, OpenConnect, read_call
from qkdctl.kme.streams.frames import HEADER_BYTES, Malformed, Qos, Status, read_header

KSID = UUID("c42fe0b3-dfa7-4872-b170-9d3b63b1f841")
QOS = Qos(512, 40000, 5000, 10, 0, 5000, 3600)
QOS_BYTES = struct.pack(">7I", 512, 40000, 5000, 10, 0, 5000, 3600) + b"application/json".ljust(256, b"\0")

GOOD = b"a\0b\0" + QOS_BYTES + KSID.bytes


def framed(service, payload):
    return bytes([1, 0, 1, service]) + struct.pack(">I", len(payload)) + payload


@pytest.mark.parametrize(("message", "expected"), [
    (OpenConnect("client://a", "b", QOS, KSID), framed(2, b"client://a\0b\0" + QOS_BYTES + KSID.bytes)),
    (GetKey(KSID, 7, 1024), framed(4, KSID.bytes + struct.pack(">II", 7, 1024))),
    (Close(KSID), framed(8, KSID.bytes)),
    (Opened(Status.PEER_NOT_CONNECTED, QOS, KSID), framed(3, struct.pack(">I", 1) + QOS_BYTES + KSID.bytes)),
    (Opened(Status.KSID_IN_USE), framed(3, struct.pack(">I", 5))),
    (Chunk(Status.SUCCESS, 7, b"key", b"{}"), framed(5, struct.pack(">III3sI2s", 0, 7, 3, b"key", 2, b"{}"))),
    (Chunk(Status.METADATA_SIZE_INSUFFICIENT, metadata_bytes=64), framed(5, struct.pack(">II", 8, 64))),
    (Chunk(Status.INSUFFICIENT_KEY), framed(5, struct.pack(">I", 2))),
    (Closed(Status.SUCCESS), framed(9, struct.pack(">I", 0))),
], ids=lambda value: type(value).__name__)  # fmt: skip
def test_messages_are_these_bytes(message, expected):
    assert message.encode() == expected
    service, length = read_header(expected[:HEADER_BYTES], 2**16)
    assert length == len(expected) - HEADER_BYTES
    read = read_call if service % 2 == 0 else read_answer
    assert read(service, expected[HEADER_BYTES:]) == message


words = st.integers(0, 2**32 - 1)
names = st.text(st.characters(blacklist_characters="\0", codec="utf-8"), max_size=40)
qualities = st.builds(Qos, words, words, words, words, words, words, words, names)
calls = st.one_of(
    st.builds(OpenConnect, names, names, qualities, st.uuids()),
    st.builds(GetKey, st.uuids(), words, words),
    st.builds(Close, st.uuids()),
)
answers = st.one_of(
    st.builds(Opened, st.sampled_from([Status.SUCCESS, Status.QOS_NOT_MET]), qualities, st.uuids()),
    st.builds(Chunk, st.just(Status.SUCCESS), words, st.binary(), st.binary()),
    st.builds(Closed, st.sampled_from(Status)),
)


@given(st.one_of(calls, answers))
def test_what_is_written_is_read(message):
    data = message.encode()
    service, length = read_header(data[:HEADER_BYTES], 2**16)
    assert (read_call if service % 2 == 0 else read_answer)(service, data[HEADER_BYTES:]) == message
    assert length == len(data) - HEADER_BYTES


@given(st.integers(0, 255), st.binary(max_size=400), st.one_of(calls, answers), st.data())
def test_whatever_comes_is_read_or_refused(service, junk, message, data):
    good = message.encode()[HEADER_BYTES:]
    cut = good[: data.draw(st.integers(0, len(good)))]
    for payload in (junk, cut, cut + junk):
        for read in (read_call, read_answer):
            with suppress(Malformed):
                read(service, payload)


@pytest.mark.parametrize(("header", "words"), [
    (b"\x02\0\1\x02\0\0\0\0", "the version is"), (b"GET / HT", "the version is"),
    (b"\1\0\1\x02\xff\xff\xff\xff", "4294967295 bytes, expected at most 4096"),
])  # fmt: skip
def test_a_header_of_something_else(header, words):
    with pytest.raises(Malformed, match=words):
        read_header(header, 4096)


@pytest.mark.parametrize(("service", "payload"), [
    (2, b""), (2, b"a\0b"), (2, GOOD[:-16]), (2, b"\xff" + GOOD[1:]), (2, GOOD + b"x"),
    (4, KSID.bytes), (4, KSID.bytes + bytes(9)), (8, b""), (8, KSID.bytes + b"\0"), (1, KSID.bytes), (9, bytes(4)),
])  # fmt: skip
def test_a_call_that_is_none(service, payload):
    with pytest.raises(Malformed):
        read_call(service, payload)


def test_a_chunk_does_not_show_its_key():
    assert "secret" not in repr(Chunk(Status.SUCCESS, 7, b"secret", b"{}"))


def test_metadata_fit_into_the_room_that_is_asked_for():
    from qkdctl.kme.streams.answers import MOST_METADATA_BYTES

    assert metadata_text(1234, 2) == b'{"age": 1234, "hops": 2}'
    assert len(metadata_text(10**15, 10**6)) <= MOST_METADATA_BYTES
