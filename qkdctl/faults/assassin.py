"""Kills processes of a session at random."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from postproc.types import Role
from qkdctl.faults.moments import Moments
from qkdctl.keystore.pair import PARTIES
from qkdctl.node.family import kill
from qkdctl.node.telemetry import Event

VICTIMS = ("acquire", "stages-0", "stages-1", "channel", "supervisor")


class Assassin:
    """Sends SIGKILL, which nobody can prepare for, to a random process of a random node, again and again.

    Parameters
    ----------
    seed : int
    mean_pause_s : float
        Between the moment that a kill waits for, and the kill.
    most : int
        So many, then no more.

    Attributes
    ----------
    kills : Counter of str
        By process.
    """

    def __init__(self, seed: int, mean_pause_s: float, most: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chooses faults, not keys
        self._moments = Moments(self._random, mean_pause_s)
        self._most = most
        self.kills: Counter[str] = Counter()

    @property
    def over(self) -> bool:
        """Whether all kills are done."""
        return self.kills.total() >= self._most

    def hear(self, role: Role, event: Event) -> None:
        """Notice the moment."""
        self._moments.hear(event)

    def watch(self, directories: Mapping[Role, Path]) -> None:
        """Kill, if it is time."""
        if self._moments.due and not self.over:
            name = f"{self._random.choice(PARTIES)}.{self._random.choice(VICTIMS)}"
            self.kills[name] += kill(directories, name)
            self._moments.choose()
