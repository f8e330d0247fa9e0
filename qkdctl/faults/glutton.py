"""Fills the disk on which a session's key stores lie, and sees that keys are made again when there is room."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic

from postproc.types import Role
from qkdctl.faults.moments import Moments, moment_of
from qkdctl.node.telemetry import Event

PAGE = 4096
AT_ONCE = 64
"""Pages that are written at once, as long as so many fit."""

SPARED = 12
"""At most so many pages less are left over: what no longer fits is another thing each time."""

LONGEST_S = 8.0
"""No disk is full for longer."""


class Glutton:
    """Fills a disk at a random moment, makes room after a random while, waits for a key, and so on.

    Parameters
    ----------
    disk : Path
    seed : int
    mean_pause_s : float
        Between the moment that it waits for, and the filling.
    most : int
        So often, then no more.

    Attributes
    ----------
    fills : int
        How often so far.
    full : bool
        Whether the disk is full now.
    recovered : bool
        Whether a key was made since there was room again.
    """

    def __init__(self, disk: Path, seed: int, mean_pause_s: float, most: int) -> None:
        self._ballast = disk / "ballast"
        self._random = random.Random(seed)  # noqa: S311 - chooses faults, not keys
        self._moments = Moments(self._random, mean_pause_s)
        self._most = most
        self._until_s = 0.0
        self.fills = 0
        self.full, self.recovered = False, True

    @property
    def over(self) -> bool:
        """Whether it has been filled as often as it shall be, and keys are made again."""
        return self.fills >= self._most and self.recovered

    def hear(self, role: Role, event: Event) -> None:
        """Notice the moment, and keys."""
        if self.recovered:
            self._moments.hear(event)
        elif not self.full and moment_of(event) == "key":
            self.recovered = True
            self._moments.choose()

    def watch(self, directories: Mapping[Role, Path]) -> None:
        """Fill, or make room, if it is time."""
        if self.full and monotonic() >= self._until_s:
            self._make_room()
        elif self.recovered and self._moments.due and self.fills < self._most:
            self._fill()

    def close(self) -> None:
        """Make room for good."""
        self._most = self.fills
        self._make_room()

    def _make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)
        self.full = False

    def _fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as file:
            for piece in (PAGE * AT_ONCE, PAGE):
                with suppress(OSError):
                    while file.write(bytes(piece)) == piece:
                        pass
            file.truncate(max(file.tell() - PAGE * self._random.randrange(SPARED), 0))
        self.fills += 1
        self.full, self.recovered = True, False
        self._until_s = monotonic() + self._random.uniform(0.0, LONGEST_S)
