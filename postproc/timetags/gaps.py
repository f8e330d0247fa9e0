"""Gaps, divided among chunks and put together again, and where they lie once delays are off."""

from __future__ import annotations

from collections.abc import Iterable, MutableSequence

import numpy as np
from numpy.typing import NDArray

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


def undelayed(gap: Gap, delay_ps: NDArray[np.int64]) -> Gap:
    """Give where clicks may be missing, of one channel at least, once each channel's delay is taken off its clicks.

    A gap blinds all detectors at once. Among clicks without their delays each of them was blind at another time.

    Parameters
    ----------
    gap : Gap
        As the instrument has it.
    delay_ps : array of int64, shape (256,)
        Delays by channel; 0 where there is no detector, which makes the gap no shorter.
    """
    first_ps, last_ps = gap.first_ps - int(delay_ps.max()), gap.last_ps - int(delay_ps.min())
    return Gap(first_ps, last_ps, gap.reason, gap.lost)


def _continues(gap: Gap, later: Gap) -> bool:
    tail = beyond(gap, gap.last_ps)
    return later.first_ps == gap.last_ps + 1 and (later.reason, later.lost) == (tail.reason, tail.lost)
