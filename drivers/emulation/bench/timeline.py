"""Bench time, and settings that change in it.

Physics is computed in blocks of bench time, once and for all, when somebody asks. A setting that changes
takes effect with the next block. Nobody can ask for a block that is not over, so no change comes too late.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Generic, TypeVar

from postproc.timetags.types import PICOSECONDS_PER_SECOND

#: 20 ms: how promptly the light follows, and how much is worth computing at a time.
BLOCK_PS = 2 * 10**10

#: Seconds that were made from picoseconds may be short of them by less than this.
_ROUNDING_PS = 1000

V = TypeVar("V")


def block_at(now_s: float) -> int:
    """Give the number of the block that an instant lies in."""
    return (int(now_s * PICOSECONDS_PER_SECOND) + _ROUNDING_PS) // BLOCK_PS


def begin_ps(block: int) -> int:
    """Tell when a block begins."""
    return block * BLOCK_PS


def middle_ps(block: int) -> int:
    """Tell when half of a block is over."""
    return begin_ps(block) + BLOCK_PS // 2


def begin_s(block: int) -> float:
    """Tell when a block begins."""
    return begin_ps(block) / PICOSECONDS_PER_SECOND


class Timeline(Generic[V]):
    """A setting over bench time.

    Parameters
    ----------
    initial : value
        What it is at first.
    """

    def __init__(self, initial: V) -> None:
        self._blocks = [-1]
        self._values = [initial]

    def set(self, now_s: float, value: V) -> None:
        """Change it from the next block on; at time 0, from the beginning."""
        block = block_at(now_s) + 1 if now_s > 0 else -1
        if block <= self._blocks[-1]:
            self._values[-1] = value
        elif value != self._values[-1]:
            self._blocks.append(block)
            self._values.append(value)

    def at(self, block: int) -> V:
        """Give what applies in a block."""
        return self._values[bisect_right(self._blocks, block) - 1]

    @property
    def latest(self) -> V:
        """What it was set to last."""
        return self._values[-1]
