"""How a monitor finds the sessions of this machine: each leaves a small file while it runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from postproc.types import Role
from qkdctl.config.scenario import Scenario
from qkdctl.history import History
from qkdctl.node.health import folder
from qkdctl.witness import Watch


@dataclass(frozen=True)
class Beacon:
    """A running session.

    Attributes
    ----------
    pid : int
        Of the command.
    name : str
        Of the scenario.
    key_basis, test_basis : str
    duration_s : float
        How long it is to record.
    directories : dict of Role to str
        Where the nodes' telemetry can be listened to.
    instruments : dict of str to dict
        Identities as far as they are known: they are told once, perhaps before a monitor listened.
    """

    pid: int
    name: str
    key_basis: str
    test_basis: str
    duration_s: float
    directories: dict[Role, str]
    instruments: dict[str, dict[str, str]] = field(default_factory=dict)


@contextmanager
def lit(watch: Watch, scenario: Scenario, duration_s: float, history: History) -> Iterator[Watch]:
    """Let monitors find a session, from when its nodes have directories until it is over.

    Parameters
    ----------
    watch : callable
        Called as before with the nodes' directories.
    scenario : Scenario
    duration_s : float
    history : History
        Of the session; instruments are taken from it.
    """
    path = folder() / f"{os.getpid()}.json"
    bases = scenario.parameters.bases
    beacon = Beacon(os.getpid(), scenario.name, bases.key, bases.test, duration_s, {})

    def found(directories: dict[Role, Path]) -> None:
        nonlocal beacon
        history.ask(directories)
        where: dict[Role, str] = {role: str(directory) for role, directory in directories.items()}
        now = replace(beacon, directories=where, instruments=dict(history.instruments))
        if now != beacon:
            beacon = now
            draft = path.with_suffix(".part")
            draft.write_text(json.dumps(asdict(beacon)))
            draft.replace(path)
        watch(directories)

    try:
        yield found
    finally:
        path.unlink(missing_ok=True)


def sessions() -> dict[str, Beacon]:
    """Give the sessions that run, by a name that no other session has had."""
    found = {}
    for path in sorted(folder().glob("*.json")):
        try:
            beacon = Beacon(**json.loads(path.read_text()))
            key = Path(beacon.directories["alice"]).parent.name
            alive = Path(f"/proc/{beacon.pid}").exists()
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if alive:
            found[key] = beacon
        else:
            path.unlink(missing_ok=True)
    return found
