"""What a tagger's clock makes of the reference, and of the loss of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
PPM = 1_000_000


class Timebase:
    """A clock that follows a reference until it is lost, and then goes on at its own pace.

    Times never jump: what changes is how fast they pass.

    Parameters
    ----------
    free_ppm : int
        How much too fast it goes by itself.
    """

    def __init__(self, free_ppm: int) -> None:
        self._free_ppm = free_ppm
        self._ppm, self._since_ps, self._shown_ps = 0, 0, 0
        self._seen_ps = 0

    def follow(self, reference: bool) -> None:
        """Follow the reference from now on, or do without it."""
        self._shown_ps = int(self.shown(np.array([self._seen_ps]))[0])
        self._since_ps = self._seen_ps
        self._ppm = 0 if reference else self._free_ppm

    def shown(self, time_ps: Times) -> Times:
        """Give what it shows at times of the reference."""
        ahead_ps = self._shown_ps - self._since_ps
        if not self._ppm:
            return time_ps + ahead_ps if ahead_ps else time_ps
        shown: Times = time_ps + ahead_ps + (time_ps - self._since_ps) * self._ppm // PPM
        return shown

    def instant(self, time_ps: int) -> int:
        """Give what it shows at a time of the reference, and remember that it has come."""
        self._seen_ps = max(self._seen_ps, time_ps)
        return int(self.shown(np.array([time_ps], np.int64))[0])
