"""Where a session stands: a state machine with few states, and no way between them but these.

::

    idle ─▶ preparing ─▶ locking ─▶ running ─▶ ended
                 │           │          │
                 └───────────┴──────────┴────▶ paused ─▶ preparing …
                 └───────────┴──────────┴────▶ failed(reason)
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from qkdctl.node.telemetry import Event

State = Literal["idle", "preparing", "locking", "running", "paused", "ended", "failed"]
STATES: Final[tuple[State, ...]] = get_args(State)

_BREAKS: Final[tuple[State, ...]] = ("paused", "ended", "failed")
NEXT: Final[dict[State, tuple[State, ...]]] = {
    "idle": ("preparing",),
    "preparing": ("locking", *_BREAKS),
    "locking": ("running", *_BREAKS),
    "running": _BREAKS,
    "paused": ("preparing", "ended", "failed"),
    "ended": (),
    "failed": (),
}


class SessionState:
    """The state of a node's session.

    Attributes
    ----------
    now : str
    reason : str
        Why it paused or failed; empty otherwise.
    """

    def __init__(self) -> None:
        self.now: State = "idle"
        self.reason = ""

    def go(self, state: State, reason: str = "") -> None:
        """Change the state.

        Raises
        ------
        ValueError
            If no way leads there.
        """
        if state not in NEXT[self.now]:
            raise ValueError(f"a session that is {self.now} cannot become {state}")
        self.now, self.reason = state, reason

    def hear(self, event: Event) -> None:
        """Follow what the node's processes tell; what comes late, or twice, changes nothing."""
        if self.now == "preparing" and (event.kind, event.subject) == ("state", "agreed"):
            self.go("locking")
        elif event.kind == "clock" and self.now in ("preparing", "locking"):
            if self.now == "preparing":
                self.go("locking")
            self.go("running")
