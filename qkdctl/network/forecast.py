"""How much key a link will have: what its model still brings, less what is taken from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from qkdctl.network.light import blocks_between
from qkdctl.network.link_specs import BlockSpec, LinkSpec

MOST_BLOCKS = 100_000


class Level(NamedTuple):
    """The key of a link at a time to come.

    Attributes
    ----------
    at_s : float
        Scenario seconds.
    free_bytes : float
        0 from the moment on at which it runs dry, until more comes.
    """

    at_s: float
    free_bytes: float


def coming(link: LinkSpec, start_s: float, stop_s: float) -> list[BlockSpec]:
    """The blocks that a link is to get in ``[start_s, stop_s)``; none where nobody can know."""
    if link.model is not None:
        found: list[BlockSpec] = []
        for block in blocks_between(link.model, start_s, stop_s):
            found.append(block)
            if len(found) == MOST_BLOCKS:
                break
        return found
    return [block for block in link.expected if start_s <= block.ready_s < stop_s]


def forecast(
    link: LinkSpec, free_bytes: int, now_s: float, horizon_s: float, taken_bytes_per_s: float = 0.0
) -> list[Level]:
    """Give the level of a link now, and whenever it changes its course.

    Parameters
    ----------
    link : LinkSpec
    free_bytes : int
        What it has now.
    now_s, horizon_s : float
        Scenario seconds; how far ahead.
    taken_bytes_per_s : float
        What applications take, in bytes a scenario second.
    """
    most = link.model.most_stored_bytes if link.model else float("inf")
    level, at_s = float(free_bytes), now_s
    levels = [Level(at_s, level)]
    for block in [*coming(link, now_s, now_s + horizon_s), BlockSpec(now_s + horizon_s, 0)]:
        level = max(level - taken_bytes_per_s * (block.ready_s - at_s), 0.0)
        if block.length_bytes and level < most:
            levels.append(Level(block.ready_s, level))
            level += block.length_bytes
        at_s = block.ready_s
        levels.append(Level(at_s, level))
    return levels


def runs_dry_s(levels: Sequence[Level]) -> float | None:
    """When a link first has nothing left; None if it always has."""
    return next((level.at_s for level in levels if level.free_bytes <= 0), None)


def next_key_s(link: LinkSpec, now_s: float, horizon_s: float) -> float | None:
    """When the next block comes; None if none does, or nobody knows."""
    found = coming(link, now_s, now_s + horizon_s)
    return found[0].ready_s if found else None
