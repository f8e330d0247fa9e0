"""Dialogues: a step of the protocol written down as each party would tell it.

A dialogue is a generator. It yields what it wants done and is resumed with what came of it::

    def bob(block, entropy):
        yield from say(TestBits(block.test))
        report = yield from hear(TestReport)
        return TestedBlock(...)

The driver (:mod:`postproc.conversation.conversation`) does the rest: encoding, transcript, ledgers.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from postproc.conversation.messages import M, Message
from postproc.conversation.record import BlockRecord
from postproc.types import Alarm, Figure


@dataclass(frozen=True, slots=True)
class Say:
    """Send a message."""

    message: Message


@dataclass(frozen=True, slots=True)
class Hear:
    """Wait for a message of this type; anything else ends the block."""

    kind: type[Message]


@dataclass(frozen=True, slots=True)
class Attest:
    """Send a tag over everything said and heard in the block so far."""


@dataclass(frozen=True, slots=True)
class Check:
    """Wait for the peer's tag and compare; a wrong one ends the block."""


@dataclass(frozen=True, slots=True)
class Review:
    """Look at the block's books as they stand now."""


@dataclass(frozen=True, slots=True)
class Note:
    """Write figures into the block's books, for the report."""

    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Warn:
    """Raise an alarm at this party."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for something that the party's own stage will supply, such as more tags."""

    need: Any


Request = Say | Hear | Attest | Check | Review | Note | Warn | Pause

T = TypeVar("T")
Dialogue = Generator[Request, Any, T]


def say(message: Message) -> Dialogue[None]:
    """Send a message; what it discloses enters the ledger."""
    yield Say(message)


def hear(kind: type[M]) -> Dialogue[M]:
    """Wait for the peer's next message, which must be of type `kind`."""
    return cast(M, (yield Hear(kind)))


def attest() -> Dialogue[None]:
    """Send a tag over everything said and heard in the block so far."""
    yield Attest()


def check() -> Dialogue[None]:
    """Wait for the peer's tag over everything said and heard so far; a wrong one ends the block."""
    yield Check()


def review() -> Dialogue[BlockRecord]:
    """Give the block's books, everything up to now included."""
    return cast(BlockRecord, (yield Review()))


def pause(need: Any) -> Dialogue[Any]:
    """Wait until the stage supplies what `need` describes; give it."""
    return (yield Pause(need))


def warn(alarm: Alarm) -> Dialogue[None]:
    """Raise an alarm at this party, whatever becomes of the block; it leaves the stage just before the block."""
    yield Warn(alarm)


def note(**figures: Figure) -> Dialogue[None]:
    """Write figures into the block's books, whatever becomes of the block."""
    yield Note(figures)
