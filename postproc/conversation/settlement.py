"""When the parties meet again: what became of keys that a broken session left at one end.

Bob holds a key as staged from the moment he says so until he hears that Alice has confirmed hers. If the
line breaks in between he cannot know; so he asks, and her answer carries a tag. Alice has nothing to ask:
she says that a key is done only after she has confirmed it, so nobody relies on one that she has merely
staged, and she drops it.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from postproc.conversation.dialogue import Dialogue, attest, check, hear, say
from postproc.conversation.frames import SESSION_BYTES
from postproc.conversation.messages import Message
from postproc.errors import ProtocolViolation
from postproc.secretsink import Fate, SecretSink

MAX_BLOCKS = 256
"""So many are settled at a time; what is left waits for the next session."""


class StagedBlock(msgspec.Struct, frozen=True, array_like=True):
    """A block whose key Bob holds as staged."""

    session: Annotated[bytes, msgspec.Meta(min_length=SESSION_BYTES, max_length=SESSION_BYTES)]
    block: Annotated[int, msgspec.Meta(ge=1, lt=2**62)]


StagedBlocks = Annotated[tuple[StagedBlock, ...], msgspec.Meta(max_length=MAX_BLOCKS)]


class Settled(Message, frozen=True):
    """Alice: what has become of the keys of the blocks that Bob asked about; a tag follows."""

    fates: Annotated[tuple[Fate, ...], msgspec.Meta(max_length=MAX_BLOCKS)]


def staged_blocks(sink: SecretSink) -> tuple[StagedBlock, ...]:
    """What a party has to ask about."""
    return tuple(StagedBlock(session, block) for session, block in sink.unsettled()[:MAX_BLOCKS])


def answer(asked: tuple[StagedBlock, ...], sink: SecretSink) -> Dialogue[None]:
    """Alice: drop what she has merely staged, and say what she has made of Bob's blocks."""
    for session, block in sink.unsettled():
        sink.discard(session, block)
    if asked:
        yield from say(Settled(tuple(sink.fate(each.session, each.block) for each in asked)))
        yield from attest()


def settle(asked: tuple[StagedBlock, ...], sink: SecretSink) -> Dialogue[None]:
    """Bob: confirm or quarantine what Alice has, and drop the rest, once her answer is known to be hers."""
    if not asked:
        return
    settled = yield from hear(Settled)
    yield from check()
    if len(settled.fates) != len(asked):
        raise ProtocolViolation(
            f"Alice settled {len(settled.fates)} blocks where {len(asked)} were asked about"
        )
    ends = {"confirmed": sink.confirm, "quarantined": sink.quarantine, "none": sink.discard}
    for each, fate in zip(asked, settled.fates, strict=True):
        ends[fate](each.session, each.block)
