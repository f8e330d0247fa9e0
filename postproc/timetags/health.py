"""What the tags of a detector tell about its health: echoes and afterpulses.

The time from a click to the next one on the same channel is looked at as in survival analysis: the *hazard*
of a bin is the share of clicks that have waited so long and are followed now. Dark counts and steady light
have a constant hazard, dead time has none, pulsed light has one peak a slot, afterpulsing raises it for tens
of ns with a slow decay, and an electronic echo concentrates it in one or two bins.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from postproc.timetags.types import TagChunk

_BIN_PS = 1000
#: Echoes are sought in the first 100 ns, and compared with what happens until 1 µs.
_SEARCHED, _WATCHED = 100, 1024
#: Bins on each side of a peak that may belong to it.
_REACH = 3
#: By this factor an echo must exceed every other bin. Afterpulses fall by less within the reach.
_CONTRAST = 4.0
#: Bins that few clicks survive to are noise: the reference is taken where at least this share does.
_SURVIVING = 0.1


class Echo(msgspec.Struct, frozen=True):
    """A second tag that follows many clicks of a detector at a fixed delay.

    Attributes
    ----------
    delay_ns : float
        Mean delay.
    share : float
        Share of the channel's tags that are echoes.
    false_alarm_probability : float
        Probability of so clear a peak anywhere in the first 100 ns if no bin's hazard really were over four
        times that of all others.
    """

    delay_ns: float
    share: float
    false_alarm_probability: float


class DetectorHealth(msgspec.Struct, frozen=True):
    """What was found on one channel.

    Attributes
    ----------
    channel, tags : int
        Which detector, and how many tags it is judged by.
    echo : Echo or None
        A narrow echo, if there is one.
    afterpulse_share : float
        Share of tags in excess of the steady rate within 100 ns of the one before, the echo apart. Pulsed
        light counts as steady only if its slots are shorter than 1 ns.
    """

    channel: int
    tags: int
    echo: Echo | None
    afterpulse_share: float


class HealthMonitor:
    """Takes chunks while they stream and judges each channel at any time.

    A pair of clicks with a gap between them is not a succession and is left out.
    """

    def __init__(self) -> None:
        self._waits: dict[int, _Waits] = {}

    def feed(self, chunk: TagChunk) -> None:
        """Take the next chunk of a recording."""
        gap_starts = np.array([gap.first_ps for gap in chunk.gaps], np.int64)
        for channel in np.flatnonzero(np.bincount(chunk.channel, minlength=256)).tolist():
            waits = self._waits.setdefault(channel, _Waits())
            waits.add(chunk.time_ps[chunk.channel == channel], gap_starts)
        if chunk.gaps:
            self._forget_before(chunk.gaps[-1].first_ps)

    def report(self, false_alarm_probability: float = 1e-9) -> tuple[DetectorHealth, ...]:
        """Judge every channel that has clicked.

        Parameters
        ----------
        false_alarm_probability : float
            Largest probability, per channel, of reporting an echo where there is none.
        """
        return tuple(
            waits.judge(channel, false_alarm_probability) for channel, waits in sorted(self._waits.items())
        )

    def _forget_before(self, time_ps: int) -> None:
        for waits in self._waits.values():
            waits.forget_before(time_ps)


class _Waits:
    """Histogram of the waiting times of one channel, with the sum of the times in each bin."""

    def __init__(self) -> None:
        self._tags = 0
        self._waits = 0
        self._last_ps: NDArray[np.int64] = np.empty(0, np.int64)
        self._count: NDArray[np.float64] = np.zeros(_WATCHED)
        self._sum_ps: NDArray[np.float64] = np.zeros(_WATCHED)

    def add(self, time_ps: NDArray[np.int64], gap_starts: NDArray[np.int64]) -> None:
        self._tags += len(time_ps)
        times = np.concatenate([self._last_ps, time_ps])
        stretch = np.searchsorted(gap_starts, times, "right")
        waits = np.diff(times)[stretch[1:] == stretch[:-1]]
        self._waits += len(waits)
        short = waits[waits < _WATCHED * _BIN_PS]
        place = short // _BIN_PS
        self._count += np.bincount(place, minlength=_WATCHED)
        self._sum_ps += np.bincount(place, short, minlength=_WATCHED)
        self._last_ps = times[-1:]

    def forget_before(self, time_ps: int) -> None:
        self._last_ps = self._last_ps[self._last_ps >= time_ps]

    def judge(self, channel: int, false_alarm_probability: float) -> DetectorHealth:
        survivors = self._waits - np.cumsum(self._count) + self._count
        hazard = self._count / np.maximum(survivors, 1)
        watched = survivors >= max(1.0, _SURVIVING * self._waits)
        steady = _steady_hazard(self._count, survivors, watched)
        excess = (self._count - steady * survivors)[:_SEARCHED]
        peak = int(hazard[:_SEARCHED].argmax())
        chance = _chance(self._count, survivors, np.where(watched, hazard, 0.0), peak)
        echo = self._echo(peak, excess, chance) if chance <= false_alarm_probability else None
        return DetectorHealth(channel, self._tags, echo, self._afterpulses(excess, peak if echo else None))

    def _echo(self, peak: int, excess: NDArray[np.float64], chance: float) -> Echo:
        near = _near(peak, _SEARCHED) & (excess > 0)
        delay_ps = self._sum_ps[:_SEARCHED][near].sum() / self._count[:_SEARCHED][near].sum()
        return Echo(float(delay_ps) / 1000, float(excess[near].sum()) / self._tags, chance)

    def _afterpulses(self, excess: NDArray[np.float64], echo_peak: int | None) -> float:
        """Sum the excess from the first bin that shows one, which is where the dead time ends."""
        apart = excess if echo_peak is None else np.where(_near(echo_peak, _SEARCHED), 0.0, excess)
        alive_from = int((apart > 0).argmax())
        return max(0.0, float(apart[alive_from:].sum()) / self._tags)


def _near(peak: int, bins: int) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.abs(np.arange(bins) - peak) <= _REACH
    return near


def _steady_hazard(
    count: NDArray[np.float64], survivors: NDArray[np.float64], watched: NDArray[np.bool_]
) -> float:
    late = watched & (np.arange(_WATCHED) >= _SEARCHED)
    return float(count[late].sum() / max(1.0, survivors[late].sum()))


def _chance(
    count: NDArray[np.float64], survivors: NDArray[np.float64], hazard: NDArray[np.float64], peak: int
) -> float:
    """Bound the probability of the peak if its hazard were `_CONTRAST` times the largest of the others.

    Given the sum of both counts, the peak's is binomial; Bonferroni for all the bins that were searched.
    """
    rival = int(np.where(_near(peak, _WATCHED), -1.0, hazard).argmax())
    weight = _CONTRAST * survivors[peak]
    expected = weight / max(1.0, weight + survivors[rival])
    if count[peak] == 0:
        return 1.0
    return min(1.0, _SEARCHED * float(betainc(count[peak], count[rival] + 1, expected)))
