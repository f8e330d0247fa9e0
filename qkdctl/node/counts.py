"""Whether a receiver, or one of its detectors, counts far less than it did."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from postproc.timetags.types import PICOSECONDS_PER_SECOND, TagChunk
from postproc.types import Alarm

DROP_SHARE = 0.2
"""A count rate below this share of what it was of late is a drop."""

LATE, LASTING = 60, 5
"""What it was of late: the most that it kept up for so many looks, among the latest. A flash of light is not, and the
slow change of a satellite's pass is no drop."""

FEWEST = 100
"""A detector that never had so many counts between two looks is not judged."""


class CountWatch:
    """Watches the count rates of a receiver.

    Parameters
    ----------
    owner : str
        Such as "Bob".
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._counts = np.zeros(256, np.int64)
        self._span_ps = 0
        # Of each channel, and of all: what it counted at looks at which it was not down.
        self._usual: deque[NDArray[np.float64]] = deque(maxlen=LATE)

    def add(self, chunk: TagChunk) -> None:
        """Count."""
        self._counts += np.bincount(chunk.channel, minlength=256)
        self._span_ps += chunk.stop_ps - chunk.start_ps

    def look(self) -> Iterator[Alarm]:
        """Judge what came since the last look."""
        counts, span_ps = self._counts, self._span_ps
        self._counts, self._span_ps = np.zeros(256, np.int64), 0
        if span_ps <= 0:
            return
        rates_hz = counts / (span_ps / PICOSECONDS_PER_SECOND)
        total_hz = float(rates_hz.sum())
        now_hz = np.append(rates_hz, total_hz)
        before_hz = _kept_up(self._usual) if self._usual else now_hz
        down = now_hz < DROP_SHARE * before_hz
        judged = np.append(np.where(counts >= FEWEST, rates_hz, 0.0), total_hz)
        # As long as something is down, it is held against what it was before.
        self._usual.append(np.where(down, before_hz, judged))
        if down[-1]:
            figures = {"rate_hz": round(total_hz), "before_hz": round(before_hz[-1])}
            yield Alarm("count-drop", "error", f"{self._owner}'s detectors", dict(figures), DROP)
            return
        for channel in np.flatnonzero(down):
            figures = {"rate_hz": round(rates_hz[channel]), "before_hz": round(before_hz[channel])}
            subject = f"{self._owner}'s detector on channel {channel}"
            yield Alarm("detector-drop", "error", subject, dict(figures), LATCHED)


def _kept_up(looks: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Give the most that each kept up for several looks on end; shape as that of a look."""
    table = np.array(looks)
    spans = sliding_window_view(table, min(LASTING, len(table)), axis=0)
    most: NDArray[np.float64] = spans.min(axis=-1).max(axis=0)
    return most


DROP = (
    "The count rate has fallen to a fraction of what it was. If the other party reports no dark laser and no closed "
    "shutter, look at the fibre; then at the detectors' bias. Blocks recorded meanwhile make no key."
)
LATCHED = (
    "This detector counts a fraction of what it did while the others go on: it has latched, or its fibre is out. "
    "Switch its bias off and on. If that does not help, look at its temperature and its fibre."
)
