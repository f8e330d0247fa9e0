"""Messages of Thorlabs' APT protocol: a header of six bytes, with two parameters or followed by data."""

from __future__ import annotations

import struct
from typing import NamedTuple

HEADER = struct.Struct("<HBBBB")
#: Set in the destination of a message that is followed by data.
WITH_DATA = 0x80
HOST, DEVICE = 0x01, 0x50
MAX_DATA = 1024


class Message(NamedTuple):
    """A message.

    Attributes
    ----------
    number : int
        What it is about.
    first, second : int
        Parameters of a short message.
    data : bytes
        Of a long one.
    """

    number: int
    first: int = 0
    second: int = 0
    data: bytes = b""


def encode(message: Message, destination: int, source: int) -> bytes:
    """Make the bytes of a message."""
    if message.data:
        length = len(message.data)
        return (
            HEADER.pack(message.number, length & 0xFF, length >> 8, destination | WITH_DATA, source)
            + message.data
        )
    return HEADER.pack(message.number, message.first, message.second, destination, source)


class MessageReader:
    """Cut a stream of bytes into messages for one destination; anything else is skipped byte by byte.

    Parameters
    ----------
    destination : int
    """

    def __init__(self, destination: int) -> None:
        self._destination = destination
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes, give the messages that they complete."""
        self._rest += data
        found = []
        while len(self._rest) >= HEADER.size:
            number, first, second, destination, _ = HEADER.unpack_from(self._rest)
            length = first | second << 8 if destination & WITH_DATA else 0
            if destination & ~WITH_DATA != self._destination or length > MAX_DATA:
                del self._rest[0]
                continue
            size = HEADER.size + length
            if len(self._rest) < size:
                break
            body = bytes(self._rest[HEADER.size : size])
            found.append(Message(number, 0, 0, body) if length else Message(number, first, second))
            del self._rest[:size]
        return found

    @property
    def partial(self) -> bool:
        """Whether something has come that is no whole message yet."""
        return bool(self._rest)

    def clear(self) -> None:
        """Forget what is not whole yet."""
        self._rest.clear()
