"""Tags a little out of order, put right on the way; what was far out is marked as a gap.

Instruments with several inputs deliver tags in portions of each input, and delays are added to channels: a
tag may come after one that is a little later. Sorting those changes nothing about them. A tag that comes much
too late says that times are not to be relied on where it falls: that stretch becomes a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock
from postproc.timetags.gaps import beyond, union, until
from postproc.timetags.types import Gap

#: A tag may come so much after a later one (1 ms), and without harm (1 µs).
REACH_PS, INNOCENT_PS = 10**9, 10**6

#: More tags than this within the reach are no recording.
MAX_HELD = 2**22


@dataclass
class Disorder:
    """What was put right.

    Attributes
    ----------
    late : int
        Tags that came after a later one.
    longest_ps : int
        By how much, at most.
    """

    late: int = 0
    longest_ps: int = 0


def reordered(
    blocks: Iterable[TagBlock], name: str, reach_ps: int = REACH_PS, disorder: Disorder | None = None
) -> Iterator[TagBlock]:
    """Pass on blocks whose tags ascend: tags of the last `reach_ps` are held back and sorted.

    Parameters
    ----------
    blocks : iterable of TagBlock
    name : str
        How errors call the recording.
    reach_ps : int
        Largest disorder that is put right.
    disorder : Disorder, optional
        Told what was out of order.

    Raises
    ------
    InputError
        If a tag is later than that, or too many are held back.
    """
    held = _Held(name, reach_ps, disorder or Disorder())
    for block in blocks:
        time_ps, channel, gaps = held.take(block)
        yield block._replace(time_ps=time_ps, channel=channel, gaps=gaps)
    yield TagBlock(*held.release(None))


@dataclass
class _Held:
    """Tags and gaps that something earlier may still come before."""

    name: str
    reach_ps: int
    disorder: Disorder
    time_ps: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    channel: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    gaps: list[Gap] = field(default_factory=list)
    latest_ps: int | None = None

    def take(self, block: TagBlock) -> tuple[NDArray[np.int64], NDArray[np.uint8], tuple[Gap, ...]]:
        """Add a block; give what nothing can come before any more."""
        self.gaps += block.gaps
        if not len(block.time_ps):
            return self.release(self.latest_ps)
        reached = np.maximum.accumulate(block.time_ps)
        if self.latest_ps is not None:
            np.maximum(reached, self.latest_ps, out=reached)
        self._note(block.time_ps, reached)
        self.latest_ps = int(reached[-1])
        time_ps = np.concatenate([self.time_ps, block.time_ps])
        order = np.argsort(time_ps, kind="stable")
        self.time_ps = time_ps[order]
        self.channel = np.concatenate([self.channel, block.channel])[order]
        return self.release(self.latest_ps)

    def release(self, latest_ps: int | None) -> tuple[NDArray[np.int64], NDArray[np.uint8], tuple[Gap, ...]]:
        """Give what is earlier than the reach before `latest_ps`; all of it for None."""
        self.gaps = union(self.gaps)
        if latest_ps is None:
            done, gaps, self.gaps = len(self.time_ps), tuple(self.gaps), []
        else:
            horizon = latest_ps - self.reach_ps
            done = int(np.searchsorted(self.time_ps, horizon))
            gaps = self._gaps_before(horizon)
        if len(self.time_ps) - done > MAX_HELD:
            raise InputError(
                f"{self.name} has more than {MAX_HELD} tags within {self.reach_ps} ps: it is no recording"
            )
        time_ps, channel = self.time_ps[:done], self.channel[:done]
        self.time_ps, self.channel = self.time_ps[done:], self.channel[done:]
        return time_ps, channel, gaps

    def _note(self, time_ps: NDArray[np.int64], reached: NDArray[np.int64]) -> None:
        """Count tags that are late; mark the stretches of those that are very late."""
        by = reached - time_ps
        late = np.flatnonzero(by)
        if not len(late):
            return
        longest = int(by.max())
        if longest > self.reach_ps:
            worst = int(by.argmax())
            raise InputError(
                f"{self.name} has a tag at {time_ps[worst]} ps that comes {longest} ps after a later one: more "
                f"than {self.reach_ps} ps cannot be sorted; the instrument's clock may have started anew"
            )
        self.disorder.late += len(late)
        self.disorder.longest_ps = max(self.disorder.longest_ps, longest)
        for index in late[by[late] > INNOCENT_PS].tolist():
            self._mark(Gap(int(time_ps[index]), int(reached[index]), "disorder"))

    def _mark(self, gap: Gap) -> None:
        """Remember a stretch; those of neighbours are mostly the same."""
        if self.gaps and self.gaps[-1].last_ps == gap.last_ps and self.gaps[-1].reason == gap.reason:
            gap = Gap(min(gap.first_ps, self.gaps.pop().first_ps), gap.last_ps, gap.reason)
        self.gaps.append(gap)

    def _gaps_before(self, horizon: int) -> tuple[Gap, ...]:
        done = [until(gap, horizon) for gap in self.gaps if gap.first_ps < horizon]
        self.gaps = [
            gap if gap.first_ps >= horizon else beyond(gap, horizon)
            for gap in self.gaps
            if gap.last_ps >= horizon
        ]
        return tuple(done)
