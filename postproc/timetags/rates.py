"""How the rates of detectors behave while tags stream: drops, and live time.

Rates are counted in windows of a fixed length, of which gaps take their part away. A detector whose rate falls to less
than half of its median in some window has dropped: a shutter, a latched nanowire, a cable. Light that comes and
goes for all detectors alike says nothing about one of them, so a window is judged by the detector's *share* of all
clicks.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from postproc.timetags.types import PICOSECONDS_PER_SECOND, Gap, TagChunk

WINDOW_PS = PICOSECONDS_PER_SECOND
"""Length of a window."""

MOST_WINDOWS = 2**17
"""36 hours; later windows are not kept."""

DROP = 0.5
"""Share of the usual share below which a detector has dropped."""


class Rate(msgspec.Struct, frozen=True):
    """The rate of one channel.

    Attributes
    ----------
    channel, tags : int
    live_s : float
        Length of the recording, its gaps taken off.
    dropped_windows : int
        Windows of a second in which it clicked too seldom.
    worst_share : float
        Its share of all clicks in the worst of them, over its usual share; 1 if there is none.
    """

    channel: int
    tags: int
    live_s: float
    dropped_windows: int
    worst_share: float

    @property
    def hz(self) -> float:
        """Mean rate while it was live."""
        return self.tags / self.live_s if self.live_s > 0 else 0.0


class RateMonitor:
    """Takes chunks while they stream; knows the channels that matter from the start.

    Parameters
    ----------
    channels : iterable of int
    """

    def __init__(self, channels: Iterable[int]) -> None:
        self._channels = sorted(channels)
        self._start_ps: int | None = None
        self._live_ps = 0
        self._counts: NDArray[np.int64] = np.zeros((0, len(self._channels)), np.int64)

    def feed(self, chunk: TagChunk) -> None:
        """Take the next chunk of a recording."""
        self._start_ps = chunk.start_ps if self._start_ps is None else self._start_ps
        self._live_ps += chunk.stop_ps - chunk.start_ps - sum(map(_length, chunk.gaps))
        window = (chunk.time_ps - self._start_ps) // WINDOW_PS
        last = min(int((chunk.stop_ps - 1 - self._start_ps) // WINDOW_PS), MOST_WINDOWS - 1)
        missing = last + 1 - len(self._counts)
        if missing > 0:
            more = np.zeros((missing, len(self._channels)), np.int64)
            self._counts = np.concatenate([self._counts, more])
        for place, channel in enumerate(self._channels):
            own = window[(chunk.channel == channel) & (window <= last)]
            self._counts[:, place] += np.bincount(own, minlength=len(self._counts))

    def report(self, false_alarm_probability: float = 1e-9) -> tuple[Rate, ...]:
        """Judge every channel.

        Parameters
        ----------
        false_alarm_probability : float
            Largest probability, per channel, of calling a steady detector dropped.
        """
        # The last window is rarely a whole one, which does not matter to shares.
        total = self._counts.sum(axis=1)
        judged = (
            self._judge(place, channel, total, false_alarm_probability)
            for place, channel in enumerate(self._channels)
        )
        return tuple(judged)

    def _judge(self, place: int, channel: int, total: NDArray[np.int64], probability: float) -> Rate:
        own = self._counts[:, place]
        share = float(np.median(own[total > 0] / total[total > 0])) if (total > 0).any() else 0.0
        expected = DROP * share
        # Binomial: chance of so few of a window's clicks if the share really were the smallest that is no drop.
        few = (total > 0) & (own < expected * total)
        chance = betainc(total[few] - own[few], own[few] + 1, 1 - expected)
        dropped = chance * max(1, len(total)) <= probability
        worst = (own[few] / total[few])[dropped].min(initial=share) / share if share else 1.0
        tags = int(own.sum())
        return Rate(channel, tags, self._live_ps / PICOSECONDS_PER_SECOND, int(dropped.sum()), float(worst))


def _length(gap: Gap) -> int:
    return gap.last_ps - gap.first_ps + 1
