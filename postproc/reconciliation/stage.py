"""Step 4: error correction, as a stage. How it is done is the business of the session's reconciler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from postproc.blocks import ReconciledBlock, TestedBlock
from postproc.conversation.dialogue import Dialogue, hear, note, say
from postproc.conversation.messages import Message
from postproc.entropy import Stream
from postproc.errors import ProtocolViolation
from postproc.reconciliation.expectation import Expectation
from postproc.reconciliation.reconciler import Reconciler


class Expected(Message, frozen=True):
    """Alice: prepare for this error rate, in millionths.

    It follows from test errors and from corrections of earlier blocks, all of them said, and charged, before.
    """

    millionths: Annotated[int, msgspec.Meta(ge=0, le=500_000)]


class Corrected(Message, frozen=True):
    """Bob: so many bits I have corrected, of so many."""

    errors: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
    bits: Annotated[int, msgspec.Meta(ge=0, le=2**31)]

    def discloses(self) -> int:
        """As many bits as it takes to tell the numbers apart."""
        return self.bits.bit_length()


@dataclass(frozen=True)
class Reconcile:
    """Correct the key-basis bits.

    Attributes
    ----------
    reconciler : Reconciler
    expected_qber : float or None
        Error rate to prepare for, at both parties. None leaves it to Alice to say one for each block, from its test and
        from what Bob told her of earlier ones.
    """

    reconciler: Reconciler
    expected_qber: float | None
    expectation: Expectation = field(default_factory=Expectation)

    def alice(self, block: TestedBlock, entropy: Stream) -> Dialogue[ReconciledBlock]:
        """Help Bob."""
        if self.expected_qber is not None:
            yield from self.reconciler.alice(block.key, self.expected_qber, entropy)
        else:
            yield from self._lead(block, entropy)
        return ReconciledBlock(block.record, block.key, block.key_intensity, block.statistics, None)

    def bob(self, block: TestedBlock, entropy: Stream) -> Dialogue[ReconciledBlock]:
        """Correct the own bits to Alice's."""
        qber = self.expected_qber
        if qber is None:
            qber = (yield from hear(Expected)).millionths / 1e6
            yield from note(reconciliation_expected_qber=qber)
        key = yield from self.reconciler.bob(block.key, qber, entropy)
        errors = key ^ block.key
        if self.expected_qber is None:
            yield from say(Corrected(errors.count(), len(key)))
        return ReconciledBlock(block.record, key, block.key_intensity, block.statistics, errors)

    def _lead(self, block: TestedBlock, entropy: Stream) -> Dialogue[None]:
        """Say what to prepare for, and hear what there was."""
        number, statistics = block.record.block, block.statistics
        said = Expected(round(1e6 * self.expectation.rate(number, statistics)))
        yield from say(said)
        yield from note(reconciliation_expected_qber=said.millionths / 1e6)
        yield from self.reconciler.alice(block.key, said.millionths / 1e6, entropy)
        found = yield from hear(Corrected)
        if found.bits != len(block.key) or found.errors > found.bits:
            raise ProtocolViolation(
                f"Bob corrected {found.errors} of {found.bits} bits, and the block has {len(block.key)}"
            )
        self.expectation.learn(number, statistics, found.errors)
