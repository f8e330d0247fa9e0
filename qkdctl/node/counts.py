"""Whether a receiver, or one of its detectors, counts far less than it did."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from postproc.timetags.types import PICOSECONDS_PER_SECOND, TagChunk
from postproc.types import Alarm

DROP_SHARE = 0.2
"""A count rate below this share of the highest seen is a drop."""

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
        self._highest_hz = np.zeros(256)
        self._highest_total_hz = 0.0

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
        judged = np.where(counts >= FEWEST, rates_hz, 0.0)
        self._highest_hz = np.maximum(self._highest_hz, judged)
        total_hz = float(rates_hz.sum())
        self._highest_total_hz = max(self._highest_total_hz, total_hz)
        if total_hz < DROP_SHARE * self._highest_total_hz:
            figures = {"rate_hz": round(total_hz), "before_hz": round(self._highest_total_hz)}
            yield Alarm("count-drop", "error", f"{self._owner}'s detectors", dict(figures), DROP)
            return
        for channel in np.flatnonzero(rates_hz < DROP_SHARE * self._highest_hz):
            figures = {"rate_hz": round(rates_hz[channel]), "before_hz": round(self._highest_hz[channel])}
            subject = f"{self._owner}'s detector on channel {channel}"
            yield Alarm("detector-drop", "error", subject, dict(figures), LATCHED)


DROP = (
    "The count rate has fallen to a fraction of what it was. If the other party reports no dark laser and no closed "
    "shutter, look at the fibre; then at the detectors' bias. Blocks recorded meanwhile make no key."
)
LATCHED = (
    "This detector counts a fraction of what it did while the others go on: it has latched, or its fibre is out. "
    "Switch its bias off and on. If that does not help, look at its temperature and its fibre."
)
