"""The stage that locks the clocks, then passes everything on in Alice's time.

Chunks wait here until the dialogue of block 0 (the preamble) is done. Afterwards every chunk goes through
the converter that the lock gave: delays off, on Alice's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from postproc.conversation.agreement import SessionOpened
from postproc.conversation.dialogue import Dialogue
from postproc.conversation.frames import unpack
from postproc.conversation.record import BlockRecord
from postproc.conversation.talk import Talk
from postproc.errors import ProtocolViolation, SynchronisationFailed
from postproc.outcome import BlockEnded
from postproc.stage import Emission, InPort
from postproc.synchronisation.buffer import ChunkBuffer
from postproc.types import Alarm, End, Role


def _unfollowed(alice_ps: int) -> Mapping[str, float]:
    """Know nothing of Bob's clock."""
    return {}


class Locked(msgspec.Struct, frozen=True):
    """The clocks are locked; blocks start at `first_block`.

    Attributes
    ----------
    record : BlockRecord
        The books of the preamble.
    first_block : int
        Start of the first block: picoseconds on Alice's clock, or her slot number.
    convert : callable
        ``convert(chunk) -> chunk`` in Alice's time.
    alarms : tuple of Alarm
        What the preamble showed that a person should know.
    watch : callable
        ``watch() -> alarms`` that came up in converting since it was asked last.
    clock : callable
        ``clock(alice_ps) -> figures``: `offset_ps` and `drift_ppb` of Bob's clock at an instant of Alice's, as it is
        followed; none at Alice, nor where it is lost.
    """

    record: BlockRecord
    first_block: int
    convert: Callable[[Any], Any]
    alarms: tuple[Alarm, ...] = ()
    watch: Callable[[], Iterable[Alarm]] = tuple
    clock: Callable[[int], Mapping[str, float]] = _unfollowed


class ClockLocked(msgspec.Struct, frozen=True, tag=True):
    """What the stages after this one need to know of the lock."""

    record: BlockRecord
    first_block: int


class LockScript(Protocol):
    """A lock's dialogue, from one party's side."""

    def __call__(self, record: BlockRecord, start: int) -> Dialogue[Locked]:
        """Tell it, from the record of the preamble and the start of the own recording."""
        ...


class Synchronise:
    """Hold the lock's dialogue, then convert.

    Parameters
    ----------
    role : {"alice", "bob"}
    script : LockScript
        The dialogue from this party's side. It pauses for spans of the own chunks.
    buffer : ChunkBuffer
        An empty buffer for this party's kind of chunks.
    """

    name = "synchronise"

    def __init__(self, role: Role, script: LockScript, buffer: ChunkBuffer) -> None:
        self._role: Role = role
        self._script = script
        self._buffer = buffer
        self._session: BlockRecord | None = None
        self._talk: Talk[Locked] | None = None
        self._early: list[bytes] = []
        self._locked: Locked | None = None
        self._failed = False
        self._closed = False
        self._reached_ps: int | None = None

    @property
    def clock(self) -> Mapping[str, float]:
        """How Bob's clock runs at the end of what was converted last; nothing where nobody knows."""
        if self._locked is None or self._reached_ps is None:
            return {}
        return self._locked.clock(self._reached_ps)

    @property
    def full(self) -> bool:
        """See :class:`~postproc.stage.Bounded`: only what the dialogue waits for itself may go beyond."""
        return self._talk is not None and self._talk.need is None and self._buffer.full

    def feed(self, port: InPort, message: Any) -> Iterable[Emission]:
        """Take chunks and the session's opening on ``in``, frames on ``peer``."""
        if port == "peer":
            yield from self._hear(message)
        elif isinstance(message, self._buffer.kind):
            yield from self._take(message)
        elif isinstance(message, SessionOpened):
            self._session = message.record
        elif isinstance(message, End):
            yield from self._end()
        else:
            yield Emission("out", message)

    def finish(self) -> Iterable[Emission]:
        """Give up on a lock that has not come."""
        if self._talk is not None:
            frames = self._talk.abandon("the other party fell silent before the clocks were locked")
            yield from self._conclude(frames)

    def _end(self) -> Iterator[Emission]:
        self._buffer.ended = True
        yield from self._begin()
        yield from self._close()

    def _close(self) -> Iterator[Emission]:
        """Pass the end on, once, when the dialogue is done with what is here."""
        if self._buffer.ended and self._talk is None and not self._closed:
            self._closed = True
            yield Emission("out", End())

    def _take(self, chunk: Any) -> Iterator[Emission]:
        if self._locked is not None:
            yield from self._converted(chunk)
        elif not self._failed:
            self._buffer.add(chunk)
            yield from self._begin()

    def _begin(self) -> Iterator[Emission]:
        """Open the dialogue once there is a session and something to start from; feed what it waits for."""
        started = self._buffer.start is not None or self._buffer.ended
        if self._session is not None and self._talk is None and started:
            session, self._session = self._session, None
            self._talk = Talk(self.name, self._role, session, self._tell(session))
            yield from self._conclude(self._talk.start())
            early, self._early = self._early, []
            for data in early:
                yield from self._hear(data)
        else:
            yield from self._supply()

    def _tell(self, session: BlockRecord) -> Dialogue[Locked]:
        start = self._buffer.start
        return _nothing_recorded() if start is None else self._script(session, start)

    def _supply(self) -> Iterator[Emission]:
        """Give the dialogue the span it waits for, as soon as the buffer covers it."""
        while self._talk is not None and (span := self._talk.need) is not None:
            self._buffer.forget(span.start)
            if not self._buffer.covers(span.stop):
                return
            yield from self._conclude(self._talk.supply(self._buffer.cut(span)))

    def _hear(self, data: bytes) -> Iterator[Emission]:
        if self._talk is None:
            if self._locked is None and not self._failed and len(self._early) < 4:
                self._early.append(data)
            return
        try:
            frame = unpack(data)
        except ProtocolViolation:
            return
        preamble = self._talk.record
        if (frame.session, frame.block) == (preamble.session, preamble.block):
            yield from self._conclude(self._talk.hear(frame, data))
            yield from self._supply()

    def _conclude(self, frames: list[bytes]) -> Iterator[Emission]:
        """Send frames; if the dialogue is done, pass on what waited for it."""
        for frame in frames:
            yield Emission("peer", frame)
        result = self._talk.result if self._talk is not None else None
        if result is None:
            return
        self._talk = None
        if isinstance(result, BlockEnded):
            self._failed = True
            yield Emission("out", result)
        else:
            self._locked = result
            yield Emission("out", ClockLocked(result.record, result.first_block))
            yield from (Emission("out", alarm) for alarm in result.alarms)
        for chunk in self._buffer.drain():
            yield from self._converted(chunk)
        yield from self._close()

    def _converted(self, chunk: Any) -> Iterator[Emission]:
        if self._locked is not None:
            converted = self._locked.convert(chunk)
            self._reached_ps = getattr(converted, "stop_ps", None)
            yield Emission("out", converted)
            yield from (Emission("out", alarm) for alarm in self._locked.watch())


def _nothing_recorded() -> Dialogue[Locked]:
    """Tell the peer that there is nothing to lock."""
    yield from ()
    raise SynchronisationFailed("the recording holds nothing; check that it is the right file")
