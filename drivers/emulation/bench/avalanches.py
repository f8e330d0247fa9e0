"""Which of the events on a detector make it click: dead time, recovery, and clicks that bring about others.

Everything that chance decides is drawn for an event before it is known whether it clicks. What remains is a question of
order only, and its answer is found by iteration: an event depends on earlier ones alone, so each round settles more of
them, from the first on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.parameters import Detector

Times = NDArray[np.int64]
Mask = NDArray[np.bool_]

NO_PARENT = -1


class Outcome(NamedTuple):
    """What became of a batch of events.

    Attributes
    ----------
    clicks : array of int64
        Ascending.
    later : array of int64
        Afterpulses of these clicks beyond the batch's end; they happen.
    """

    clicks: Times
    later: Times


def avalanches(
    times: Times, until_ps: int, detector: Detector, last_ps: int | None, random: np.random.Generator
) -> Outcome:
    """Let events happen.

    Parameters
    ----------
    times : array of int64
        Of photons, dark counts and afterpulses of earlier batches, ascending.
    until_ps : int
        End of the batch.
    detector : Detector
    last_ps : int or None
        The last click before.
    random : Generator
    """
    events, parents, later, later_parents = _with_afterpulses(times, until_ps, detector, random)
    order = np.argsort(events, kind="stable")
    events, parents = events[order], _renumbered(parents[order], order)
    gaps = _gaps(len(events), detector, random)
    clicked = _settled(events, parents, gaps, last_ps)
    origins = _renumbered(later_parents, order)
    return Outcome(events[clicked], later[clicked[origins]])


def awake(times: Times, gaps: Times, last_ps: int | None) -> Mask:
    """Tell which of ascending events find the detector awake: each needs its own distance from the last click."""
    kept = np.ones(len(times), bool)
    if not len(times):
        return kept
    last = int(times[0] - gaps[0]) if last_ps is None else last_ps
    close = np.flatnonzero(np.diff(times, prepend=last) < gaps)
    before = NO_PARENT
    for place in close.tolist():
        if place != before + 1:
            # What comes right before is not close to anything, so it was seen.
            last = int(times[place - 1])
        kept[place] = int(times[place]) - last >= int(gaps[place])
        last = int(times[place]) if kept[place] else last
        before = place
    return kept


def _settled(events: Times, parents: NDArray[np.intp], gaps: Times, last_ps: int | None) -> Mask:
    """Tell which of ascending events click, where each may need that another one, before it, has clicked.

    Each round settles at least one more event for good, from the first on: it has no parent, or one that is settled,
    and so has all before it. This ends after as many rounds as there are events at the latest.
    """
    if (parents >= np.arange(len(parents))).any():
        raise ValueError("an event stands before the one that it comes from, expected after it")
    alive = np.ones(len(events), bool)
    while True:
        clicked = np.zeros(len(events), bool)
        there = np.flatnonzero(alive)
        clicked[there] = awake(events[there], gaps[there], last_ps)
        now = (parents == NO_PARENT) | clicked[parents]
        if (now == alive).all():
            return clicked
        alive = now


def _gaps(count: int, detector: Detector, random: np.random.Generator) -> Times:
    """How far from the last click each event has to be: it is seen if its lot lies under the recovered efficiency."""
    dead = np.full(count, detector.dead_time_ps, np.int64)
    if not detector.recovery_ps:
        return dead
    waits: Times = np.rint(random.exponential(detector.recovery_ps, count)).astype(np.int64)
    return dead + waits


def _with_afterpulses(
    times: Times, until_ps: int, detector: Detector, random: np.random.Generator
) -> tuple[Times, NDArray[np.intp], Times, NDArray[np.intp]]:
    """Give all events there may be, the event that each comes from, and the same of those beyond the end."""
    events, parents = [times], [np.full(len(times), NO_PARENT, np.intp)]
    later: list[Times] = [np.empty(0, np.int64)]
    later_parents: list[NDArray[np.intp]] = [np.empty(0, np.intp)]
    generation, known = times, 0
    while detector.afterpulse_probability and len(generation):
        chosen = np.flatnonzero(random.random(len(generation)) < detector.afterpulse_probability)
        born = generation[chosen] + _delays(len(chosen), detector, random)
        origin = (chosen + known).astype(np.intp)
        inside = born < until_ps
        later.append(born[~inside])
        later_parents.append(origin[~inside])
        known += len(generation)
        generation = born[inside]
        events.append(generation)
        parents.append(origin[inside])
    return tuple(map(np.concatenate, (events, parents, later, later_parents)))  # type: ignore[return-value]


def _delays(count: int, detector: Detector, random: np.random.Generator) -> Times:
    """Draw from the power law by inverting its distribution."""
    first = max(detector.afterpulse_from_ps, detector.dead_time_ps, 1)
    last = max(detector.afterpulse_to_ps, first + 1)
    power = 1 - detector.afterpulse_exponent
    lot = random.random(count)
    if abs(power) < 1e-9:
        delays = first * (last / first) ** lot
    else:
        delays = (first**power + lot * (last**power - first**power)) ** (1 / power)
    return np.rint(delays).astype(np.int64)


def _renumbered(parents: NDArray[np.intp], order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Let numbers of events stand for their places in order."""
    places = np.empty(len(order), np.intp)
    places[order] = np.arange(len(order))
    return np.where(parents == NO_PARENT, NO_PARENT, places[parents]) if len(order) else parents
