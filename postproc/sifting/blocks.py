"""Cutting the streams into blocks: by time or by slots, never by how much was counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import msgspec
import numpy as np

from postproc.blocks import ClickBlock, StateBlock
from postproc.conversation.frames import VERSION, Frame, pack, unpack
from postproc.conversation.messages import Message, decode, encode
from postproc.conversation.record import BlockRecord, Transcript
from postproc.errors import InputError, ProtocolViolation
from postproc.sifting.grid import Grid
from postproc.stage import Emission, InPort
from postproc.synchronisation.convert import MAX_SHIFT_PS
from postproc.synchronisation.stage import ClockLocked
from postproc.timetags.gaps import union
from postproc.timetags.types import Gap, StateChunk, TagChunk
from postproc.types import Alarm, End, Figure

C = TypeVar("C", TagChunk, StateChunk)


class RecordingEnded(Message, frozen=True):
    """The sender makes so many blocks: its recording has ended, or the other party has said so of its own."""

    blocks: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


class _Cutter(Generic[C]):
    """What the two kinds of cutter share: blocks begin once the clocks are locked.

    Whoever comes to the end of the recording says how many blocks that made; the other party says that it ends
    with as many, and does. Until it has, the end is not passed on, and the light may not go: to the other party
    that would be a fault. These are hints outside the blocks and their tags: a forged one ends the session, as a
    cut cable does.

    Parameters
    ----------
    before : int
        So many blocks were numbered by others.
    most : int or None
        No more blocks than these are made.
    """

    name: ClassVar[str] = "cut"
    _kind: ClassVar[Any]
    _slack: ClassVar[int] = 0
    """By how much of a chunk's unit its contents may lie outside its span."""

    def __init__(self, before: int = 0, most: int | None = None) -> None:
        self._before = before
        self._preamble: BlockRecord | None = None
        self._first = 0
        self._next = 1
        self._reached: int | None = None
        self._chunks: deque[C] = deque()
        self._last = most
        self._agreed = most is not None
        self._enough = self._waiting = False
        self._said = 0

    def feed(self, port: InPort, message: Any) -> Iterable[Emission]:
        """Take chunks on ``in``, and on ``peer`` how many blocks there will be; give blocks."""
        if isinstance(message, ClockLocked):
            self._preamble, self._first = message.record, message.first_block
        if port == "peer":
            yield from self._hear(message)
        elif isinstance(message, End):
            yield from self._end()
        elif isinstance(message, self._kind):
            yield from self._take(message)
        elif not (self._enough and isinstance(message, Alarm)):
            # What clicks after the last block show, such as that the light is gone, is no news.
            yield Emission("out", message)

    def finish(self) -> Iterable[Emission]:
        """Nothing is left open: a block that was not filled is none."""
        if self._waiting:
            yield from self._close()

    def _add(self, chunk: C) -> None:
        _, self._reached = self._span(chunk)
        self._chunks.append(chunk)

    def _take(self, chunk: C) -> Iterator[Emission]:
        if not self._enough:
            self._add(chunk)
            yield from self._cut(ended=False)

    def _cut(self, *, ended: bool) -> Iterator[Emission]:
        slack = 0 if ended else self._slack
        while self._preamble is not None and self._reached is not None:
            start, stop = self._edge(self._next), self._edge(self._next + 1)
            self._forget(start)
            if self._reached < stop + slack:
                return
            yield Emission("out", self._block(self._record(self._preamble), start, stop))
            self._next += 1
            yield from self._look_for_last()

    def _end(self) -> Iterator[Emission]:
        """Say how many blocks the recording made, and end once the other party knows."""
        yield from self._cut(ended=True)
        if self._preamble is not None and not self._enough:
            yield from self._remainder()
            yield self._say(self._preamble, self._next - 1)
            self._waiting = not self._agreed
        if not self._waiting:
            yield from self._close()

    def _close(self) -> Iterator[Emission]:
        self._waiting = False
        yield Emission("back", End())
        yield Emission("out", End())

    def _say(self, preamble: BlockRecord, blocks: int) -> Emission:
        payload = encode(RecordingEnded(blocks))
        frame = Frame(VERSION, preamble.session, self.name, preamble.block, self._said, payload)
        self._said += 1
        return Emission("peer", pack(frame))

    def _hear(self, data: bytes) -> Iterator[Emission]:
        """Learn how many blocks the other party has."""
        try:
            frame = unpack(data)
            message = decode(frame.payload, RecordingEnded)
        except ProtocolViolation:
            return
        preamble = self._preamble
        if preamble is None or frame.session != preamble.session or not isinstance(message, RecordingEnded):
            return
        self._agreed = True
        self._last = message.blocks if self._last is None else min(self._last, message.blocks)
        if not self._said:
            yield self._say(preamble, self._last)
        yield from self._look_for_last()
        if self._waiting:
            yield from self._close()

    def _look_for_last(self) -> Iterator[Emission]:
        """Want nothing more where the other party has no further block."""
        if self._last is not None and self._next > self._last and not self._enough:
            self._enough = True
            self._reached = None
            self._chunks.clear()
            yield Emission("back", End())

    def _forget(self, before: int) -> None:
        """Drop chunks that hold nothing for the blocks to come."""
        while self._chunks and self._span(self._chunks[0])[1] <= before - self._slack:
            self._chunks.popleft()

    def _record(self, preamble: BlockRecord) -> BlockRecord:
        """Books of the next block; what the preamble cost and showed stands in the first one."""
        number = self._before + self._next
        if self._next > 1:
            return BlockRecord(preamble.session, number, preamble=preamble.transcript)
        return msgspec.structs.replace(
            preamble, block=number, preamble=preamble.transcript, transcript=Transcript()
        )

    def _remainder(self) -> Iterator[Emission]:
        """Say what the end of the recording left over, where it left a block unfilled."""
        if self._preamble is not None and self._reached is not None:
            left = self._reached - self._edge(self._next)
            if left > 0:
                yield Emission("out", _unfilled(self._before + self._next, **self._left(left)))

    def _span(self, chunk: C) -> tuple[int, int]:
        raise NotImplementedError

    def _edge(self, block: int) -> int:
        raise NotImplementedError

    def _block(self, record: BlockRecord, start: int, stop: int) -> ClickBlock | StateBlock:
        raise NotImplementedError

    def _left(self, left: int) -> dict[str, Figure]:
        raise NotImplementedError


class CutClicks(_Cutter[TagChunk]):
    """Cut converted clicks into blocks.

    Parameters
    ----------
    grid : Grid
    """

    _kind = TagChunk
    _slack = MAX_SHIFT_PS

    def __init__(self, grid: Grid, before: int = 0, most: int | None = None) -> None:
        super().__init__(before, most)
        self._grid = grid

    def _span(self, chunk: TagChunk) -> tuple[int, int]:
        return chunk.start_ps, chunk.stop_ps

    def _edge(self, block: int) -> int:
        return self._grid.edge_ps(self._first, block)

    def _block(self, record: BlockRecord, start: int, stop: int) -> ClickBlock:
        times, channels = [np.empty(0, np.int64)], [np.empty(0, np.uint8)]
        gaps: list[Gap] = []
        for chunk in self._chunks:
            first, last = np.searchsorted(chunk.time_ps, (start, stop))
            times.append(chunk.time_ps[first:last])
            channels.append(chunk.channel[first:last])
            gaps += (gap for gap in chunk.gaps if gap.last_ps >= start and gap.first_ps < stop)
        time_ps, channel = np.concatenate(times), np.concatenate(channels)
        order = np.argsort(time_ps, kind="stable")
        return ClickBlock(record, start, stop, time_ps[order], channel[order], tuple(union(gaps)))

    def _left(self, left: int) -> dict[str, Figure]:
        return {"left_s": left * 1e-12}


class CutStates(_Cutter[StateChunk]):
    """Cut prepared states into blocks of `length` slots.

    Raises
    ------
    InputError
        If states are missing between chunks: all that follow would stand in the wrong slots.
    """

    _kind = StateChunk

    def __init__(self, length: int, before: int = 0, most: int | None = None) -> None:
        super().__init__(before, most)
        self._length = length

    def _add(self, chunk: StateChunk) -> None:
        if self._reached is not None and chunk.first_slot != self._reached:
            raise InputError(
                f"Alice's prepared states go on with slot {chunk.first_slot} where slot {self._reached} "
                "was due: the recording must hold every slot once, in order"
            )
        super()._add(chunk)

    def _span(self, chunk: StateChunk) -> tuple[int, int]:
        return chunk.first_slot, chunk.first_slot + len(chunk)

    def _edge(self, block: int) -> int:
        return self._first + (block - 1) * self._length

    def _block(self, record: BlockRecord, start: int, stop: int) -> StateBlock:
        parts = [
            chunk.states[max(start - chunk.first_slot, 0) : max(stop - chunk.first_slot, 0)]
            for chunk in self._chunks
        ]
        return StateBlock(record, start, np.concatenate(parts))

    def _left(self, left: int) -> dict[str, Figure]:
        return {"left_slots": left}


def _unfilled(block: int, **figures: Figure) -> Alarm:
    return Alarm(
        "block-unfilled",
        "info" if block > 1 else "warning",
        f"block {block}",
        figures,
        "The recording ended before this block was full, so its clicks make no key: blocks end by the clock, "
        "never by what was counted. Record longer, or agree on shorter blocks before the next run.",
    )
