"""What was told during a session, kept for plots and for the report: thin enough for days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

OPEN = 64
"""Blocks that have not ended, at most; the end of one may not have been heard."""

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

    def add(self, t_s: float, figures: Mapping[str, Figure | None]) -> None:
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


class Counts:
    """Bits and errors of the blocks at hand, and sums over all that have ended."""

    def __init__(self) -> None:
        self._blocks: dict[str, dict[str, Figure]] = {}
        self._sifted_bits = self._secret_bits = 0

    def take(self, event: Event) -> dict[str, Figure | None]:
        """Enter an event; where it ends a block, give its error rates and the sums."""
        if event.kind == "state" and event.subject == "agreed":
            self._blocks.clear()  # a new session counts from 1
        if event.kind not in ("sifted", "tested", "block"):
            return {}
        if event.kind == "sifted":
            self._sifted_bits += sum(int(event.figures.get(name, 0)) for name in ("key_bits", "test_bits"))
        told = self._blocks.setdefault(event.subject, {})
        told |= event.figures
        if len(self._blocks) > OPEN:
            del self._blocks[next(iter(self._blocks))]
        if event.kind != "block":
            return {}
        self._blocks.pop(event.subject, None)
        self._secret_bits += int(told.get("secret_bits", 0)) if told.get("outcome") == "key" else 0
        return {
            "qber_test": share(told.get("test_errors"), told.get("test_bits")),
            "qber_key": share(told.get("key_errors"), told.get("key_bits")),
            "sifted_bits": self._sifted_bits,
            "secret_bits": self._secret_bits,
        }


def share(part: Figure | None, whole: Figure | None) -> float | None:
    """Give the part of a whole; None where there is none."""
    return None if part is None or not whole else float(part) / float(whole)


class History:
    """Takes both nodes' events.

    Parameters
    ----------
    clock : callable
        Seconds, from any origin.
    teller : {"alice", "bob"}
        Whose node tells how blocks ended, which both know.

    Attributes
    ----------
    started : datetime
    rates : dict of Role to Series
    blocks : Series
        At the end of each block: error rates of both bases, and all bits so far, from whose differences rates follow.
    clock : Series
        Offset in ps and drift in ppb of Bob's clock, as it is followed.
    clock_now : dict
        The latest of them, unthinned; empty until there are any, and where the clock has to be locked anew.
    instruments : dict of str to dict
        What stands behind each name such as ``bob.tagger``: its identity, and whether it is emulated.
    log : list of (float, str, str)
        Seconds since the start, party, sentence.
    """

    def __init__(self, clock: Callable[[], float] = monotonic, teller: Role = "bob") -> None:
        self._clock, self._teller = clock, teller
        self._start_s = clock()
        self._asked: set[Role] = set()
        self.started = datetime.now(UTC)
        self.rates: dict[Role, Series] = {role: Series() for role in PARTIES}
        self.blocks = Series()
        self._counts = Counts()
        self.clock, self.clock_now = Series(), dict[str, float]()
        self._corrected: dict[str, float] = {}
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
        elif role == self._teller and (ended := self._counts.take(event)):
            self.blocks.add(self.elapsed_s, ended)
        elif event.kind == "clock" and event.subject == "followed":
            self._follow(event.figures)
        elif event.kind == "instrument":
            self.instruments[f"{role}.{event.subject}"] = {k: str(v) for k, v in event.figures.items()}
        elif event.kind == "block":
            self._correct(event.figures)
        if event.kind == "state" and event.subject == "agreed":
            self._corrected, self.clock_now = {}, {}
        if line := narrate(event):
            self.log.append((round(self.elapsed_s, 3), role, line))
            del self.log[:-LINES]

    def _follow(self, figures: Mapping[str, Figure]) -> None:
        self.clock_now = {
            name: float(figures[name]) + self._corrected.get(name, 0.0) for name in ("offset_ps", "drift_ppb")
        }
        self.clock.add(self.elapsed_s, self.clock_now)

    def _correct(self, figures: Mapping[str, Figure]) -> None:
        """Enter what Alice's end of a block says of Bob's clock: where pairs are made, she steers it from there on."""
        if "clock_correction_ps" in figures:
            self._corrected = {
                "offset_ps": float(figures["clock_correction_ps"]),
                "drift_ppb": float(figures["clock_correction_ppb"]),
            }

    def ask(self, directories: dict[Role, Path]) -> None:
        """See which instruments the nodes have written down: what is told may be lost, and a report needs these."""
        for role, directory in directories.items():
            if role not in self._asked and (found := read_identities(directory)) is not None:
                self._asked.add(role)
                self.instruments |= {f"{role}.{name}": told for name, told in found.items()}

    def table(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        rates = {role: series.table() for role, series in self.rates.items()}
        return {"rates": rates, "clock": self.clock.table(), "log": [list(line) for line in self.log]}
