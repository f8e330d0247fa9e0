"""What a block is after each step. Each type is a promise: a `VerifiedBlock` cannot exist unverified.

Both parties hold the same types; what differs is whose bits they hold. No ``repr`` shows contents.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits
from postproc.conversation.record import BlockRecord
from postproc.estimation.proof import Bound
from postproc.estimation.statistics import Statistics
from postproc.timetags.types import Gap


class ClickBlock(msgspec.Struct, frozen=True, tag=True):
    """A party's clicks in one block, on Alice's clock, detector delays taken out.

    Attributes
    ----------
    start_ps, stop_ps : int
        The block's span ``[start, stop)`` on Alice's clock.
    time_ps : array of int64, shape (n,)
        Ascending.
    channel : array of uint8, shape (n,)
    gaps : tuple of Gap
        Where clicks may be missing.
    """

    record: BlockRecord
    start_ps: int
    stop_ps: int
    time_ps: NDArray[np.int64]
    channel: NDArray[np.uint8]

    gaps: tuple[Gap, ...] = ()

    def __repr__(self) -> str:
        return f"<block {self.record.block}: {len(self.time_ps)} clicks>"


class StateBlock(msgspec.Struct, frozen=True, tag=True):
    """Alice's prepared states of one block of slots, encoded as in `StateChunk`."""

    record: BlockRecord
    first_slot: int
    states: NDArray[np.uint8]

    def __repr__(self) -> str:
        return f"<block {self.record.block}: {len(self.states)} states>"


class SiftedBlock(msgspec.Struct, frozen=True, tag=True):
    """A party's bits where both chose the same basis.

    Attributes
    ----------
    key, test : Bits
        Bits of the key basis and of the test basis.
    key_intensity, test_intensity : array of uint8
        Index of the intensity behind each bit (zeros for BBM92).
    """

    record: BlockRecord
    key: Bits
    key_intensity: NDArray[np.uint8]
    test: Bits
    test_intensity: NDArray[np.uint8]


class TestedBlock(msgspec.Struct, frozen=True, tag=True):
    """The key-basis bits, and the counts of the block; the test basis is spent."""

    record: BlockRecord
    key: Bits
    key_intensity: NDArray[np.uint8]
    statistics: Statistics


class ReconciledBlock(msgspec.Struct, frozen=True, tag=True):
    """The key-basis bits after error correction, not yet compared.

    Attributes
    ----------
    key : Bits
        Alice's bits; at Bob, what he holds Alice's bits to be.
    errors : Bits or None
        Bob's corrections; None at Alice.
    """

    record: BlockRecord
    key: Bits
    key_intensity: NDArray[np.uint8]
    statistics: Statistics
    errors: Bits | None


class VerifiedBlock(msgspec.Struct, frozen=True, tag=True):
    """The same, after the parties have compared a hash: equal but for a probability eps_cor."""

    record: BlockRecord
    key: Bits
    key_intensity: NDArray[np.uint8]
    statistics: Statistics
    errors: Bits | None


class BoundedBlock(msgspec.Struct, frozen=True, tag=True):
    """Equal bits, and how many secret ones the proof grants."""

    record: BlockRecord
    key: Bits
    bound: Bound


class SecretBlock(msgspec.Struct, frozen=True, tag=True):
    """A block that ended in key. The key itself went to the store.

    Attributes
    ----------
    secret_bits : int
        Gross length.
    refill_bits : int
        How many of them went to the authentication pool.
    """

    record: BlockRecord
    secret_bits: int
    refill_bits: int
