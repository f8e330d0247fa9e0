"""Frames of prepared states, as ``docs/state-transmitter-protocol.md`` has them."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drivers.errors import BadAnswer

MAGIC = b"QST1"
#: What the stream begins with: the version of the protocol.
GREETING = struct.Struct("<4sI").pack(MAGIC, 1)
MAX_SLOTS = 2**22
HEADER = struct.Struct("<4sIQI")
CRC = struct.Struct("<I")
OVERHEAD = HEADER.size + CRC.size

States = NDArray[np.uint8]

_HALVES = np.array([byte & 15 | byte >> 4 << 8 for byte in range(256)], "<u2")


class Frame(NamedTuple):
    """A frame.

    Attributes
    ----------
    number : int
    first_slot : int
    states : array of uint8, shape (n,)
        One state a slot; none ends a run.
    """

    number: int
    first_slot: int
    states: States

    def __repr__(self) -> str:
        return f"<frame {self.number}: {len(self.states)} states from slot {self.first_slot}>"


def pack(states: States) -> bytes:
    """Put two states into a byte, the earlier one into the lower half."""
    padded = states if len(states) % 2 == 0 else np.append(states, np.uint8(0))
    packed: States = padded[0::2] | padded[1::2] << np.uint8(4)
    return packed.tobytes()


def unpack(data: bytes, slots: int) -> States:
    """Take bytes apart into states: the inverse of `pack`."""
    return _HALVES[np.frombuffer(data, np.uint8)].view(np.uint8)[:slots]


def encode(frame: Frame) -> bytes:
    """Make the bytes of a frame."""
    header = HEADER.pack(MAGIC, frame.number, frame.first_slot, len(frame.states))
    states = pack(frame.states)
    return header + CRC.pack(zlib.crc32(states, zlib.crc32(header))) + states


class FrameReader:
    """Cut a stream of bytes into frames; what is not whole yet stays."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes, give the frames that they complete.

        Raises
        ------
        BadAnswer
            If they are no frames, or damaged on the way.
        """
        self._rest += data
        frames = []
        while (size := self._whole()) is not None:
            frames.append(self._frame(bytes(self._rest[:size])))
            del self._rest[:size]
        return frames

    def _whole(self) -> int | None:
        """Length of the first frame, if all of it has come."""
        if len(self._rest) < OVERHEAD:
            return None
        magic, _, _, slots = HEADER.unpack_from(self._rest)
        if magic != MAGIC or slots > MAX_SLOTS:
            raise BadAnswer(f"{bytes(self._rest[: HEADER.size])!r} begins no frame")
        size = OVERHEAD + (int(slots) + 1) // 2
        return size if len(self._rest) >= size else None

    def _frame(self, data: bytes) -> Frame:
        header, states = data[: HEADER.size], data[OVERHEAD:]
        _, number, first_slot, slots = HEADER.unpack(header)
        if CRC.unpack_from(data, HEADER.size)[0] != zlib.crc32(states, zlib.crc32(header)):
            raise BadAnswer(f"frame {number} was damaged on the way: its checksum is wrong")
        return Frame(number, first_slot, unpack(states, slots))
