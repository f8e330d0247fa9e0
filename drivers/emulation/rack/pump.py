"""Carry what a model says to whoever listens, when it is due."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count
from math import inf

from drivers.transport.memory import Line, Replies

#: What is due this soon is said at once: the event loop cannot wait for less.
AT_ONCE_S = 0.0015
#: Stretches that are asked of a model before others have their turn.
TURNS = 4


class BenchClock:
    """Bench time that runs with everybody's time.

    Parameters
    ----------
    speed : float
        How many seconds of bench time pass in one second.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._zero = time.monotonic()

    def now_s(self) -> float:
        """Tell bench time."""
        return (time.monotonic() - self._zero) * self.speed

    def start(self) -> None:
        """Let it begin at zero."""
        self._zero = time.monotonic()


class Pump:
    """Between a model's line and somebody who reads and writes.

    Parameters
    ----------
    line : Line
    clock : BenchClock
    write : callable
        Takes bytes for the reader.
    kick : callable
        Called when something was said to the model: its other lines may have something to say now.
    """

    def __init__(
        self, line: Line, clock: BenchClock, write: Callable[[bytes], None], kick: Callable[[], None]
    ) -> None:
        self._line, self._clock, self._write, self._kick = line, clock, write, kick
        self._coming: list[tuple[float, int, bytes]] = []
        self._number = count()
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._congested = self._closed = False
        self._said_s = 0.0

    def received(self, data: bytes) -> None:
        """Pass on what was written, not before what it may be an answer to."""
        self._queue(self._line.feed(data, max(self._clock.now_s(), self._said_s)))
        self._kick()

    def congest(self, congested: bool) -> None:
        """Stop asking the model while the reader is slow."""
        self._congested = congested
        if not congested:
            self.go()

    def go(self) -> None:
        """Say what is due, and come back when more is."""
        if self._closed:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._ask_model()
        now_s = self._clock.now_s() + AT_ONCE_S * self._clock.speed
        while self._coming and self._coming[0][0] <= now_s:
            self._said_s, _, data = heapq.heappop(self._coming)
            self._write(data)
        self._come_back()

    def close(self) -> None:
        """Hang up."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._line.hang_up()

    def _ask_model(self) -> None:
        for _ in range(TURNS):
            now_s = self._clock.now_s()
            if self._congested or self._line.next_s(now_s) > now_s:
                return
            self._queue(self._line.poll(now_s))

    def _come_back(self) -> None:
        now_s = self._clock.now_s()
        unasked_s = inf if self._congested else self._line.next_s(now_s)
        due_s = min(unasked_s, self._coming[0][0] if self._coming else inf)
        loop = asyncio.get_running_loop()
        if due_s <= now_s:
            self._timer = loop.call_soon(self.go)
        elif due_s < inf:
            self._timer = loop.call_later((due_s - now_s) / self._clock.speed, self.go)

    def _queue(self, replies: Replies) -> None:
        for when_s, data in replies:
            heapq.heappush(self._coming, (when_s, next(self._number), data))
