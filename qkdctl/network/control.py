"""What an operator does to a network: set it up, look at it, cut and heal, take it down.

All of it is done to this host's part, by files and signals: nothing of it can be asked for over the wire.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from postproc.types import Role
from qkdctl.errors import KmeError, UsageError
from qkdctl.network.layout import Layout
from qkdctl.network.parcel import pack as write_parcel
from qkdctl.network.parcel import unpack
from qkdctl.network.prepare import HERE, prepare
from qkdctl.network.space import onboard
from qkdctl.network.spec import SPEC_FILE, NodeSpec, read_spec
from qkdctl.network.state import LOG_FILE, NodeState, process_of, read_state, wait_until_gone
from qkdctl.network.tables import Topology
from qkdctl.node.health import runs
from qkdctl.programs import python

START_S = 60.0
STOP_S = 10.0
PARTIES: tuple[Role, ...] = ("alice", "bob")
HOST_LOG = "host.log"
SPEC_FILES = (SPEC_FILE, onboard.SPEC_FILE)


@dataclass(frozen=True)
class NodeStatus:
    """A node or a satellite, as its operator sees it.

    Attributes
    ----------
    name : str
    spec : NodeSpec or None
        None for a satellite.
    process : int or None
        Its number; None where it does not run here.
    state : NodeState or None
        What it said last.
    """

    name: str
    spec: NodeSpec | None
    process: int | None
    state: NodeState | None


def up(
    topology: Topology, directory: Path, base: Path, only: Collection[str] = (), host: str = "localhost"
) -> list[str]:
    """Set a network up and start those of its nodes that do not run; give their names.

    Parameters
    ----------
    topology : Topology
    directory : Path
        Where its files are to be.
    base : Path
        Recordings are named relative to this.
    only : collection of str
        The nodes to start; all of this host's, and the satellites, by default.
    host : str
        What this host is called in the topology.

    Raises
    ------
    ConfigurationError, RecordingError
        See :func:`~qkdctl.network.prepare.prepare`.
    KmeError
        If one does not start.
    """
    if strangers := set(only) - set(topology.nodes) - set(topology.satellites):
        raise UsageError(f"there is no node {sorted(strangers)[0]!r} in {topology.name}")
    prepare(topology, directory, base)
    return start(directory, list(only) or [*nodes_at(topology, host), *topology.satellites])


def nodes_at(topology: Topology, host: str) -> list[str]:
    """Name the nodes of a host.

    Raises
    ------
    UsageError
        If it has none.
    """
    names = [
        name
        for name, place in topology.nodes.items()
        if place.host == host or {place.host, host} <= set(HERE)
    ]
    if not names and not topology.satellites:
        hosts = ", ".join(sorted({place.host for place in topology.nodes.values()}))
        raise UsageError(f"no node of {topology.name} is at {host!r}, expected --host to be one of {hosts}")
    return names


def pack(topology: Topology, directory: Path, base: Path, host: str, parcel: Path) -> list[str]:
    """Set a network up, and write what another host needs of it into one file; give the names of its nodes.

    Raises
    ------
    UsageError, ConfigurationError, RecordingError
        See :func:`nodes_at`, :func:`~qkdctl.network.prepare.prepare` and :func:`~qkdctl.network.parcel.pack`.
    """
    names = nodes_at(topology, host)
    write_parcel(prepare(topology, directory, base), names, directory, parcel)
    return names


def join(parcel: Path, directory: Path) -> list[str]:
    """Start those of a parcel's nodes that do not run; give their names.

    Raises
    ------
    UsageError, RecordingError
        See :func:`~qkdctl.network.parcel.unpack`.
    KmeError
        If one does not start.
    """
    return start(directory, unpack(parcel, directory))


def start(directory: Path, names: Sequence[str]) -> list[str]:
    """Start those of the nodes that do not run, and wait until they serve; give their names."""
    layout = Layout(directory)
    names = [name for name in names if process_of(layout.node(name)) is None]
    if not names:
        return []
    began = time.time()
    command = python("qkdctl.network.host", str(directory), *names)
    with (directory / HOST_LOG).open("ab") as log:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            check=False,
        )
    if done.returncode:
        raise KmeError(f"the nodes do not start; see {directory / HOST_LOG}")
    for name, number in zip(names, done.stdout.split(), strict=True):
        _wait_for(layout.node(name), int(number), began)
    return names


def _wait_for(node: Path, number: int, began: float) -> None:
    until = time.monotonic() + START_S
    while (state := read_state(node)) is None or state.at < began:
        if not runs(number) or time.monotonic() > until:
            raise KmeError(f"node {node.name} does not start: {_last_line(node / LOG_FILE)}")
        time.sleep(0.05)


def _last_line(path: Path) -> str:
    with suppress(OSError, IndexError):
        return path.read_text(errors="replace").splitlines()[-1]
    return f"see {path}"


def status(directory: Path) -> list[NodeStatus]:
    """Look at all nodes of a network.

    Raises
    ------
    UsageError
        If there is no network in the directory.
    """
    layout = Layout(directory)
    homes = sorted(path.parent for name in SPEC_FILES for path in layout.nodes.glob(f"*/{name}"))
    if not homes:
        raise UsageError(f"{directory}: there is no network; qkdctl network up makes one")
    return [
        NodeStatus(
            home.name,
            read_spec(home) if (home / SPEC_FILE).exists() else None,
            process_of(home),
            read_state(home),
        )
        for home in homes
    ]


def cut(directory: Path, name: str) -> str:
    """Cut a link, or kill a node; say which.

    Raises
    ------
    UsageError
        If there is neither.
    """
    layout = Layout(directory)
    if layout.link(name).is_dir():
        for party in PARTIES:
            (layout.link(name) / f"{party}.cut").touch(0o600)
        return "link"
    if (number := process_of(_node(layout, name))) is not None:
        os.kill(number, signal.SIGKILL)
        wait_until_gone(layout.node(name), STOP_S)
    return "node"


def heal(directory: Path, name: str) -> str:
    """Make a link whole again, or start a node; say which.

    Raises
    ------
    UsageError
        If there is neither.
    """
    layout = Layout(directory)
    if layout.link(name).is_dir():
        for party in PARTIES:
            (layout.link(name) / f"{party}.cut").unlink(missing_ok=True)
        return "link"
    start(directory, [_node(layout, name).name])
    return "node"


def down(directory: Path) -> list[str]:
    """Stop all nodes that run here: politely first; give their names."""
    running = {one.name: one.process for one in status(directory) if one.process is not None}
    for number in running.values():
        _signal(number, signal.SIGTERM)
    until = time.monotonic() + STOP_S
    for name, number in running.items():
        if not wait_until_gone(Layout(directory).node(name), max(until - time.monotonic(), 0.1)):
            _signal(number, signal.SIGKILL)
            wait_until_gone(Layout(directory).node(name), STOP_S)
    return list(running)


def _node(layout: Layout, name: str) -> Path:
    home = layout.node(name)
    if not any((home / file).exists() for file in SPEC_FILES):
        raise UsageError(f"{layout.directory}: there is no link or node {name!r}")
    return home


def _signal(number: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(number, what)
