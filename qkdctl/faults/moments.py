"""When a fault strikes: at a moment in the life of a session, chosen at random, or a while after it."""

from __future__ import annotations

import random
from time import monotonic

from qkdctl.node.telemetry import Event

MOMENTS = ("preparing", "agreed", "locked", "sifted", "tested", "key", "key")
"""What a fault waits for; keys weigh more, because a session that makes some is what to break."""

IMPATIENCE_S = 45.0
"""A moment that does not come within so long is not waited for."""


class Moments:
    """One moment after the other, so that none is spared however fast the machine is.

    Parameters
    ----------
    dice : random.Random
    mean_pause_s : float
        Between a moment and the fault; exponential.
    """

    def __init__(self, dice: random.Random, mean_pause_s: float) -> None:
        self._dice, self._mean_pause_s = dice, mean_pause_s
        self.choose()

    def choose(self) -> None:
        """Choose the next moment."""
        self._moment = self._dice.choice(MOMENTS)
        self._pause_s = self._dice.expovariate(1 / self._mean_pause_s)
        self._next_s = monotonic() + IMPATIENCE_S

    def hear(self, event: Event) -> None:
        """Notice the moment."""
        if moment_of(event) == self._moment:
            self._next_s = min(self._next_s, monotonic() + self._pause_s)

    @property
    def due(self) -> bool:
        """Whether it is time for the fault."""
        return monotonic() >= self._next_s


def moment_of(event: Event) -> str:
    """What an event is a moment of."""
    match event.kind:
        case "state":
            return event.subject
        case "clock":
            return "locked"
        case "block":
            return str(event.figures.get("outcome"))
    return event.kind
