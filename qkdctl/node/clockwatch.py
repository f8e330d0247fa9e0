"""Notices when somebody sets the computer's clock. Sessions run by a clock that nobody sets; keys bear dates."""

from __future__ import annotations

import time
from collections.abc import Callable

from postproc.types import Alarm

STEP_S = 2.0
"""Less is what keeping the clock right takes."""


class ClockWatch:
    """Holds the computer's clock against the one that only goes forward.

    Parameters
    ----------
    wall, steady : callable, optional
        Tell the time in seconds.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._steady = wall, steady
        self._ahead_s = wall() - steady()

    def look(self) -> Alarm | None:
        """Say if the clock was set since last time."""
        ahead_s = self._wall() - self._steady()
        step_s, self._ahead_s = ahead_s - self._ahead_s, ahead_s
        if abs(step_s) < STEP_S:
            return None
        return Alarm(
            "clock-stepped", "warning", "this computer's clock", {"step_s": round(step_s, 3)}, ADVICE
        )


ADVICE = (
    "Somebody, or a time server, has set this computer's clock, or it slept. Sessions do not run by it and go on. Keys "
    "bear its dates, and key servers let keys expire by it: see that it is right now, and that ntp or chrony runs."
)
