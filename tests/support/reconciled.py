"""Two keys with errors between them, and both parties' real stages around a reconciler."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import numpy as np

from postproc.bits import Bits
from postproc.conversation.conversation import Conversation
from postproc.conversation.dialogue import Dialogue
from postproc.conversation.record import BlockRecord
from postproc.entropy import SeededEntropy, Stream
from postproc.outcome import BlockEnded
from postproc.reconciliation import Reconciler
from postproc.runner import Wire, direct, run_pair
from postproc.types import Role


class KeyBlock(msgspec.Struct, frozen=True):
    record: BlockRecord
    key: Bits


Outcome = KeyBlock | BlockEnded


def noisy_pair(n: int, qber: float, seed: int, burst_bits: int = 0) -> tuple[Bits, Bits]:
    """Alice's and Bob's keys; with a burst, that many bits in a row are random at Bob."""
    rng = np.random.default_rng(seed)
    alice = rng.integers(0, 2, n, dtype=np.uint8)
    bob = alice ^ (rng.random(n) < qber)
    start = int(rng.integers(0, max(1, n - burst_bits)))
    bob[start : start + burst_bits] = rng.integers(0, 2, len(bob[start : start + burst_bits]))
    return Bits.from_array(alice), Bits.from_array(bob)


def _stage(role: Role, reconciler: Reconciler, qber: float, seed: bytes) -> Conversation[KeyBlock, KeyBlock]:
    def alice(block: KeyBlock, entropy: Stream) -> Dialogue[KeyBlock]:
        yield from reconciler.alice(block.key, qber, entropy)
        return block

    def bob(block: KeyBlock, entropy: Stream) -> Dialogue[KeyBlock]:
        key = yield from reconciler.bob(block.key, qber, entropy)
        return KeyBlock(block.record, key)

    script = alice if role == "alice" else bob
    return Conversation("reconcile", role, KeyBlock, script, SeededEntropy(seed + role.encode()))


@dataclass
class Run:
    """What became of a block at both parties."""

    alice: Outcome
    bob: Outcome

    @property
    def both_have_a_key(self) -> bool:
        return isinstance(self.alice, KeyBlock) and isinstance(self.bob, KeyBlock)


def converse(
    keys: tuple[Bits, Bits], reconciler: Reconciler, qber: float, wire: Wire = direct, seed: bytes = b"seed"
) -> Run:
    """Carry one block through both parties' stages, every message as the bytes of a frame."""
    record = BlockRecord(bytes(16), 1)
    roles: tuple[Role, Role] = ("alice", "bob")
    stages = [[_stage(role, reconciler, qber, seed)] for role in roles]
    sources = [[KeyBlock(record, key)] for key in keys]
    results = run_pair(*stages, *sources, wire)
    outcomes = {role: message for role, message in results if isinstance(message, KeyBlock | BlockEnded)}
    return Run(outcomes["alice"], outcomes["bob"])


def assert_one_key_and_one_ledger(run: Run, key: Bits) -> None:
    """Both have Alice's key, the same transcript, and counted the same."""
    assert run.both_have_a_key
    assert run.alice.key == run.bob.key == key
    assert run.alice.record.disclosures == run.bob.record.disclosures
    assert run.alice.record.transcript == run.bob.record.transcript


@dataclass
class Tap:
    """A wire that keeps what goes over it."""

    frames: list[tuple[Role, bytes]] = field(default_factory=list)

    def __call__(self, sender: Role, frame: bytes) -> Iterable[bytes]:
        self.frames.append((sender, frame))
        return (frame,)
