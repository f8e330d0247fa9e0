"""Step 3, the test basis is compared and spent, and step 6, the proof grants its length.

The rules behind both are the session's named proof (:mod:`postproc.estimation.proof`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits
from postproc.blocks import BoundedBlock, SiftedBlock, TestedBlock, VerifiedBlock
from postproc.conversation.dialogue import Dialogue, hear, note, review, say
from postproc.conversation.messages import Message
from postproc.conversation.record import BlockRecord
from postproc.entropy import Stream
from postproc.errors import InputError, ProtocolViolation
from postproc.estimation.proof import Proof
from postproc.estimation.statistics import Leak, Statistics

Count = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


class TestBits(Message, frozen=True):
    """Bob: all his bits of the test basis. They make no key."""

    bits: Bits


class TestErrors(Message, frozen=True):
    """Alice: how many of them are wrong, per intensity."""

    errors: tuple[Count, ...]


class KeyErrors(Message, frozen=True):
    """Bob: how many errors he corrected in the key basis, per intensity.

    Attributes
    ----------
    errors : tuple of int
    counts : tuple of int
        Detections per intensity: what the errors are numbers out of.
    """

    errors: tuple[Count, ...]
    counts: tuple[Count, ...]

    def discloses(self) -> int:
        """As many bits as it takes to tell the numbers apart."""
        return sum(count.bit_length() for count in self.counts)


@dataclass(frozen=True)
class Test:
    """Compare the test basis.

    Attributes
    ----------
    proof : Proof
    """

    proof: Proof

    def bob(self, block: SiftedBlock, entropy: Stream) -> Dialogue[TestedBlock]:
        """Publish the test bits, hear how many are wrong."""
        yield from say(TestBits(block.test))
        reply = yield from hear(TestErrors)
        return (yield from self._judge(block, reply.errors))

    def alice(self, block: SiftedBlock, entropy: Stream) -> Dialogue[TestedBlock]:
        """Count how many of Bob's test bits are wrong, and say so."""
        said = yield from hear(TestBits)
        if len(said.bits) != len(block.test):
            raise ProtocolViolation(
                f"Bob published {len(said.bits)} test bits where {len(block.test)} are due"
            )
        errors = _wrong_per_intensity(block.test_intensity, said.bits ^ block.test, self.proof.n_intensities)
        yield from say(TestErrors(errors))
        return (yield from self._judge(block, errors))

    def _judge(self, block: SiftedBlock, errors: tuple[int, ...]) -> Dialogue[TestedBlock]:
        n = self.proof.n_intensities
        try:
            statistics = Statistics(
                _per_intensity(block.key_intensity, n), _per_intensity(block.test_intensity, n), errors
            )
        except InputError as error:
            raise ProtocolViolation(f"Alice's test errors cannot be: {error}") from None
        yield from note(test_errors=sum(errors))
        self.proof.check_test(statistics)
        return TestedBlock(block.record, block.key, block.key_intensity, statistics)


@dataclass(frozen=True)
class BoundLength:
    """Let the proof say how many secret bits the block holds, from the counts and the ledger.

    Attributes
    ----------
    proof : Proof
    """

    proof: Proof

    def bob(self, block: VerifiedBlock, entropy: Stream) -> Dialogue[BoundedBlock]:
        """Tell the errors of the key basis where the proof needs them, then compute the length."""
        assert block.errors is not None
        errors = _wrong_per_intensity(block.key_intensity, block.errors, self.proof.n_intensities)
        yield from note(key_errors=sum(errors))
        if self.proof.needs_key_errors:
            yield from say(KeyErrors(errors, block.statistics.key))
        return (yield from self._grant(block, errors))

    def alice(self, block: VerifiedBlock, entropy: Stream) -> Dialogue[BoundedBlock]:
        """Hear the errors of the key basis where the proof needs them, then compute the length."""
        errors: tuple[int, ...] | None = None
        if self.proof.needs_key_errors:
            said = yield from hear(KeyErrors)
            if said.counts != block.statistics.key:
                raise ProtocolViolation("Bob's key-basis errors are not of the counts of this block")
            errors = said.errors
            yield from note(key_errors=sum(errors))
        return (yield from self._grant(block, errors))

    def _grant(self, block: VerifiedBlock, errors: tuple[int, ...] | None) -> Dialogue[BoundedBlock]:
        record = yield from review()
        known = errors if self.proof.needs_key_errors else None
        try:
            statistics = msgspec.structs.replace(block.statistics, key_errors=known)
        except InputError as error:
            raise ProtocolViolation(f"Bob's key-basis errors cannot be: {error}") from None
        bound = self.proof.secret_length(statistics, leak_of(record))
        yield from note(**bound.details)
        return BoundedBlock(block.record, block.key, bound)


def leak_of(record: BlockRecord) -> Leak:
    """Read the leak from the ledger of a block."""
    reconciliation = record.disclosed_bits("reconcile")
    verification = record.disclosed_bits("verify")
    return Leak(reconciliation, verification, record.disclosed_bits() - reconciliation - verification)


def _per_intensity(intensity: NDArray[np.uint8], n: int) -> tuple[int, ...]:
    """Count each of `n` intensities.

    Raises
    ------
    InputError
        If there are others.
    """
    counts = tuple(int(np.count_nonzero(intensity == each)) for each in range(n))
    if sum(counts) != len(intensity):
        raise InputError(f"{len(intensity) - sum(counts)} bits are of an intensity that is none of {n}")
    return counts


def _wrong_per_intensity(intensity: NDArray[np.uint8], wrong: Bits, n: int) -> tuple[int, ...]:
    """Count the wrong bits of each of `n` intensities."""
    if n == 1:
        return (wrong.count(),)
    return _per_intensity(intensity[np.flatnonzero(wrong.to_array())], n)
