"""Frames: what is packed comes back, anything else is refused."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.conversation.frames import Frame, pack, unpack
from postproc.errors import ProtocolViolation

frames = st.builds(
    Frame,
    st.just(1),
    st.binary(max_size=16),
    st.text(max_size=32),
    st.integers(0, 2**62 - 1),
    st.integers(0, 2**62 - 1),
    st.binary(max_size=100),
)


@given(frames)
def test_round_trip(frame):
    assert unpack(pack(frame)) == frame


@given(st.binary(max_size=100))
def test_any_bytes_are_a_frame_or_a_violation(data):
    with contextlib.suppress(ProtocolViolation):
        unpack(data)


@pytest.mark.parametrize(
    "fields",
    [
        (2, b"", "sift", 1, 0, b""),  # another version
        (1, b"x" * 17, "sift", 1, 0, b""),
        (1, b"", "s" * 33, 1, 0, b""),
        (1, b"", "sift", -1, 0, b""),
        (1, b"", "sift", 1, 2**62, b""),
        (1, b"", "sift", 1, 0, "text"),
        (1, b"", "sift", 1, 0),
    ],
)
def test_fields_out_of_bounds_are_refused(fields):
    with pytest.raises(ProtocolViolation):
        unpack(msgspec.msgpack.encode(fields))
