"""The calls of key streams, as frames; see :mod:`~qkdctl.kme.streams.frames`."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from uuid import UUID

from qkdctl.kme.streams.frames import QOS, Malformed, Qos, Service, frame

_GET_KEY = struct.Struct("!16sII")


@dataclass(frozen=True)
class OpenConnect:
    """A call for a stream; a KSID of zeros asks for a new one."""

    source: str
    destination: str
    qos: Qos
    ksid: UUID

    def encode(self) -> bytes:
        """Write the frame."""
        names = b"".join(name.encode() + b"\0" for name in (self.source, self.destination))
        return frame(Service.OPEN_CONNECT, names + self.qos.encode() + self.ksid.bytes)


@dataclass(frozen=True)
class GetKey:
    """A call for a chunk."""

    ksid: UUID
    index: int
    metadata_bytes: int

    def encode(self) -> bytes:
        """Write the frame."""
        return frame(Service.GET_KEY, _GET_KEY.pack(self.ksid.bytes, self.index, self.metadata_bytes))


@dataclass(frozen=True)
class Close:
    """A call that ends a stream."""

    ksid: UUID

    def encode(self) -> bytes:
        """Write the frame."""
        return frame(Service.CLOSE, self.ksid.bytes)


Call = OpenConnect | GetKey | Close


def read_call(service: int, payload: bytes) -> Call:
    """Read the payload of a call.

    Raises
    ------
    Malformed
        If it is none.
    """
    try:
        match service:
            case Service.OPEN_CONNECT:
                source, destination, rest = payload.split(b"\0", 2)
                qos = Qos.decode(rest[: QOS.size])
                return OpenConnect(source.decode(), destination.decode(), qos, UUID(bytes=rest[QOS.size :]))
            case Service.GET_KEY:
                ksid, index, metadata_bytes = _GET_KEY.unpack(payload)
                return GetKey(UUID(bytes=ksid), index, metadata_bytes)
            case Service.CLOSE:
                return Close(UUID(bytes=payload))
    except (struct.error, ValueError) as error:
        raise Malformed(f"the payload of service {service} cannot be read: {error}") from None
    raise Malformed(f"there is no service {service}, expected 2, 4 or 8")
