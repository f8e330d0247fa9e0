"""A stage that begins anew with each pass: clocks are locked, blocks cut, detectors looked at pass by pass."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from postproc.conversation.agreement import SessionOpened
from postproc.conversation.frames import unpack
from postproc.conversation.record import BlockRecord
from postproc.errors import ProtocolViolation
from postproc.outcome import BlockEnded
from postproc.stage import Bounded, Emission, InPort, Stage
from postproc.types import End, PassEnded

MAX_EARLY = 64
"""Frames kept for passes that this party has not come to."""


class EachPass:
    """Drives a fresh stage for every pass, and keeps frames for the passes to come.

    Parameters
    ----------
    make : callable int -> Stage
        The stage for a pass, counted from 0; all of one name.
    pass_of : callable int -> int, optional
        Which pass a frame is about, by the number of its block; by default that is the pass.
    first_block : callable int -> int, optional
        The first block of a pass: what could not be made, where the stage ends a pass.
    """

    def __init__(
        self,
        make: Callable[[int], Stage],
        pass_of: Callable[[int], int] = lambda block: block,
        first_block: Callable[[int], int] | None = None,
    ) -> None:
        self._make = make
        self._pass_of = pass_of
        self._first_block = first_block
        self._pass = 0
        self._inner = make(0)
        self._opened: SessionOpened | None = None
        self._over = False
        self._waiting: deque[Any] = deque()
        self._early: deque[tuple[int, bytes]] = deque()

    @property
    def name(self) -> str:
        """The stage's name."""
        return self._inner.name

    @property
    def full(self) -> bool:
        """See :class:`~postproc.stage.Bounded`."""
        return isinstance(self._inner, Bounded) and self._inner.full

    def feed(self, port: InPort, message: Any) -> Iterable[Emission]:
        """Take what the stage takes, and :class:`~postproc.types.PassEnded` on ``in``."""
        if port == "peer":
            yield from self._hear(message)
        elif self._over:
            # The pass before is not done yet.
            self._waiting.append(message)
        elif isinstance(message, PassEnded):
            self._over = True
            yield from self._through(self._inner.feed("in", End()))
        else:
            if isinstance(message, SessionOpened):
                self._opened = message
            yield from self._through(self._inner.feed("in", message))

    def finish(self) -> Iterable[Emission]:
        """Nothing will come any more: end what is open, and the passes that still wait behind it."""
        yield from self._through(self._inner.finish())
        while self._over:
            self._over = False
            yield from self._begin_next()
            yield from self._through(self._inner.finish())

    def _hear(self, data: bytes) -> Iterator[Emission]:
        try:
            number = self._pass_of(unpack(data).block)
        except ProtocolViolation:
            return
        if number == self._pass:
            yield from self._through(self._inner.feed("peer", data))
        elif number > self._pass and len(self._early) < MAX_EARLY:
            self._early.append((number, data))

    def _through(self, emissions: Iterable[Emission]) -> Iterator[Emission]:
        """Hand on what the stage says; at the end of a pass, begin the next one."""
        done = False
        for port, message in emissions:
            if self._over and isinstance(message, End):
                done = done or port == "out"
            elif isinstance(message, BlockEnded):
                yield Emission(port, self._numbered(message))
            elif port != "back":
                yield Emission(port, message)
        if done:
            self._over = False
            yield Emission("out", PassEnded())
            yield from self._begin_next()

    def _numbered(self, ended: BlockEnded) -> BlockEnded:
        if self._first_block is None or self._pass == 0:
            return ended
        record = msgspec.structs.replace(ended.record, block=self._first_block(self._pass))
        return msgspec.structs.replace(ended, record=record)

    def _begin_next(self) -> Iterator[Emission]:
        self._pass += 1
        self._inner = self._make(self._pass)
        if self._opened is not None:
            yield from self._through(self._inner.feed("in", self._opening(self._opened)))
        early, self._early = self._early, deque()
        for number, data in early:
            if number == self._pass:
                yield from self._through(self._inner.feed("peer", data))
            elif number > self._pass:
                self._early.append((number, data))
        while self._waiting and not self._over:
            yield from self.feed("in", self._waiting.popleft())

    def _opening(self, opened: SessionOpened) -> SessionOpened:
        """What opened the session opens each pass; what it cost stands in the first one's books."""
        record = BlockRecord(opened.record.session, self._pass, transcript=opened.record.transcript)
        return msgspec.structs.replace(opened, record=record)
