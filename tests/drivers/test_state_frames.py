from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.state_frames import MAX_SLOTS, Frame, FrameReader, encode, pack, unpack
from drivers.errors import BadAnswer

states = st.lists(st.integers(0, 15), max_size=40).map(lambda each: np.array(each, np.uint8))


def test_a_frame_is_as_the_protocol_has_it() -> None:
    """Byte by byte, from the document."""
    header = b"QST1" + struct.pack("<IQI", 7, 2**33, 3)
    packed = bytes([0x21, 0x0F])
    expected = header + struct.pack("<I", zlib.crc32(header + packed)) + packed
    assert encode(Frame(7, 2**33, np.array([1, 2, 15], np.uint8))) == expected


@given(states)
def test_packing_is_undone(each: np.ndarray) -> None:
    packed = pack(each)
    assert len(packed) == (len(each) + 1) // 2
    assert unpack(packed, len(each)).tolist() == each.tolist()
    halves = [(packed[slot // 2] >> 4 * (slot % 2)) & 15 for slot in range(len(each))]
    assert halves == each.tolist()


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), states), max_size=4), st.data()
)
def test_frames_come_out_however_the_bytes_are_cut(
    content: list[tuple[int, int, np.ndarray]], data: st.DataObject
) -> None:
    text = b"".join(encode(Frame(*each)) for each in content)
    reader, found = FrameReader(), []
    while text:
        size = data.draw(st.integers(1, len(text)))
        found += reader.feed(text[:size])
        text = text[size:]
    assert [(f.number, f.first_slot, f.states.tolist()) for f in found] == [
        (number, first, each.tolist()) for number, first, each in content
    ]


@given(st.integers(0, 8 * 44 - 1))
def test_any_flipped_bit_is_noticed(bit: int) -> None:
    damaged = bytearray(encode(Frame(3, 1000, np.arange(40, dtype=np.uint8) % 16)))
    assert len(damaged) == 44
    damaged[bit // 8] ^= 1 << bit % 8
    reader = FrameReader()
    try:
        frames = reader.feed(bytes(damaged))
    except BadAnswer:
        return
    # A length that has grown waits for bytes that never come; it never gives a frame.
    assert frames == []


def test_absurd_lengths_are_refused_at_once() -> None:
    with pytest.raises(BadAnswer, match="begins no frame"):
        FrameReader().feed(b"QST1" + struct.pack("<IQII", 0, 0, MAX_SLOTS + 1, 0))


def test_frames_do_not_show_what_is_in_them() -> None:
    assert repr(Frame(1, 2, np.array([3], np.uint8))) == "<frame 1: 1 states from slot 2>"
