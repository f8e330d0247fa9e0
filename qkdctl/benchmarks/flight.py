"""Many blocks on a long line: how fast, if each party has a core and every message takes half a round trip.

Driven by the measured work of one conversation: who worked, and for how long, from message to message. All
blocks in flight repeat it; a party works on one message at a time, in the order in which they come.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

Turns = Sequence[tuple[str, float]]


def seconds_per_block(turns: Turns, round_trip_s: float, in_flight: int, blocks: int) -> float:
    """Simulate a line that always has `in_flight` blocks under way until `blocks` are done.

    Parameters
    ----------
    turns : sequence of (str, float)
        Who works and for how many seconds, turn after turn.

    Returns
    -------
    float
        Seconds for each block, from the first message to the last.
    """
    free_at = {role: 0.0 for role, _ in turns}
    waiting = [(0.0, block, 0) for block in range(min(in_flight, blocks))]
    started, end = len(waiting), 0.0
    while waiting:
        now, block, turn = heapq.heappop(waiting)
        role, work = turns[turn]
        end = free_at[role] = max(now, free_at[role]) + work
        if turn + 1 < len(turns):
            heapq.heappush(waiting, (end + round_trip_s / 2, block, turn + 1))
        elif started < blocks:
            heapq.heappush(waiting, (end, started, 0))
            started += 1
    return end / blocks
