"""What is chosen when a network is set up, and stays: when it began, and the ports of its nodes."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from postproc.files import write_whole
from qkdctl.errors import ConfigurationError
from qkdctl.network.layout import Layout
from qkdctl.network.tables import Topology
from qkdctl.ports import free_ports


class Chosen(msgspec.Struct):
    """What was chosen.

    Attributes
    ----------
    name : str
        The network's.
    began_at : float
        Seconds since 1970.
    ports : dict of str to int
        By node, by a node's streams, and by border and node.
    """

    name: str
    began_at: float
    ports: dict[str, int] = {}


def choose(topology: Topology, layout: Layout) -> Chosen:
    """Choose what has not been chosen, and write it down.

    Raises
    ------
    ConfigurationError
        If the directory is another network's.
    """
    try:
        chosen = msgspec.json.decode(layout.state.read_bytes(), type=Chosen)
    except FileNotFoundError:
        chosen = Chosen(topology.name, time.time())
    except msgspec.MsgspecError as error:
        raise ConfigurationError(f"{layout.state}: {error}") from None
    if chosen.name != topology.name:
        raise ConfigurationError(
            f"{layout.directory}: is the network {chosen.name!r}, expected {topology.name!r}; name another directory"
        )
    wanting = [name for name in _wanted(topology) if name not in chosen.ports]
    chosen.ports |= dict(zip(wanting, free_ports(len(wanting)), strict=True))
    chosen.ports |= {name: place.port for name, place in topology.nodes.items() if place.port}
    write_whole(layout.state, msgspec.json.encode(chosen))
    return chosen


def name_of(directory: Path) -> str:
    """Name the network in a directory; the directory's own name where that cannot be read."""
    try:
        return msgspec.json.decode(Layout(directory).state.read_bytes(), type=Chosen).name
    except (OSError, msgspec.MsgspecError):
        return directory.name


def border_port(border: str, node: str) -> str:
    """What the port is called at which one end of a border is reached."""
    return f"{border}/{node}"


def stream_port(node: str) -> str:
    """What the port is called at which a node serves key streams."""
    return f"streams:{node}"


def _wanted(topology: Topology) -> list[str]:
    nodes = topology.nodes.items()
    return [
        *(name for name, place in nodes if not place.port),
        *(stream_port(name) for name, place in nodes if place.saes),
        *(border_port(name, node) for name, border in topology.borders.items() for node in border.between),
    ]
