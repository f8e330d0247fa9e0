"""What instruments hand to post-processing: time tags, prepared states, and the gaps in both.

Time is ``int64`` picoseconds on the party's own clock. Arrays inside these messages are read-only by
convention: nobody writes to an array that somebody else may hold. Tags and states are key material, so
their contents never show in a ``repr``.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

PICOSECONDS_PER_SECOND = 10**12

GapReason = Literal["overflow", "dropped", "restart", "disorder", "unknown"]


class Gap(msgspec.Struct, frozen=True):
    """A span in which clicks may be missing; it travels with the tags and is never bridged.

    Attributes
    ----------
    first_ps, last_ps : int
        First and last instant that may be affected, inclusive.
    reason : str
        Why the tags are missing.
    lost : int or None
        How many tags are missing, where the instrument says so.
    """

    first_ps: int
    last_ps: int
    reason: GapReason
    lost: int | None = None


class TagChunk(msgspec.Struct, frozen=True, tag=True):
    """A stretch of time tags of one party.

    Attributes
    ----------
    start_ps, stop_ps : int
        The span ``[start, stop)`` that this chunk speaks for, whether clicks fell in it or not.
    time_ps : array of int64, shape (n,)
        Ascending arrival times.
    channel : array of uint8, shape (n,)
        Logical channel of each click.
    gaps : tuple of Gap
        The parts of the span in which clicks may be missing.
    """

    start_ps: int
    stop_ps: int
    time_ps: NDArray[np.int64]
    channel: NDArray[np.uint8]
    gaps: tuple[Gap, ...] = ()

    def __repr__(self) -> str:
        return f"<{len(self)} tags in {self.start_ps} to {self.stop_ps} ps>"

    def __len__(self) -> int:
        return len(self.time_ps)

    @property
    def nbytes(self) -> int:
        """What its arrays take in memory."""
        return self.time_ps.nbytes + self.channel.nbytes


class Acquired(msgspec.Struct, frozen=True, tag=True):
    """How much a party has recorded, when it stops.

    Attributes
    ----------
    count : int
        Tags, or slots of prepared states.
    duration_s : float
    by_channel : array of int64, shape (256,)
        Tags on each channel.
    """

    count: int
    duration_s: float
    by_channel: NDArray[np.int64]


class StateChunk(msgspec.Struct, frozen=True, tag=True):
    """Prepared states of consecutive slots.

    Attributes
    ----------
    first_slot : int
        Number of the first slot, counted from the start of the session.
    states : array of uint8, shape (n,)
        One prepared state a slot: bit 0 the basis (0 key, 1 test), bit 1 the raw bit, bits 2-3 the index
        of the intensity in the configured order (0 the brightest). Other bits are zero.
    """

    first_slot: int
    states: NDArray[np.uint8]

    def __repr__(self) -> str:
        return f"<{len(self)} states from slot {self.first_slot}>"

    def __len__(self) -> int:
        return len(self.states)

    @property
    def nbytes(self) -> int:
        """What its array takes in memory."""
        return self.states.nbytes
