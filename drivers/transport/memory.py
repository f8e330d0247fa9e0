"""``mem:`` addresses: a model in this process, in a time of its own.

Waiting for an answer moves the clock to the moment the answer is due, so a test that drives instruments
through seconds of settling takes microseconds. All models of one set share one clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from threading import RLock
from typing import Protocol

from drivers.errors import ConnectionFailed, NoAnswer

#: Waiting moves the clock at least this far, so that it always comes to an end.
STEP_S = 1e-6

#: What an instrument will say: when it is due, and the bytes (or one message).
Replies = list[tuple[float, bytes]]


class Line(Protocol):
    """An open line to a sans-I/O model of an instrument, at the model's end."""

    def feed(self, data: bytes, now_s: float) -> Replies:
        """Take bytes (or one message); give what will be said, and when."""
        ...

    def poll(self, now_s: float) -> Replies:
        """Give what is said unasked until `now_s`."""
        ...

    def next_s(self, now_s: float) -> float:
        """Tell when there will next be something to say unasked; infinity for never."""
        ...

    def hang_up(self) -> None:
        """Take note that the other end is gone."""
        ...


class Port(Protocol):
    """Where lines to a model begin."""

    def connect(self, now_s: float) -> Line:
        """Open a line."""
        ...


@dataclass
class VirtualClock:
    """A time that passes only when somebody waits."""

    now_s: float = 0.0
    lock: RLock = field(default_factory=RLock, repr=False)


@dataclass(frozen=True)
class Models:
    """The models behind a set of ``mem:`` addresses.

    Attributes
    ----------
    ports : mapping of str to Port
        By what follows ``mem:``.
    clock : VirtualClock
        Which all of them share.
    """

    ports: Mapping[str, Port]
    clock: VirtualClock = field(default_factory=VirtualClock)


class MemoryTransport:
    """A line to a model.

    Parameters
    ----------
    name : str
        What follows ``mem:``.
    port : Port
    clock : VirtualClock
    """

    def __init__(self, name: str, port: Port, clock: VirtualClock) -> None:
        self.address = f"mem:{name}"
        self._clock = clock
        self._line = port.connect(clock.now_s)
        self._coming: deque[tuple[float, bytes]] = deque()
        self._closed = False

    def write(self, data: bytes) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        with self._clock.lock:
            self._require_open()
            self._queue(self._line.feed(data, self._clock.now_s))

    def read(self, timeout_s: float) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        with self._clock.lock:
            self._require_open()
            deadline = self._clock.now_s + timeout_s
            self._queue(self._line.poll(self._clock.now_s))
            while not self._due():
                self._wait(deadline, timeout_s)
            return self._coming.popleft()[1]

    def waiting(self) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        with self._clock.lock:
            if not self._closed:
                self._queue(self._line.poll(self._clock.now_s))
            data = b""
            while self._due():
                data += self._coming.popleft()[1]
            return data

    def close(self) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        with self._clock.lock:
            if not self._closed:
                self._line.hang_up()
            self._closed = True

    def now_s(self) -> float:
        """See :class:`~drivers.transport.base.Transport`."""
        return self._clock.now_s

    def pause(self, duration_s: float) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        with self._clock.lock:
            self._clock.now_s += duration_s

    def _due(self) -> bool:
        return bool(self._coming) and self._coming[0][0] <= self._clock.now_s

    def _wait(self, deadline: float, timeout_s: float) -> None:
        """Move the clock to what happens next, and no further: others may act on the model before more does."""
        now = self._clock.now_s
        due = self._coming[0][0] if self._coming else deadline
        self._clock.now_s = min(deadline, max(now + STEP_S, min(due, self._line.next_s(now))))
        self._queue(self._line.poll(self._clock.now_s))
        if self._clock.now_s >= deadline and not self._due():
            raise NoAnswer(f"{self.address}: no answer within {timeout_s:g} s")

    def _queue(self, replies: Replies) -> None:
        if replies:
            self._coming.extend(replies)
            if len(self._coming) > 1:
                self._coming = deque(sorted(self._coming, key=itemgetter(0)))

    def _require_open(self) -> None:
        if self._closed:
            raise ConnectionFailed(f"{self.address}: the line is closed")
