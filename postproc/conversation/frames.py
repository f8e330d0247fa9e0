"""Frames: the envelope that says which session, stage and block a message belongs to, and its place there.

A frame's bytes are what the transcript keeps and the tags cover, so that neither an address nor an order
can be changed unnoticed.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from postproc.errors import ProtocolViolation

VERSION = 1
SESSION_BYTES = 16


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """One message on its way.

    Attributes
    ----------
    version : int
        Version of this format.
    session : bytes
        16 bytes, or none before the parties have agreed on a session.
    stage : str
        The stage that speaks; its twin listens.
    block : int
        Number of the block; 0 is the session's preamble.
    sequence : int
        Number of the frame in this stage and block, each direction counting from 0.
    payload : bytes
        The encoded message.
    """

    version: Annotated[int, msgspec.Meta(ge=VERSION, le=VERSION)]
    session: Annotated[bytes, msgspec.Meta(max_length=SESSION_BYTES)]
    stage: Annotated[str, msgspec.Meta(max_length=32)]
    block: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
    sequence: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
    payload: bytes


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Frame)


def pack(frame: Frame) -> bytes:
    """Encode a frame."""
    return _ENCODER.encode(frame)


def unpack(data: bytes) -> Frame:
    """Decode a frame.

    Raises
    ------
    ProtocolViolation
        If the bytes are not a frame of this version.
    """
    try:
        return _DECODER.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ProtocolViolation(f"not a frame: {error}") from None
