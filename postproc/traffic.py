"""What travels from stage to stage when they do not share a process.

Key material travels here in clear: only between processes of one node, on one host.
"""

from __future__ import annotations

from postproc import wire
from postproc.blocks import (
    BoundedBlock,
    ClickBlock,
    ReconciledBlock,
    SecretBlock,
    SiftedBlock,
    StateBlock,
    TestedBlock,
    VerifiedBlock,
)
from postproc.conversation.agreement import Prepared, SessionOpened
from postproc.errors import ProtocolViolation
from postproc.outcome import BlockEnded, CalledOff
from postproc.pooling.gather import GatheredBlock
from postproc.synchronisation.stage import ClockLocked
from postproc.timetags.types import Acquired, StateChunk, TagChunk
from postproc.types import Alarm, End, PassEnded

Traffic = (
    Prepared
    | TagChunk
    | StateChunk
    | Acquired
    | SessionOpened
    | ClockLocked
    | ClickBlock
    | StateBlock
    | SiftedBlock
    | GatheredBlock
    | TestedBlock
    | ReconciledBlock
    | VerifiedBlock
    | BoundedBlock
    | SecretBlock
    | BlockEnded
    | CalledOff
    | Alarm
    | PassEnded
    | End
)


def pack(message: Traffic) -> bytes:
    """Encode a message for the next stage."""
    return wire.encode(message)


def unpack(data: bytes) -> Traffic:
    """Decode what :func:`pack` made.

    Raises
    ------
    ProtocolViolation
        If the bytes are anything else.
    """
    try:
        message: Traffic = wire.decode(data, Traffic)
    except ValueError as error:
        raise ProtocolViolation(f"not a message between stages: {error}") from None
    return message
