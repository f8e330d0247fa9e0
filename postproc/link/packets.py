"""What two ends of a link send each other."""

from __future__ import annotations

from typing import Annotated

import msgspec

from postproc.errors import ProtocolViolation

EPOCH_BYTES = 8

Epoch = Annotated[bytes, msgspec.Meta(min_length=EPOCH_BYTES, max_length=EPOCH_BYTES)]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


class Data(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """One item.

    Attributes
    ----------
    epoch : bytes
        The sender's life: it changes when the sender starts anew.
    number : int
        Counted from 0 in this epoch.
    item : bytes
    """

    epoch: Epoch
    number: Count
    item: bytes


class State(msgspec.Struct, frozen=True, array_like=True, tag="s"):
    """What an end has and will take; also its sign of life.

    Attributes
    ----------
    epoch : bytes
        The sender's own life.
    peer : bytes
        The life of the other end that it speaks of; empty before it has heard of one.
    taken : int
        Items of the other end that it is done with: all below this number.
    credit : int
        Items below ``taken + credit`` are welcome.
    arrived : int or None
        Items of the other end that have come, dealt with or not: all below this number. Who has no room just now
        does not say, nor do versions before.
    """

    epoch: Epoch
    peer: Annotated[bytes, msgspec.Meta(max_length=EPOCH_BYTES)]
    taken: Count
    credit: Count
    arrived: Count | None = None


Packet = Data | State

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Packet)


def pack(packet: Packet) -> bytes:
    """Encode a packet."""
    return _ENCODER.encode(packet)


def unpack(data: bytes) -> Packet:
    """Decode a packet.

    Raises
    ------
    ProtocolViolation
        If the bytes are none.
    """
    try:
        packet: Packet = _DECODER.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ProtocolViolation(f"not a packet of a link: {error}") from None
    return packet
