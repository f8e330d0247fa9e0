"""What a monitor knows of all sessions, put together from what their nodes tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

from postproc.types import Alarm, Figure, Role
from qkdctl.alarms import seen_from_outside, seen_in_blocks
from qkdctl.history import History, share
from qkdctl.keystore.pair import PARTIES
from qkdctl.live import Figures, Live, NodeView
from qkdctl.monitor.beacon import Beacon, sessions
from qkdctl.narration import STATES
from qkdctl.node.telemetry import Event

KEPT = 8
"""Sessions that are over and still shown."""

BLOCKS = 300
"""Blocks shown of a session, the latest."""

LINES = 60
"""Lines of the log shown of a session, the latest."""


class Session:
    """One session, while it runs and after.

    Parameters
    ----------
    beacon : Beacon
    clock : callable
        Seconds.
    """

    def __init__(self, beacon: Beacon, clock: Callable[[], float] = monotonic) -> None:
        self.beacon = beacon
        self._clock = clock
        self.history = History(clock, beacon.teller)
        self._live = Live()
        self.load: dict[Role, dict[str, Figures]] = {role: {} for role in PARTIES}
        self._heard_s = dict.fromkeys(beacon.directories, clock())
        self.over = False

    @property
    def nodes(self) -> dict[Role, NodeView]:
        """What is known of the nodes that are here."""
        return {role: view for role, view in self._live.nodes.items() if role in self.beacon.directories}

    @property
    def teller(self) -> NodeView:
        """The node that tells what both know."""
        return self._live.nodes[self.beacon.teller]

    @property
    def clock(self) -> Mapping[str, Figure]:
        """Offset and drift of Bob's clock as it is followed; until then as it was locked."""
        return self.history.clock_now or self.teller.clock

    def listen(self) -> None:
        """Enter what was told since last time."""
        directories: dict[Role, Path] = {role: Path(d) for role, d in self.beacon.directories.items()}
        self.history.ask(directories)  # they are told once, perhaps before anybody listened
        for role, event in self._live.hear(directories):
            self._take(role, event)

    def end(self) -> None:
        """Stop listening: the session is over."""
        self.listen()
        self.over = True
        self._live.close()

    def alarms(self) -> Iterator[dict[str, Any]]:
        """Give what is wrong now, the worst first."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for role, view in self.nodes.items():
            for (name, subject), figures in view.alarms.items():
                found[name, subject] = _told(name, subject, figures)
            if not self.over:
                for alarm in seen_from_outside(role, view, self._clock() - self._heard_s[role]):
                    found[alarm.name, alarm.subject] = _derived(alarm)
        if not self.over:
            for alarm in seen_in_blocks(self.teller):
                found[alarm.name, alarm.subject] = _derived(alarm)
        yield from sorted(
            found.values(), key=lambda alarm: ("error", "warning", "info").index(alarm["severity"])
        )

    def _take(self, role: Role, event: Event) -> None:
        self._heard_s[role] = self._clock()
        self.history.take(role, event)
        if event.kind == "load":
            self.load[role][event.subject] = event.figures

    def figures(self) -> dict[str, Any]:
        """Give everything that is shown of it."""
        return {
            "beacon": asdict(self.beacon),
            "over": self.over,
            "started": self.history.started.isoformat(timespec="seconds"),
            "elapsed_s": round(self.history.elapsed_s, 1),
            "teller": self.beacon.teller,
            "secret_bits": self.teller.secret_bits,
            "alarms": list(self.alarms()),
            "nodes": {role: _node(view, self.load[role], self.over) for role, view in self.nodes.items()},
            "rates": {role: series.table() for role, series in self.history.rates.items()},
            "blocks": _blocks(self.teller),
            "history": self.history.blocks.table(),
            "clock": {"now": self.clock, "history": self.history.clock.table()},
            "instruments": self.history.instruments,
            "log": self.history.log[-LINES:],
        }


class Board:
    """All sessions of this machine.

    Parameters
    ----------
    find : callable
        Gives the sessions that run; see :func:`qkdctl.monitor.beacon.sessions`.
    """

    def __init__(self, find: Callable[[], dict[str, Beacon]] = sessions) -> None:
        self._find = find
        self.sessions: dict[str, Session] = {}

    def look(self) -> None:
        """Find sessions that have begun or ended."""
        running = self._find()
        for key, session in self.sessions.items():
            if key not in running and not session.over:
                session.end()
        for key, beacon in running.items():
            if key not in self.sessions:
                self.sessions[key] = Session(beacon)
            self.sessions[key].beacon = beacon
        over = [key for key, session in self.sessions.items() if session.over]
        for key in over[:-KEPT]:
            del self.sessions[key]

    def listen(self) -> None:
        """Enter what all of them told since last time."""
        for session in self.sessions.values():
            if not session.over:
                session.listen()

    def figures(self) -> dict[str, Any]:
        """Give everything that is shown."""
        return {"sessions": {key: session.figures() for key, session in self.sessions.items()}}

    def close(self) -> None:
        """Stop listening to all."""
        for session in self.sessions.values():
            if not session.over:
                session.end()


def _told(name: str, subject: str, figures: dict[str, Figure]) -> dict[str, Any]:
    return {
        "name": name,
        "subject": subject,
        "severity": figures.get("severity", "info"),
        "what_to_do": figures.get("what_to_do", ""),
    }


def _derived(alarm: Alarm) -> dict[str, Any]:
    return {
        "name": alarm.name,
        "subject": alarm.subject,
        "severity": alarm.severity,
        "what_to_do": alarm.advice,
    }


def _node(view: NodeView, load: dict[str, Figures], over: bool) -> dict[str, Any]:
    state = STATES.get(view.state, view.state)
    return {
        "state": "the session is over" if over else state,
        "rates": view.rates,
        "store": view.store,
        "load": load,
    }


def _blocks(view: NodeView) -> list[dict[str, Any]]:
    numbers = sorted({*view.sifted, *view.tested, *view.blocks} - {"0"}, key=int)[-BLOCKS:]
    return [_block(number, view) for number in numbers]


def _block(number: str, view: NodeView) -> dict[str, Any]:
    sifted, ended = view.sifted.get(number, {}), view.blocks.get(number, {})
    return {
        "id": int(number),
        "sifted_bits": int(sifted.get("key_bits", 0)) + int(sifted.get("test_bits", 0)),
        "qber_test": view.test_qber(number),
        "qber_key": share(ended.get("key_errors"), ended.get("key_bits")),
        "outcome": ended.get("outcome", "in work"),
        "reason": ended.get("reason"),
        "secret_bits": int(ended.get("secret_bits", 0)) if ended.get("outcome") == "key" else 0,
    }
