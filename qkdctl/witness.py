"""Who listens to a session without being its screen: an ear of its own for each, so that none waits for another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from postproc.types import Role
from qkdctl.live import Live
from qkdctl.node.telemetry import Event

Hear = Callable[[Role, Event], None]
Watch = Callable[[dict[Role, Path]], None]


@contextmanager
def witnessed(watch: Watch, *hear: Hear) -> Iterator[Watch]:
    """Let others hear what a session tells.

    Parameters
    ----------
    watch : callable
        Called as before with the nodes' directories.
    hear : callables
        Given every event.
    """
    live = Live()

    def listen(directories: dict[Role, Path]) -> None:
        for role, event in live.hear(directories):
            for each in hear:
                each(role, event)
        watch(directories)

    try:
        yield listen
    finally:
        live.close()


def deaf(role: Role, event: Event) -> None:
    """Hear nothing."""
