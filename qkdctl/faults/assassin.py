"""Kills processes of a session at random."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from postproc.types import Role
from qkdctl.keystore.pair import PARTIES
from qkdctl.node.family import kill
from qkdctl.node.telemetry import Event

VICTIMS = ("acquire", "stages-0", "stages-1", "channel", "supervisor")

MOMENTS = ("preparing", "agreed", "locked", "sifted", "tested", "key", "key")
"""What has to happen before the next kill; keys weigh more, because a session that makes some is what to break."""

IMPATIENCE_S = 45.0
"""A moment that does not come within so long is not waited for."""


class Assassin:
    """Sends SIGKILL, which nobody can prepare for, to a random process of a random node, again and again.

    Each kill waits for a moment in the life of a session, chosen at random, and then for a random while, so that no
    moment is spared however fast the machine is.

    Parameters
    ----------
    seed : int
    mean_pause_s : float
        After the moment; exponential.
    most : int
        So many, then no more.

    Attributes
    ----------
    kills : Counter of str
        By process.
    """

    def __init__(self, seed: int, mean_pause_s: float, most: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chooses faults, not keys
        self._mean_pause_s, self._most = mean_pause_s, most
        self.kills: Counter[str] = Counter()
        self._next_s = 0.0
        self._choose(monotonic())

    @property
    def over(self) -> bool:
        """Whether all kills are done."""
        return self.kills.total() >= self._most

    def hear(self, role: Role, event: Event) -> None:
        """Notice the moment."""
        if _moment(event) == self._moment:
            self._next_s = min(self._next_s, monotonic() + self._pause_s)

    def watch(self, directories: Mapping[Role, Path]) -> None:
        """Kill, if it is time."""
        now_s = monotonic()
        if now_s >= self._next_s and not self.over:
            name = f"{self._random.choice(PARTIES)}.{self._random.choice(VICTIMS)}"
            self.kills[name] += kill(directories, name)
            self._choose(now_s)

    def _choose(self, now_s: float) -> None:
        self._moment = self._random.choice(MOMENTS)
        self._pause_s = self._random.expovariate(1 / self._mean_pause_s)
        self._next_s = now_s + IMPATIENCE_S


def _moment(event: Event) -> str:
    """What an event is a moment of."""
    match event.kind:
        case "state":
            return event.subject
        case "clock":
            return "locked"
        case "block":
            return str(event.figures.get("outcome"))
    return event.kind
