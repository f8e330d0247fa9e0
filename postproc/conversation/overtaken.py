"""Which dialogue has lost a word for good: found out without a clock, by the younger ones that go past it.

Words of a stage arrive in the order in which they were said; a party opens its blocks in their order, answers at
once, and holds at most `MAX_OPEN_BLOCKS` open. Say that a dialogue waits here for a word of the peer, and that others
have been begun and done here since it last moved. The peer has begun them after the one that waits, and few of them can
be open there beside it: it is done with the rest, for which it had to hear what was said here after the last word of
the dialogue that waits. So it has heard that one, too, and answered it, before what it said last. An answer that has
not come by then never will.

What is no evidence: blocks that ended without result, for a party can end those one after another, and hear nothing;
and blocks of which nothing was heard, or nothing said here. But where nothing was said of the block that waits,
either, the peer owed it the first word, and the words of younger ones show that it was said.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_OPEN_BLOCKS = 4
"""So many dialogues are held at a time: a party further ahead of the other than this waits for it, and says no more
than the other can keep."""

LOST_AFTER = 2 * MAX_OPEN_BLOCKS
"""So many blocks begun and done meanwhile show that a word is lost; as many as may be open would do."""


class Overtaken:
    """Counts, for each open block, those that were begun and done since it last moved."""

    def __init__(self) -> None:
        self._begun = 0
        self._open: dict[int, _Place] = {}

    def begin(self, block: int) -> None:
        """Note that a block's dialogue begins."""
        self._begun += 1
        self._open[block] = _Place(self._begun, self._begun)

    def say(self, block: int) -> None:
        """Note that something is said of it."""
        self._open[block].said = True

    def hear(self, block: int) -> None:
        """Note that a word of the peer has come."""
        place = self._open[block]
        place.moved, place.heard, place.overtaken = self._begun, True, 0

    def end(self, block: int, *, done: bool) -> None:
        """Note that a block has ended here, and whether its dialogue was told to its end."""
        ended = self._open.pop(block, None)
        if ended is None or not done or not ended.heard:
            return
        for place in self._open.values():
            place.overtaken += ended.begun > place.moved and (ended.said or not place.said)

    def lost(self) -> list[int]:
        """Give the blocks of which nothing more will come."""
        return [block for block, place in self._open.items() if place.overtaken >= LOST_AFTER]


@dataclass
class _Place:
    """How many blocks had been begun when this one was, and when it last moved; what has happened since."""

    begun: int
    moved: int
    said: bool = False
    heard: bool = False
    overtaken: int = 0
