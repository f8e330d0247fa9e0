"""What key streams answer, as frames; see :mod:`~qkdctl.kme.streams.frames`."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from uuid import UUID

from qkdctl.kme.streams.frames import QOS, Malformed, Qos, Service, Status, frame

CONNECTED = (Status.SUCCESS, Status.PEER_NOT_CONNECTED, Status.QOS_NOT_MET)
"""With these OPEN_CONNECT has given a stream."""

MOST_METADATA_BYTES = 64
"""Room enough for all metadata that is told here."""

NO_KSID = UUID(int=0)
NOTHING = Qos()

_WORD = struct.Struct("!I")
_KSID_BYTES = 16


@dataclass(frozen=True)
class Opened:
    """What OPEN_CONNECT answers; QoS and KSID where the status says that there is a stream."""

    status: Status
    qos: Qos = NOTHING
    ksid: UUID = NO_KSID

    def encode(self) -> bytes:
        """Write the frame."""
        payload = _WORD.pack(self.status)
        if self.status in CONNECTED:
            payload += self.qos.encode() + self.ksid.bytes
        return frame(Service.OPEN_CONNECT + 1, payload)

    @classmethod
    def decode(cls, payload: bytes) -> Opened:
        """Read the payload."""
        status = _status(payload)
        if status not in CONNECTED:
            return cls(status)
        rest = _exactly(payload[4:], QOS.size + _KSID_BYTES)
        return cls(status, Qos.decode(rest[: QOS.size]), UUID(bytes=rest[QOS.size :]))


@dataclass(frozen=True)
class Chunk:
    """What GET_KEY answers.

    Attributes
    ----------
    status : Status
    index : int
    key : bytes
    metadata : bytes
        JSON.
    metadata_bytes : int
        The room that is needed, where there was too little.
    """

    status: Status
    index: int = 0
    key: bytes = b""
    metadata: bytes = b""
    metadata_bytes: int = 0

    def __repr__(self) -> str:
        return f"<chunk {self.index}, {self.status.name}>"

    def encode(self) -> bytes:
        """Write the frame."""
        payload = _WORD.pack(self.status)
        if self.status == Status.SUCCESS:
            payload += _WORD.pack(self.index) + _with_length(self.key) + _with_length(self.metadata)
        elif self.status == Status.METADATA_SIZE_INSUFFICIENT:
            payload += _WORD.pack(self.metadata_bytes)
        return frame(Service.GET_KEY + 1, payload)

    @classmethod
    def decode(cls, payload: bytes) -> Chunk:
        """Read the payload."""
        status = _status(payload)
        if status == Status.METADATA_SIZE_INSUFFICIENT:
            return cls(status, metadata_bytes=_WORD.unpack(_exactly(payload[4:], 4))[0])
        if status != Status.SUCCESS:
            return cls(status)
        key, rest = _take(payload[8:])
        metadata, _ = _take(rest)
        return cls(status, _WORD.unpack(payload[4:8])[0], key, metadata)


@dataclass(frozen=True)
class Closed:
    """What CLOSE answers."""

    status: Status

    def encode(self) -> bytes:
        """Write the frame."""
        return frame(Service.CLOSE + 1, _WORD.pack(self.status))

    @classmethod
    def decode(cls, payload: bytes) -> Closed:
        """Read the payload."""
        return cls(_status(payload))


Answer = Opened | Chunk | Closed

_ANSWERS: dict[int, type[Answer]] = {
    Service.OPEN_CONNECT + 1: Opened,
    Service.GET_KEY + 1: Chunk,
    Service.CLOSE + 1: Closed,
}


def read_answer(service: int, payload: bytes) -> Answer:
    """Read the payload of an answer.

    Raises
    ------
    Malformed
        If it is none.
    """
    if service not in _ANSWERS:
        raise Malformed(f"there is no answer {service}, expected 3, 5 or 9")
    try:
        return _ANSWERS[service].decode(payload)
    except (struct.error, ValueError) as error:
        raise Malformed(f"the payload of answer {service} cannot be read: {error}") from None


def metadata_text(age_ms: int, hops: int = 0) -> bytes:
    """Write a chunk's metadata: how long its key has been there, over how many nodes it came."""
    return json.dumps({"age": age_ms, "hops": hops}).encode()


def _status(payload: bytes) -> Status:
    return Status(_WORD.unpack(payload[:4])[0])


def _with_length(data: bytes) -> bytes:
    return _WORD.pack(len(data)) + data


def _take(data: bytes) -> tuple[bytes, bytes]:
    (length,) = _WORD.unpack(data[:4])
    return _exactly(data[4 : 4 + length], length), data[4 + length :]


def _exactly(data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise Malformed(f"{len(data)} bytes are there, expected {length}")
    return data
