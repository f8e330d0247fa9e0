"""Holds sifted blocks until all that belong together are here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import msgspec

from postproc.blocks import SiftedBlock
from postproc.conversation.record import BlockRecord, Transcript
from postproc.outcome import BlockEnded
from postproc.stage import Emission, InPort
from postproc.types import End, Figure, PassEnded


class GatheredBlock(msgspec.Struct, frozen=True, tag=True):
    """What is here of a pool, not yet held against what the other party has.

    Attributes
    ----------
    record : BlockRecord
        The members' books in one; the pool has the number of its last member.
    members : tuple of SiftedBlock
        In the order of their numbers.
    size : int
        How many members were agreed on.
    """

    record: BlockRecord
    members: tuple[SiftedBlock, ...]
    size: int

    def __repr__(self) -> str:
        return f"<pool {self.record.block}: {len(self.members)} of {self.size} blocks>"


class Gather:
    """Pools sifted blocks by number: 1 to `size`, then the next `size`, and so on.

    A pool leaves when its last member has come, or something that belongs behind it.

    Parameters
    ----------
    size : int
        Members of a pool, agreed before the session.
    """

    name = "gather"

    def __init__(self, size: int) -> None:
        self._size = size
        self._pool = 0
        self._members: list[SiftedBlock] = []

    def feed(self, port: InPort, message: Any) -> Iterable[Emission]:
        """Take sifted blocks on ``in``; everything else passes through."""
        if isinstance(message, SiftedBlock | BlockEnded) and message.record.block > 0:
            yield from self._before(message.record)
            if isinstance(message, SiftedBlock):
                self._members.append(message)
            else:
                yield Emission("out", message)
            if message.record.block == self._last:
                yield from self._close()
        elif isinstance(message, End):
            yield from self._close()
            yield Emission("out", message)
        elif not isinstance(message, PassEnded):
            yield Emission("out", message)

    def finish(self) -> Iterable[Emission]:
        """Let go of a pool that is not full: it will be refused."""
        return self._close()

    @property
    def _last(self) -> int:
        """Number of the current pool's last member."""
        return (self._pool + 1) * self._size

    def _before(self, record: BlockRecord) -> Iterator[Emission]:
        """Close the pools before the one that a block belongs to."""
        pool = (record.block - 1) // self._size
        if pool > self._pool:
            yield from self._close()
            self._pool = pool

    def _close(self) -> Iterator[Emission]:
        if self._members:
            members, self._members = tuple(self._members), []
            record = joined_books(self._last, [member.record for member in members])
            yield Emission("out", GatheredBlock(record, members, self._size))


def joined_books(number: int, records: list[BlockRecord]) -> BlockRecord:
    """Everything that was said and spent for the members stands in the pool's books, once."""
    preambles = [records[0].preamble, *(b.preamble for a, b in pairwise(records) if a.preamble != b.preamble)]
    return BlockRecord(
        records[0].session,
        number,
        preamble=_one_after_another(preambles),
        transcript=_one_after_another(record.transcript for record in records),
        disclosures=tuple(entry for record in records for entry in record.disclosures),
        tags=tuple(tag for record in records for tag in record.tags),
        epsilon_authentication=sum(record.epsilon_authentication for record in records),
        figures=_added(records),
    )


def _one_after_another(transcripts: Iterable[Transcript]) -> Transcript:
    whole = Transcript()
    for transcript in transcripts:
        whole = whole.extended(transcript.alice, transcript.bob)
    return whole


def _added(records: list[BlockRecord]) -> dict[str, Figure]:
    """Counts add up; of other figures the largest stands for all."""
    figures: dict[str, Figure] = {}
    for record in records:
        for name, value in record.figures.items():
            before = figures.get(name)
            if isinstance(before, int) and isinstance(value, int):
                figures[name] = before + value
            elif isinstance(before, int | float) and isinstance(value, int | float):
                figures[name] = max(before, value, key=abs)
            else:
                figures[name] = value
    return figures
