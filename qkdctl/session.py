"""An acquisition session of two nodes on this machine: start both, watch, collect."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Protocol

from postproc.timetags.types import Acquired
from postproc.types import Role
from qkdctl.carriers.zeromq import new_curve_pair
from qkdctl.config.scenario import Scenario
from qkdctl.errors import PeerLostError
from qkdctl.keystore.entry import Label
from qkdctl.keystore.pair import PARTIES, store_path
from qkdctl.node.failure import Failure, read_failure
from qkdctl.node.results import read_results
from qkdctl.node.spec import NodeSpec, PeerSpec, RecordSpec, write_spec
from qkdctl.programs import python
from qkdctl.run import Run

APPEAR_S = 300.0
"""A node may take so long to come up: on a machine that has much else to do, it is long."""

PAUSE_S = 0.05
LAST_WORDS = 300
"""Of the log of a node that did not come up, so many characters are told."""


class Line(Protocol):
    """What stands between two nodes instead of a cable: something that breaks it, for tests.

    Attributes
    ----------
    public : str or None
        The CURVE key, in Z85, with which it passes for the other node at both ends; None if it only carries bytes.
    """

    public: str | None

    def lead(self, endpoint: str, alice: str, bob: str) -> str:
        """Begin to carry, to Alice's node at `endpoint`; give the address for Bob's. Told both public keys."""
        ...


@dataclass
class Session:
    """What two nodes are to do.

    Attributes
    ----------
    scenario_files : dict of Role to Path
    stores : Path
        Directory of the key stores.
    duration_s : float
    label : str
        What the keys are good for.
    rack : dict
        Where the emulated rack hosts instruments, by full name such as ``bob.tagger``.
    recordings : dict of Role to Path
        Recordings to play instead of instruments.
    restarts : int
        How often a session that breaks may be followed by another.
    mixed : bool
        Real and emulated instruments may stand side by side.
    vouched : tuple of str
        Full names of instruments that cannot say whether they are real, and that a person says are.
    line : Line or None
        What stands between the nodes, for tests.
    calibrations : dict of Role to Path
        What each party was calibrated to.
    seed : int or None
    record, record_key : Path or None
        Where to record the session, a folder for each party, and the file of the secret that encrypts it.
    record_bytes : int or None
        Keep only so much of it, the latest.
    retune : str
        The command that either node runs when a block was refused.
    """

    scenario_files: dict[Role, Path]
    stores: Path
    duration_s: float
    label: Label
    rack: dict[str, str | dict[str, str]] = field(default_factory=dict)
    recordings: dict[Role, Path] = field(default_factory=dict)
    restarts: int = 0
    mixed: bool = False
    vouched: tuple[str, ...] = ()
    line: Line | None = None
    calibrations: dict[Role, Path] = field(default_factory=dict)
    seed: int | None = None
    record: Path | None = None
    record_key: Path | None = None
    record_bytes: int | None = None
    retune: str = ""

    def record_spec(self, role: Role) -> RecordSpec | None:
        """What of a party is recorded."""
        if self.record is None or self.record_key is None:
            return None
        return RecordSpec(str(self.record / role), str(self.record_key), self.record_bytes)


@dataclass
class Outcome:
    """What two nodes came to.

    Attributes
    ----------
    run : Run
    failures : dict of Role to Failure
        Why a node failed, where one did.
    """

    run: Run
    failures: dict[Role, Failure]


def run_session(
    session: Session,
    scenario: Scenario,
    *,
    watch: Callable[[dict[Role, Path]], None] = lambda directories: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Run both nodes to the end of the session.

    Parameters
    ----------
    session : Session
    scenario : Scenario
        Alice's.
    watch : callable, optional
        Called again and again with the nodes' directories, for a live view.
    stop : callable, optional
        Asked again and again whether to end early.

    Raises
    ------
    PeerLostError
        If Alice's node does not come up.
    ConfigurationError
        If the scenario makes a key of several passes.
    """
    scenario.check_live()
    with _directories() as directories:
        nodes: dict[Role, subprocess.Popen[bytes]] = {}
        try:
            for role, spec in _specs(session, scenario, directories, lambda: nodes["alice"].poll() is None):
                write_spec(spec)
                nodes[role] = _start(directories[role])
            _follow(nodes, session.restarts, directories, watch, stop)
        finally:
            _end(nodes)
        return _collect(scenario, directories)


@contextmanager
def _directories() -> Iterator[dict[Role, Path]]:
    """A private directory for each node; short, because socket names are."""
    with tempfile.TemporaryDirectory(prefix="qkdctl-") as root:
        directories: dict[Role, Path] = {role: Path(root) / role for role in PARTIES}
        for directory in directories.values():
            directory.mkdir(0o700)
        yield directories


def _specs(
    session: Session, scenario: Scenario, directories: dict[Role, Path], lives: Callable[[], bool]
) -> Iterator[tuple[Role, NodeSpec]]:
    """Alice's node listens on a port that the system chooses; Bob's is told which, once it is there."""
    pairs = {role: new_curve_pair() for role in PARTIES}
    public = {role: pairs[role][0] for role in PARTIES}
    for role in PARTIES:
        peer: Role = "bob" if role == "alice" else "alice"
        listen = role == "alice"
        endpoint = "tcp://127.0.0.1:*" if listen else _endpoint(directories["alice"], lives)
        known = public[peer]
        if session.line is not None:
            known = session.line.public or known
            endpoint = endpoint if listen else session.line.lead(endpoint, public["alice"], public["bob"])
        yield (
            role,
            NodeSpec(
                role=role,
                directory=str(directories[role]),
                scenario=str(session.scenario_files[role]),
                store=str(store_path(session.stores, role)),
                label=session.label,
                peer=PeerSpec(endpoint, listen, *pairs[role], known),
                duration_s=session.duration_s,
                rack=session.rack,
                recording=str(session.recordings[role]) if role in session.recordings else None,
                restarts=session.restarts,
                mixed=session.mixed,
                vouched=session.vouched,
                calibration=str(session.calibrations[role]) if role in session.calibrations else None,
                seed=session.seed,
                record=session.record_spec(role),
                layout=scenario.layout,
                retune=session.retune,
            ),
        )


def _endpoint(directory: Path, lives: Callable[[], bool]) -> str:
    deadline = monotonic() + APPEAR_S
    while monotonic() < deadline:
        try:
            return (directory / "endpoint").read_text()
        except FileNotFoundError:
            if not lives():
                raise PeerLostError(f"Alice's node ended as it began: {_last_words(directory)}") from None
            sleep(PAUSE_S)
    raise PeerLostError(
        f"Alice's node did not come up within {APPEAR_S:.0f} s; is this machine busy? {_last_words(directory)}".strip()
    )


def _last_words(directory: Path) -> str:
    """Why a node failed, or the end of its log: the directory goes with the session."""
    if failures := _failures(directory):
        return failures[0].reason
    return (directory / "supervisor.log").read_text(errors="replace").strip()[-LAST_WORDS:]


def _start(directory: Path) -> subprocess.Popen[bytes]:
    """Start a node in a process group of its own, so that Ctrl-C reaches us alone."""
    with (directory / "supervisor.log").open("ab") as log:
        command = python("qkdctl.node", str(directory))
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _follow(
    nodes: dict[Role, subprocess.Popen[bytes]],
    restarts: int,
    directories: dict[Role, Path],
    watch: Callable[[dict[Role, Path]], None],
    stop: Callable[[], bool],
) -> None:
    """Wait for both nodes to end; begin one anew that was killed, as an init system would."""
    asked = False
    while any(node.poll() is None for node in nodes.values()):
        watch(directories)
        for role, node in nodes.items():
            if (node.poll() or 0) < 0 and restarts > 0 and not asked:
                restarts -= 1
                nodes[role] = _start(directories[role])
        if stop() and not asked:
            asked = True
            for node in nodes.values():
                node.terminate()
        sleep(PAUSE_S)


def _end(nodes: dict[Role, subprocess.Popen[bytes]]) -> None:
    for node in nodes.values():
        node.terminate()
    for node in nodes.values():
        node.wait()


def _collect(scenario: Scenario, directories: dict[Role, Path]) -> Outcome:
    run = Run(scenario)
    failures: dict[Role, Failure] = {}
    for role, directory in directories.items():
        for result in read_results(directory):
            if isinstance(result, Acquired):
                run.stretches[role].add(result)
            else:
                run.add(role, result)
        if found := _failures(directory):
            failures[role] = found[0]
    return Outcome(run, failures)


def _failures(directory: Path) -> list[Failure]:
    found = [read_failure(directory, path.stem) for path in sorted(directory.glob("*.failed"))]
    return [failure for failure in found if failure is not None]
