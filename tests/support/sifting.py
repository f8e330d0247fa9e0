"""Holding the dialogue of a sifting step between two parties, and what they say on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from postproc.blocks import ClickBlock, SiftedBlock
from postproc.conversation.conversation import Conversation
from postproc.conversation.frames import unpack
from postproc.conversation.messages import decode
from postproc.conversation.record import BlockRecord
from postproc.entropy import SeededEntropy
from postproc.outcome import BlockEnded
from postproc.runner import direct, run_pair

SESSION = bytes(range(16))


def click_block(times, channels, start_ps=0, stop_ps=10**6, block=1, gaps=()):
    record = BlockRecord(SESSION, block)
    return ClickBlock(
        record, start_ps, stop_ps, np.asarray(times, np.int64), np.asarray(channels, np.uint8), tuple(gaps)
    )


@dataclass
class Sifting:
    """What came of a block at either party, and the payloads that were said."""

    alice: SiftedBlock | BlockEnded | None = None
    bob: SiftedBlock | BlockEnded | None = None
    said: dict = field(default_factory=lambda: {"alice": [], "bob": []})

    def message(self, sender, kind):
        return decode(self.said[sender][0], kind)


def sift(step, alice_block, bob_block, *, alice_step=None, seed=b"", wire=direct):
    """Sift one block; `alice_step` where Alice keeps a step of her own from block to block."""
    result = Sifting()
    stages = [
        Conversation("sift", role, type(block), getattr(by, role), SeededEntropy(seed + role.encode()))
        for role, block, by in (("alice", alice_block, alice_step or step), ("bob", bob_block, step))
    ]

    def tapped(sender, frame):
        result.said[sender].append(unpack(frame).payload)
        return wire(sender, frame)

    for role, message in run_pair([stages[0]], [stages[1]], [alice_block], [bob_block], tapped):
        if isinstance(message, SiftedBlock | BlockEnded):
            assert getattr(result, role) is None
            setattr(result, role, message)
    return result
