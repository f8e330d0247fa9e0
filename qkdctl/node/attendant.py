"""Looks after a node across its sessions: its state, its health, the computer's clock, and re-tuning."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

from postproc.blocks import SecretBlock
from postproc.types import Alarm
from qkdctl.node.clockwatch import ClockWatch
from qkdctl.node.health import EVERY_S, Health, forget_health, now, write_health
from qkdctl.node.observation import Relief
from qkdctl.node.retune import Retune
from qkdctl.node.spec import NodeSpec
from qkdctl.node.state import SessionState, State
from qkdctl.node.telemetry import Event


class Attendant:
    """One node's.

    Parameters
    ----------
    spec : NodeSpec

    Attributes
    ----------
    state : SessionState
    """

    def __init__(self, spec: NodeSpec) -> None:
        self._spec = spec
        self._clock = ClockWatch()
        self._retune = Retune(spec.retune, spec.role) if spec.retune else None
        self._since, self._shown = now(), ""
        self._sessions = self._keys = self._secret_bits = 0
        self._next_s = 0.0
        self.state = SessionState()

    def begin(self) -> None:
        """A session begins."""
        self._sessions += 1
        self.state.go("preparing")

    def hear(self, event: Event) -> None:
        """Follow what the node's processes tell."""
        self.state.hear(event)

    def take(self, result: Any) -> Iterator[Alarm]:
        """See a result of the node; give what is to be told."""
        if isinstance(result, SecretBlock):
            self._keys += 1
            self._secret_bits += result.secret_bits
        if self._retune is not None:
            yield from self._retune.take(result)

    def look(self, processes: Mapping[str, int | None]) -> Iterator[Alarm | Relief]:
        """Look after things, now and then; give what is to be told."""
        if monotonic() >= self._next_s:
            self._next_s = monotonic() + EVERY_S
            if (alarm := self._clock.look()) is not None:
                yield alarm
            self._tell(processes)
        if self._retune is not None:
            yield from self._retune.look()

    def end(self, state: State, reason: str) -> None:
        """A session has ended."""
        self.state.go(state, reason)
        self._tell({})

    def close(self) -> None:
        """The node ends."""
        if self._retune is not None:
            self._retune.close()
        forget_health(os.getpid())

    def _tell(self, processes: Mapping[str, int | None]) -> None:
        if self.state.now != self._shown:
            self._shown, self._since = self.state.now, now()
        write_health(
            Health(
                pid=os.getpid(),
                role=self._spec.role,
                scenario=self._spec.scenario,
                state=self.state.now,
                reason=self.state.reason,
                since=self._since,
                told=now(),
                sessions=self._sessions,
                restarts_left=max(self._spec.restarts - self._sessions + 1, 0),
                keys=self._keys,
                secret_bits=self._secret_bits,
                processes=dict(processes),
            )
        )
