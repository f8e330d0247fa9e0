"""What two running nodes tell about themselves, put together: the model behind every live view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from postproc.types import Figure, Role
from qkdctl.carriers.zeromq import Listener, new_context
from qkdctl.keystore.pair import PARTIES
from qkdctl.node.supervisor import WATCH
from qkdctl.node.telemetry import Event, unpack

Figures = dict[str, Figure]
K = TypeVar("K", bound=Hashable)

LATEST = 64
"""Blocks and alarms that a view remembers: whoever watches for days must not grow."""


@dataclass
class NodeView:
    """What is known of one node.

    Attributes
    ----------
    state : str
        "starting", "preparing", "agreed", "recording", "locked", "recorded"; "paused" before another session,
        "ended" or "failed".
    rates, clock : dict
        The latest figures.
    sifted, tested, blocks : dict
        Figures by block, of the latest ones.
    store : dict
        How full the key store is.
    alarms : dict
        Raised and not relieved, by name and subject.
    broken : bool
        A session broke, and no other one records yet.
    secret_bits : int
        Gross key of all sessions so far.
    outcomes : Counter of str
        How many blocks ended so in all sessions so far.
    """

    state: str = "starting"
    rates: Figures = field(default_factory=dict)
    clock: Figures = field(default_factory=dict)
    sifted: dict[str, Figures] = field(default_factory=dict)
    tested: dict[str, Figures] = field(default_factory=dict)
    blocks: dict[str, Figures] = field(default_factory=dict)
    store: Figures = field(default_factory=dict)
    alarms: dict[tuple[str, str], Figures] = field(default_factory=dict)
    broken: bool = False
    secret_bits: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def take(self, event: Event) -> None:
        """Enter an event."""
        match event.kind:
            case "state":
                self._change_state(event.subject)
            case "rates":
                # Who listens late has missed what the node was about before.
                self.state = "recording" if self.state == "starting" else self.state
                self.rates = event.figures
            case "clock":
                self.state = "locked" if self.state in ("starting", "agreed", "recording") else self.state
                self.clock = event.figures
            case "store":
                self.store = event.figures
            case "sifted":
                _enter(self.sifted, event.subject, event.figures)
            case "tested":
                _enter(self.tested, event.subject, event.figures)
            case "block":
                _enter(self.blocks, event.subject, event.figures)
                self.outcomes[str(event.figures.get("outcome"))] += 1
                self.secret_bits += int(event.figures.get("secret_bits", 0))
            case "alarm":
                _enter(self.alarms, (str(event.figures.get("name", "")), event.subject), event.figures)
            case "relief":
                self.alarms.pop((str(event.figures.get("name", "")), event.subject), None)

    def _change_state(self, state: str) -> None:
        self.state = state
        self.broken = state == "paused" or (self.broken and state in ("preparing", "agreed"))
        if state == "agreed":
            # A new session counts its blocks from 1.
            for table in (self.clock, self.sifted, self.tested, self.blocks, self.alarms):
                table.clear()

    def test_qber(self, number: str) -> float | None:
        """Error rate of a block's test basis; a block that is refused for it only tells at its end."""
        for told in (self.tested.get(number, {}), self.blocks.get(number, {})):
            if "test_errors" in told and told.get("test_bits"):
                return float(told["test_errors"]) / float(told["test_bits"])
        return None

    @property
    def last_qber(self) -> tuple[str, float] | None:
        """The last block whose test basis was compared, and its error rate."""
        for number in sorted({*self.tested, *self.blocks}, key=int, reverse=True):
            if (qber := self.test_qber(number)) is not None:
                return number, qber
        return None

    @property
    def count_rate_hz(self) -> float:
        """All detectors together."""
        return sum(float(rate) for name, rate in self.rates.items() if name.endswith("_hz"))


def _enter(table: dict[K, Figures], name: K, figures: Figures) -> None:
    table[name] = figures
    while len(table) > LATEST:
        del table[next(iter(table))]


class Live:
    """Listens to both nodes.

    Attributes
    ----------
    nodes : dict of Role to NodeView
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._context = self._stack.enter_context(new_context())
        self._listeners: dict[Role, Listener] = {}
        self.nodes: dict[Role, NodeView] = {role: NodeView() for role in PARTIES}

    def hear(self, directories: dict[Role, Path]) -> Iterator[tuple[Role, Event]]:
        """Enter what the nodes have said since last time; give it."""
        for role, directory in directories.items():
            if role not in self._listeners:
                listener = Listener(self._context, f"ipc://{directory}/{WATCH}", bind=False)
                self._stack.callback(listener.close)
                self._listeners[role] = listener
            while (data := self._listeners[role].hear()) is not None:
                if (event := unpack(data)) is not None:
                    self.nodes[role].take(event)
                    yield role, event

    def close(self) -> None:
        """Stop listening."""
        self._stack.close()
