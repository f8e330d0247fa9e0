"""What a party has recorded, kept until the clocks are locked."""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from postproc.timetags.types import StateChunk, TagChunk

MAX_BYTES = 2**28
"""So much is kept for a party that has not answered yet."""


class Span(NamedTuple):
    """A stretch ``[start, stop)``: of a party's own clock in ps, or of slots."""

    start: int
    stop: int


class Tags(NamedTuple):
    """Tags cut out of a stream: ascending int64 ps, and their channels."""

    time_ps: NDArray[np.int64]
    channel: NDArray[np.uint8]


class ChunkBuffer(Protocol):
    """Chunks of one kind, in the order in which they came.

    Attributes
    ----------
    kind : type
        The chunks it takes.
    ended : bool
        No more will come.
    """

    kind: ClassVar[type]
    ended: bool

    @property
    def start(self) -> int | None:
        """Where the first chunk starts; None while empty."""
        ...

    @property
    def full(self) -> bool:
        """Whether it holds as much as it may without somebody asking for more."""
        ...

    def add(self, chunk: Any) -> None:
        """Append a chunk."""
        ...

    def covers(self, stop: int) -> bool:
        """Whether everything before `stop` is here, or nothing more can come."""
        ...

    def cut(self, span: Span) -> Any:
        """Give what lies in `span`."""
        ...

    def forget(self, before: int) -> None:
        """Drop the chunks that end before; nobody will ask for what is in them."""
        ...

    def drain(self) -> list[Any]:
        """Give all chunks and forget them."""
        ...


C = TypeVar("C", TagChunk, StateChunk)


class _Buffer(Generic[C]):
    def __init__(self) -> None:
        self._chunks: deque[C] = deque()
        self._bytes = 0
        self.ended = False

    @property
    def full(self) -> bool:
        """See :class:`ChunkBuffer`."""
        return self._bytes >= MAX_BYTES

    def add(self, chunk: C) -> None:
        """Append a chunk."""
        self._chunks.append(chunk)
        self._bytes += chunk.nbytes

    def forget(self, before: int) -> None:
        """See :class:`ChunkBuffer`."""
        while self._chunks and self._stop(self._chunks[0]) <= before:
            self._bytes -= self._chunks.popleft().nbytes

    def drain(self) -> list[C]:
        """Give all chunks and forget them."""
        chunks = list(self._chunks)
        self._chunks.clear()
        self._bytes = 0
        return chunks

    def covers(self, stop: int) -> bool:
        """See :class:`ChunkBuffer`."""
        return self.ended or (bool(self._chunks) and self._stop(self._chunks[-1]) >= stop)

    def _stop(self, chunk: C) -> int:
        raise NotImplementedError


class TagBuffer(_Buffer[TagChunk]):
    """Time tags; spans are picoseconds of the party's own clock."""

    kind: ClassVar[type] = TagChunk

    @property
    def start(self) -> int | None:
        """See :class:`ChunkBuffer`."""
        return self._chunks[0].start_ps if self._chunks else None

    def _stop(self, chunk: TagChunk) -> int:
        return chunk.stop_ps

    def cut(self, span: Span) -> Tags:
        """Give the tags in `span`."""
        times, channels = [np.empty(0, np.int64)], [np.empty(0, np.uint8)]
        for chunk in self._chunks:
            if chunk.stop_ps > span.start and chunk.start_ps < span.stop:
                first, last = np.searchsorted(chunk.time_ps, span)
                times.append(chunk.time_ps[first:last])
                channels.append(chunk.channel[first:last])
        return Tags(np.concatenate(times), np.concatenate(channels))


class StateBuffer(_Buffer[StateChunk]):
    """Prepared states; spans are slot numbers."""

    kind: ClassVar[type] = StateChunk

    @property
    def start(self) -> int | None:
        """See :class:`ChunkBuffer`."""
        return self._chunks[0].first_slot if self._chunks else None

    def _stop(self, chunk: StateChunk) -> int:
        return chunk.first_slot + len(chunk)

    def cut(self, span: Span) -> NDArray[np.uint8]:
        """Give the states in `span`."""
        parts = [np.empty(0, np.uint8)]
        for chunk in self._chunks:
            first, last = span.start - chunk.first_slot, span.stop - chunk.first_slot
            if last > 0 and first < len(chunk):
                parts.append(chunk.states[max(first, 0) : last])
        return np.concatenate(parts)
