"""What was told during a session, kept for plots and for the report: thin enough for days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from postproc.types import Figure, Role
from qkdctl.keystore.pair import PARTIES
from qkdctl.narration import narrate
from qkdctl.node.identities import read_identities
from qkdctl.node.telemetry import Event

POINTS = 2000
"""Points of a series at most; of a longer one, only every second, fourth, eighth … is kept."""

LINES = 2000
"""Lines of the log, the latest."""


@dataclass
class Series:
    """Figures over time, evenly thinned: never more than `POINTS` of them.

    Attributes
    ----------
    t_s : list of float
    values : dict of str to list
        As long as `t_s`; None before a figure was first told, 0 where it was not told after: counts of nothing are not.
    """

    t_s: list[float] = field(default_factory=list)
    values: dict[str, list[Figure | None]] = field(default_factory=dict)
    _stride: int = 1
    _told: int = 0

    def add(self, t_s: float, figures: dict[str, Figure]) -> None:
        """Append a point, if it is its turn."""
        self._told += 1
        if (self._told - 1) % self._stride:
            return
        for name in figures.keys() - self.values.keys():
            self.values[name] = [None] * len(self.t_s)
        self.t_s.append(t_s)
        for name, column in self.values.items():
            column.append(figures.get(name, 0))
        if len(self.t_s) > POINTS:
            self._thin()

    def _thin(self) -> None:
        self._stride *= 2
        del self.t_s[1::2]
        for column in self.values.values():
            del column[1::2]

    def table(self) -> dict[str, list[Any]]:
        """Give it as JSON has it."""
        return {"t_s": [round(t_s, 3) for t_s in self.t_s], **self.values}


class History:
    """Takes both nodes' events.

    Parameters
    ----------
    clock : callable
        Seconds, from any origin.

    Attributes
    ----------
    started : datetime
    rates : dict of Role to Series
    instruments : dict of str to dict
        What stands behind each name such as ``bob.tagger``: its identity, and whether it is emulated.
    log : list of (float, str, str)
        Seconds since the start, party, sentence.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._start_s = clock()
        self._asked: set[Role] = set()
        self.started = datetime.now(UTC)
        self.rates: dict[Role, Series] = {role: Series() for role in PARTIES}
        self.instruments: dict[str, dict[str, str]] = {}
        self.log: list[tuple[float, str, str]] = []

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start_s

    def take(self, role: Role, event: Event) -> None:
        """Enter an event."""
        if event.kind == "rates":
            self.rates[role].add(self.elapsed_s, event.figures)
        elif event.kind == "instrument":
            self.instruments[f"{role}.{event.subject}"] = {k: str(v) for k, v in event.figures.items()}
        if line := narrate(event):
            self.log.append((round(self.elapsed_s, 3), role, line))
            del self.log[:-LINES]

    def ask(self, directories: dict[Role, Path]) -> None:
        """See which instruments the nodes have written down: what is told may be lost, and a report needs these."""
        for role, directory in directories.items():
            if role not in self._asked and (found := read_identities(directory)) is not None:
                self._asked.add(role)
                self.instruments |= {f"{role}.{name}": told for name, told in found.items()}

    def table(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        rates = {role: series.table() for role, series in self.rates.items()}
        return {"rates": rates, "log": [list(line) for line in self.log]}
