"""Gaps, divided among chunks and put together again."""

from __future__ import annotations

from collections.abc import Iterable, MutableSequence

from postproc.timetags.types import Gap


def until(gap: Gap, stop_ps: int) -> Gap:
    """Give the part of a gap before an instant; the count of lost tags stays with it."""
    return Gap(gap.first_ps, min(gap.last_ps, stop_ps - 1), gap.reason, gap.lost)


def beyond(gap: Gap, start_ps: int) -> Gap:
    """Give the part of a gap from an instant inside it on."""
    return Gap(start_ps, gap.last_ps, gap.reason, None if gap.lost is None else 0)


def add_gap(gaps: MutableSequence[Gap], gap: Gap) -> None:
    """Append a gap, or lengthen the last one if it goes on in the new one: the inverse of dividing."""
    if gaps and _continues(gaps[-1], gap):
        gaps[-1] = Gap(gaps[-1].first_ps, gap.last_ps, gap.reason, gaps[-1].lost)
    else:
        gaps.append(gap)


def union(gaps: Iterable[Gap]) -> list[Gap]:
    """Sort gaps, and join those that overlap: what was lost adds up, the first one's reason stays."""
    joined: list[Gap] = []
    for gap in sorted(gaps, key=lambda gap: gap.first_ps):
        if joined and gap.first_ps <= joined[-1].last_ps:
            before = joined.pop()
            losses = [part.lost for part in (before, gap) if part.lost is not None]
            last_ps = max(before.last_ps, gap.last_ps)
            gap = Gap(before.first_ps, last_ps, before.reason, sum(losses) if losses else None)
        joined.append(gap)
    return joined


def _continues(gap: Gap, later: Gap) -> bool:
    tail = beyond(gap, gap.last_ps)
    return later.first_ps == gap.last_ps + 1 and (later.reason, later.lost) == (tail.reason, tail.lost)
