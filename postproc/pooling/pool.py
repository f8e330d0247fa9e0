"""Between sifting and test: both parties hold the same members, and make one block of them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits
from postproc.blocks import SiftedBlock
from postproc.conversation.dialogue import Dialogue, hear, note, say
from postproc.conversation.messages import Message
from postproc.entropy import Stream
from postproc.errors import BlockRefused, ProtocolViolation
from postproc.pooling.gather import GatheredBlock
from postproc.sifting.sample import draw

MAX_MEMBERS = 2**16

Places = NDArray[np.int64]


class Members(Message, frozen=True):
    """Either party: which blocks it holds of the pool.

    Attributes
    ----------
    blocks : tuple of int
        Their numbers.
    transcripts : bytes
        SHA-256 over all that was said for them.
    """

    blocks: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, lt=2**62)], ...], msgspec.Meta(max_length=MAX_MEMBERS)
    ]
    transcripts: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class Drawn(Message, frozen=True):
    """Alice: which bits of each basis stay, where the proof fixes how many; one bit each."""

    key: Bits
    test: Bits


@dataclass(frozen=True)
class Pool:
    """Make one block of the members, all of them or none.

    Attributes
    ----------
    sample_sizes : tuple of int or None
        Key and test bits that the proof fixes; Alice draws at random which ones stay.
    """

    sample_sizes: tuple[int, int] | None = None

    def bob(self, pool: GatheredBlock, entropy: Stream) -> Dialogue[SiftedBlock]:
        """Say what is here, hear what Alice has; keep what she draws."""
        own = _members(pool)
        yield from say(own)
        _compare(own, (yield from hear(Members)), pool)
        whole = _joined(pool)
        if self.sample_sizes is not None:
            drawn = yield from hear(Drawn)
            if (len(drawn.key), len(drawn.test)) != (len(whole.key), len(whole.test)):
                raise ProtocolViolation("Alice drew of another number of bits than there are")
            stays = [np.flatnonzero(bits.to_array()) for bits in (drawn.key, drawn.test)]
            if tuple(map(len, stays)) != self.sample_sizes:
                raise ProtocolViolation("Alice drew another number of bits than was agreed")
            whole = _cut(whole, *stays)
        return (yield from _noted(whole, pool))

    def alice(self, pool: GatheredBlock, entropy: Stream) -> Dialogue[SiftedBlock]:
        """Hear what Bob has, say what is here; draw what stays."""
        own = _members(pool)
        theirs = yield from hear(Members)
        yield from say(own)
        _compare(own, theirs, pool)
        whole = _joined(pool)
        if self.sample_sizes is not None:
            groups = [np.arange(len(whole.key)), np.arange(len(whole.test))]
            stays = draw(groups, self.sample_sizes, entropy)
            yield from say(Drawn(*(_mask(*each) for each in zip(groups, stays, strict=True))))
            whole = _cut(whole, *stays)
        return (yield from _noted(whole, pool))


def _members(pool: GatheredBlock) -> Members:
    said = msgspec.msgpack.encode([(m.record.preamble, m.record.transcript) for m in pool.members])
    return Members(tuple(m.record.block for m in pool.members), sha256(said).digest())


def _compare(own: Members, theirs: Members, pool: GatheredBlock) -> None:
    """Membership is fixed beforehand: a pool is made of all its members, or not at all."""
    last = pool.record.block
    expected = range(last - pool.size + 1, last + 1)
    missing = [block for block in expected if block not in own.blocks or block not in theirs.blocks]
    if missing:
        names = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        raise BlockRefused(
            f"of the {pool.size} blocks that make one key, number {names} is missing: which blocks belong together "
            "was agreed before, and the others are not taken alone"
        )
    if own != theirs:
        raise ProtocolViolation("what was said for the pooled blocks is not the same at both ends")


def _joined(pool: GatheredBlock) -> SiftedBlock:
    members = pool.members
    return SiftedBlock(
        pool.record,
        Bits.join([member.key for member in members]),
        np.concatenate([member.key_intensity for member in members]),
        Bits.join([member.test for member in members]),
        np.concatenate([member.test_intensity for member in members]),
    )


def _mask(group: Places, stays: Places) -> Bits:
    kept = np.zeros(len(group), bool)
    kept[stays] = True
    return Bits.from_array(kept)


def _cut(block: SiftedBlock, key: Places, test: Places) -> SiftedBlock:
    return SiftedBlock(
        block.record,
        Bits.from_array(block.key.to_array()[key]),
        block.key_intensity[key],
        Bits.from_array(block.test.to_array()[test]),
        block.test_intensity[test],
    )


def _noted(block: SiftedBlock, pool: GatheredBlock) -> Dialogue[SiftedBlock]:
    yield from note(pooled_blocks=pool.size, key_bits=len(block.key), test_bits=len(block.test))
    return block
