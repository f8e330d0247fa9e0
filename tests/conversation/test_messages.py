"""The codec: what was said arrives, and nothing else gets through."""

import contextlib

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from postproc.bits import Bits
from postproc.conversation.messages import Abort, Message, decode, encode
from postproc.errors import ProtocolViolation


class Everything(Message, frozen=True):
    number: int
    text: str
    packed: Bits
    small: NDArray[np.uint8]
    wide: NDArray[np.int64]
    many: tuple[int, ...]


class Other(Message, frozen=True):
    number: int


everything = st.builds(
    Everything,
    st.integers(-(2**63), 2**63 - 1),
    st.text(),
    st.lists(st.booleans()).map(lambda bits: Bits.from_array(np.array(bits, bool))),
    npst.arrays(np.uint8, st.integers(0, 50)),
    npst.arrays(np.int64, st.integers(0, 50)),
    st.lists(st.integers(0, 2**32)).map(tuple),
)


@given(everything)
def test_what_was_said_arrives(message):
    heard = decode(encode(message), Everything)
    assert heard.packed == message.packed
    assert np.array_equal(heard.small, message.small)
    assert heard.small.dtype == np.uint8
    assert np.array_equal(heard.wide, message.wide)
    assert (heard.number, heard.text, heard.many) == (message.number, message.text, message.many)


@given(everything)
def test_arrays_arrive_read_only(message):
    heard = decode(encode(message), Everything)
    assert not heard.small.flags.writeable
    assert not heard.wide.flags.writeable


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_violation(data):
    with contextlib.suppress(ProtocolViolation):
        decode(data, Everything)


@given(everything, st.data())
def test_damaged_messages_are_messages_or_violations(message, data):
    encoded = bytearray(encode(message))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(ProtocolViolation):
        decode(bytes(encoded), Everything)


def test_a_message_of_another_type_is_a_violation():
    with pytest.raises(ProtocolViolation, match="Everything"):
        decode(encode(Other(1)), Everything)


def test_an_abort_may_come_instead_of_anything():
    assert decode(encode(Abort(True, "because")), Other) == Abort(True, "because")


class Narrow(Message, frozen=True):
    values: NDArray[np.uint8]


class Wide(Message, frozen=True, tag="Narrow"):
    values: NDArray[np.uint16]


def test_an_array_of_another_dtype_is_a_violation():
    with pytest.raises(ProtocolViolation):
        decode(encode(Wide(np.zeros(4, np.uint16))), Narrow)


def _bit_string(length: int, payload: bytes) -> bytes:
    """A message with a bit string that was put together by hand."""

    class Holder(Message, frozen=True, tag="Bitty"):
        bits: msgspec.msgpack.Ext

    extension = msgspec.msgpack.Ext(1, length.to_bytes(8, "little") + payload)
    return msgspec.msgpack.encode(Holder(extension))


class Bitty(Message, frozen=True):
    bits: Bits


def test_the_hand_made_bit_string_is_accepted_where_it_is_right():
    assert decode(_bit_string(3, b"\x05"), Bitty).bits == Bits.from_array(np.array([1, 0, 1]))


@pytest.mark.parametrize(
    ("length", "payload"),
    [
        (3, b"\x0d"),  # a bit beyond the end
        (3, b"\x05\x00"),  # too long
        (9, b"\x05"),  # too short
        (2**63, b"\x05"),  # absurd
        (3, b""),
    ],
)
def test_bit_strings_are_canonical(length, payload):
    with pytest.raises(ProtocolViolation):
        decode(_bit_string(length, payload), Bitty)


def test_deep_nesting_is_a_violation():
    with pytest.raises(ProtocolViolation):
        decode(b"\x91" * 100_000, Everything)


def test_only_listed_types_can_be_sent():
    class Odd(Message, frozen=True):
        value: object

    for value in (np.zeros(2, np.float32), np.zeros((2, 2), np.uint8), object()):
        with pytest.raises(TypeError):
            encode(Odd(value))
