"""How a monitor finds the sessions of this machine: each leaves a small file while it runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from postproc.files import write_whole
from postproc.types import Role
from qkdctl.config.scenario import Scenario
from qkdctl.history import History
from qkdctl.keystore.pair import PARTIES
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
        Where the telemetry of the nodes on this machine can be listened to: of both, or of one.
    """

    pid: int
    name: str
    key_basis: str
    test_basis: str
    duration_s: float
    directories: dict[Role, str]

    @property
    def teller(self) -> Role:
        """Whose node is asked what both know, such as how blocks ended: Bob's, if it is here."""
        return "bob" if "bob" in self.directories else "alice"

    @property
    def key(self) -> str:
        """A name that no other session has had: that of the directory which was made for it."""
        directory = Path(self.directories[self.teller])
        return directory.parent.name if directory.name in PARTIES else directory.name


@contextmanager
def beacon(scenario: Scenario, duration_s: float) -> Iterator[Callable[[Mapping[Role, Path]], None]]:
    """Let monitors find a session until it is over.

    Yields
    ------
    callable
        Has to be told once where the nodes' telemetry can be listened to.
    """
    path = folder() / f"{os.getpid()}.json"
    bases = scenario.parameters.bases

    def show(directories: Mapping[Role, Path]) -> None:
        where: dict[Role, str] = {role: str(directory) for role, directory in directories.items()}
        found = Beacon(os.getpid(), scenario.name, bases.key, bases.test, duration_s, where)
        with suppress(OSError):  # a session does not end because nobody can look
            write_whole(path, json.dumps(asdict(found)), durable=False)

    try:
        yield show
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def lit(watch: Watch, scenario: Scenario, duration_s: float, history: History) -> Iterator[Watch]:
    """Let monitors find a session, from when its nodes have directories.

    Parameters
    ----------
    watch : callable
        Called as before with the nodes' directories.
    scenario : Scenario
    duration_s : float
    history : History
        Of the session; it asks the nodes for their instruments.
    """
    shown: dict[Role, Path] = {}
    with beacon(scenario, duration_s) as show:

        def found(directories: dict[Role, Path]) -> None:
            nonlocal shown
            history.ask(directories)
            if directories != shown:
                shown = dict(directories)
                show(shown)
            watch(directories)

        yield found


def sessions() -> dict[str, Beacon]:
    """Give the sessions that run, by a name that no other session has had."""
    found = {}
    for path in sorted(folder().glob("*.json")):
        try:
            told = Beacon(**json.loads(path.read_text()))
            key = told.key
            alive = Path(f"/proc/{told.pid}").exists()
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if alive:
            found[key] = told
        else:
            path.unlink(missing_ok=True)
    return found
