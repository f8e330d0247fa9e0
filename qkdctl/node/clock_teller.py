"""Where Bob's clock stands beside Alice's, told now and then while it is followed."""

from __future__ import annotations

from collections.abc import Iterable

from postproc.stage import Stage
from postproc.synchronisation.stage import Synchronise
from qkdctl.node.observation import Tell

TELL_EVERY_S = 2.0


class ClockTeller:
    """Asks the stage that follows the clock.

    Parameters
    ----------
    stages : iterable of Stage
        Of one process; it need not be among them.
    tell : callable
    """

    def __init__(self, stages: Iterable[Stage], tell: Tell) -> None:
        self._stages = [stage for stage in stages if isinstance(stage, Synchronise)]
        self._tell = tell
        self._next_s = 0.0

    def look(self, now_s: float) -> None:
        """Tell it, if it is time."""
        if now_s < self._next_s:
            return
        for stage in self._stages:
            if figures := stage.clock:
                self._next_s = now_s + TELL_EVERY_S
                self._tell("clock", "followed", **figures)
