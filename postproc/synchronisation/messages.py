"""What the parties say to each other to lock their clocks."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from postproc.conversation.messages import Message

MAX_REASON = 400
Instant = Annotated[int, msgspec.Meta(ge=-(2**61), le=2**61)]
"""Picoseconds; what is added to it on the way stays within 64 bits."""
Reason = Annotated[str, msgspec.Meta(max_length=MAX_REASON)]


class TagPreamble(Message, frozen=True):
    """Alice publishes, and spends, all her clicks of a stretch.

    Attributes
    ----------
    start_ps, stop_ps : int
        The stretch, on Alice's clock.
    time_ps : array of int64
    channel : array of uint8
    """

    start_ps: Instant
    stop_ps: Instant
    time_ps: NDArray[np.int64]
    channel: NDArray[np.uint8]


class StatePreamble(Message, frozen=True):
    """Alice publishes, and spends, all the states of a stretch of slots (encoded as in `StateChunk`)."""

    first_slot: Annotated[int, msgspec.Meta(ge=0, le=2**61)]
    states: NDArray[np.uint8]


class LockReply(Message, frozen=True):
    """Bob says whether the preamble was enough.

    Attributes
    ----------
    locked : bool
    reason : str
        Why not.
    channel : array of uint8
        Alice's detectors, where Bob found their delays.
    delay_ps : array of int64
        Their delays.
    """

    locked: bool
    reason: Reason
    channel: NDArray[np.uint8]
    delay_ps: NDArray[np.int64]


def no_lock(reason: str) -> LockReply:
    """Say why the preamble was not enough."""
    return LockReply(False, reason[:MAX_REASON], np.empty(0, np.uint8), np.empty(0, np.int64))


def lock_found() -> LockReply:
    """Say that it was, where Alice has no detectors."""
    return LockReply(True, "", np.empty(0, np.uint8), np.empty(0, np.int64))
