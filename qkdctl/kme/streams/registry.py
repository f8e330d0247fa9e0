"""Which streams there are, and which of their two applications have opened them.

This is in memory only: a KME that starts again knows no streams, and applications open theirs again, under the
same ID if they like. What was delivered of a stream is known from the store all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from qkdctl.kme.limits import Bucket

MOST_OPEN = 256
"""Streams that one application may have open."""

Pair = tuple[str, str]


class InUse(Exception):
    """A stream's ID is somebody else's, or its application has it open on another connection."""


class TooMany(Exception):
    """An application has too many streams open."""


@dataclass
class Opening:
    """One application's end of a stream.

    Attributes
    ----------
    timeout_s : float
        How long its calls may wait.
    pace : Bucket or None
        Bits per second that it asked for; None for an end at the other KME.
    connection : object
        The connection that it was opened on; None for an end at the other KME.
    until : float
        When it ends by itself, on the registry's clock.
    """

    timeout_s: float = 0.0
    pace: Bucket | None = None
    connection: object = None
    until: float = 0.0


@dataclass
class Stream:
    """A stream of two applications.

    Attributes
    ----------
    ksid : UUID
    pair : tuple of str
        The two, in the order of their names.
    chunk_bytes : int
    openings : dict of str to Opening
        By application.
    """

    ksid: UUID
    pair: Pair
    chunk_bytes: int
    openings: dict[str, Opening] = field(default_factory=dict)

    def other(self, sae: str) -> str:
        """The application at the other end."""
        return self.pair[self.pair[0] == sae]

    def chunk_id(self, index: int) -> str:
        """Name a chunk as an application key: a UUID that both KMEs derive alike."""
        names = b"".join(len(name.encode()).to_bytes(4, "big") + name.encode() for name in self.pair)
        text = b"qkdctl stream" + self.ksid.bytes + index.to_bytes(4, "big") + names
        return str(UUID(bytes=hashlib.sha256(text).digest()[:16], version=5))


class Registry:
    """The streams of a KME.

    Parameters
    ----------
    alive : callable
        Tells whether a connection still lasts.
    now : callable, optional
        The clock, in seconds.
    """

    def __init__(self, alive: Callable[[object], bool], now: Callable[[], float] = monotonic) -> None:
        self._alive = alive
        self._now = now
        self._streams: dict[UUID, Stream] = {}

    def open(
        self, ksid: UUID, sae: str, other: str, chunk_bytes: int, lasts_s: float, opening: Opening
    ) -> Stream:
        """Open one end of a stream, for so long.

        Raises
        ------
        InUse, TooMany
            If that cannot be.
        """
        self._forget_what_is_over()
        pair = (min(sae, other), max(sae, other))
        # Who comes second gets chunks of the first one's length.
        stream = self._streams.get(ksid) or Stream(ksid, pair, chunk_bytes)
        held = stream.openings.get(sae)
        if stream.pair != pair or (held and self._elsewhere(held, opening)):
            raise InUse
        if held is None and self._count(sae) >= MOST_OPEN:
            raise TooMany
        opening.until = self._now() + lasts_s
        stream.openings[sae] = opening
        self._streams[ksid] = stream
        return stream

    def get(self, ksid: UUID) -> Stream | None:
        """Give a stream that somebody has open."""
        if stream := self._streams.get(ksid):
            self._forget_ends_of(stream)
        return self._streams.get(ksid)

    def find(self, ksid: UUID, sae: str) -> Stream | None:
        """Give a stream that an application has open."""
        stream = self._streams.get(ksid)
        if stream:
            self._forget_ends_of(stream)
        return stream if stream and sae in stream.openings else None

    def close(self, ksid: UUID, sae: str) -> bool:
        """Close one end; tell whether it was open."""
        stream = self.find(ksid, sae)
        if stream is None:
            return False
        del stream.openings[sae]
        self._forget_ends_of(stream)
        return True

    def left_s(self, opening: Opening) -> float:
        """How long an end stays open."""
        return opening.until - self._now()

    def _elsewhere(self, held: Opening, opening: Opening) -> bool:
        return held.connection is not opening.connection and self._alive(held.connection)

    def _count(self, sae: str) -> int:
        return sum(sae in stream.openings for stream in self._streams.values())

    def _forget_what_is_over(self) -> None:
        for stream in list(self._streams.values()):
            self._forget_ends_of(stream)

    def _forget_ends_of(self, stream: Stream) -> None:
        now = self._now()
        for sae in [sae for sae, opening in stream.openings.items() if opening.until <= now]:
            del stream.openings[sae]
        if not stream.openings:
            self._streams.pop(stream.ksid, None)
