"""Scenario time: the real one, or one that runs faster and begins when the scenario says."""

from __future__ import annotations

import time
from collections.abc import Callable

from qkdctl.network.spec import ClockSpec

Clock = Callable[[], float]
"""Gives scenario seconds since the network's beginning."""


def scenario_clock(spec: ClockSpec, now: Callable[[], float] = time.time) -> Clock:
    """Give the clock that all nodes of a network share."""
    return lambda: (now() - spec.began_at) * spec.speed
