"""APT messages, however the bytes come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.apt import DEVICE, HOST, Message, MessageReader, encode

numbers = st.integers(0, 0xFFFF)
short = st.tuples(numbers, st.integers(0, 255), st.integers(0, 255)).map(lambda each: Message(*each))
long = st.tuples(numbers, st.binary(min_size=1, max_size=90)).map(
    lambda each: Message(each[0], 0, 0, each[1])
)
messages = st.lists(short | long, max_size=8)


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (Message(0x0005), "05 00 00 00 50 01"),
        (Message(0x0411, 4), "11 04 04 00 50 01"),
        (Message(0x0453, data=bytes.fromhex("0200ad020000")), "53 04 06 00 d0 01 02 00 ad 02 00 00"),
    ],
)
def test_messages_are_as_the_description_has_them(message: Message, data: str) -> None:
    assert encode(message, DEVICE, HOST) == bytes.fromhex(data)


@given(messages, st.data())
def test_messages_come_out_however_the_bytes_are_cut(sent: list[Message], data: st.DataObject) -> None:
    text = b"".join(encode(each, HOST, DEVICE) for each in sent)
    reader, found = MessageReader(HOST), []
    while text:
        size = data.draw(st.integers(1, len(text)))
        found += reader.feed(text[:size])
        text = text[size:]
    assert found == sent


@given(st.binary(max_size=200))
def test_any_bytes_give_messages_or_none(data: bytes) -> None:
    for message in MessageReader(HOST).feed(data):
        assert len(message.data) <= 1024
