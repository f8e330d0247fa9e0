"""The frames of key streams, as the public programs for ETSI GS QKD 004 write them.

A frame is ``version (3 bytes: 1, 0, 1) | service (1) | length of the payload (4)`` and the payload; all numbers
are unsigned with the big end first. Texts end in a zero byte, a key stream ID (KSID) has 16 bytes.

======== ============ ==============================================================
service  call         payload
======== ============ ==============================================================
2        OPEN_CONNECT source, destination, QoS, KSID (zero for a new one)
3        its answer   status; with 0, 1 and 7 also QoS and KSID
4        GET_KEY      KSID, index (4), room for metadata in bytes (4)
5        its answer   status; with 0: index, length, key, length, metadata;
                      with 8: the room that is needed
8        CLOSE        KSID
9        its answer   status
======== ============ ==============================================================

QoS is seven numbers of 4 bytes, and the metadata's type in 256 bytes, filled up with zeros. The calls are in
:mod:`~qkdctl.kme.streams.calls`, what they answer in :mod:`~qkdctl.kme.streams.answers`.
"""

from __future__ import annotations

import struct
from dataclasses import astuple, dataclass
from enum import IntEnum

VERSION = bytes([1, 0, 1])
MOST_BYTES = 2**21
"""The longest payload: a key of 2^20 bytes and what stands around it."""

MOST_REQUEST_BYTES = 4096
MIMETYPE = "application/json"
MIMETYPE_BYTES = 256

_HEADER = struct.Struct("!3sBI")
QOS = struct.Struct(f"!7I{MIMETYPE_BYTES}s")

HEADER_BYTES = _HEADER.size


class Malformed(ValueError):
    """A frame that is none."""


class Service(IntEnum):
    """What a frame is; an answer's number is its call's and one."""

    OPEN_CONNECT = 2
    GET_KEY = 4
    CLOSE = 8


class Status(IntEnum):
    """What came of a call (clause 6)."""

    SUCCESS = 0
    PEER_NOT_CONNECTED = 1
    INSUFFICIENT_KEY = 2
    PEER_NOT_YET_CONNECTED = 3
    NO_QKD_CONNECTION = 4
    KSID_IN_USE = 5
    TIMEOUT = 6
    QOS_NOT_MET = 7
    METADATA_SIZE_INSUFFICIENT = 8


@dataclass(frozen=True)
class Qos:
    """What a stream is to be like.

    Attributes
    ----------
    chunk_bytes : int
        The length of a chunk.
    max_bps, min_bps : int
        Rates, in bits per second.
    jitter, priority : int
    timeout_ms : int
        How long a call may wait.
    ttl_s : int
        How long the stream lasts.
    mimetype : str
        Of the metadata.
    """

    chunk_bytes: int = 0
    max_bps: int = 0
    min_bps: int = 0
    jitter: int = 0
    priority: int = 0
    timeout_ms: int = 5000
    ttl_s: int = 0
    mimetype: str = MIMETYPE

    def encode(self) -> bytes:
        """Write it."""
        *numbers, mimetype = astuple(self)
        return QOS.pack(*numbers, mimetype.encode())

    @classmethod
    def decode(cls, data: bytes) -> Qos:
        """Read it."""
        chunk_bytes, max_bps, min_bps, jitter, priority, timeout_ms, ttl_s, mimetype = QOS.unpack(data)
        text = mimetype.rstrip(b"\0").decode()
        return cls(chunk_bytes, max_bps, min_bps, jitter, priority, timeout_ms, ttl_s, text)


def frame(service: int, payload: bytes) -> bytes:
    """Put a header before a payload."""
    return _HEADER.pack(VERSION, service, len(payload)) + payload


def read_header(data: bytes, most: int) -> tuple[int, int]:
    """Give a frame's service and the length of its payload.

    Raises
    ------
    Malformed
        If it is another protocol's, or its payload longer than `most` bytes.
    """
    version, service, length = _HEADER.unpack(data)
    if version != VERSION:
        raise Malformed(f"the version is {tuple(version)}, expected {tuple(VERSION)}")
    if length > most:
        raise Malformed(f"the payload has {length} bytes, expected at most {most}")
    return service, length
