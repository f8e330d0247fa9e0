"""Reading ``TOPOLOGY.toml``, and holding it against the models before anything is made of it."""

from __future__ import annotations

from pathlib import Path

from qkdctl.config.toml import read_toml, validate
from qkdctl.errors import ConfigurationError
from qkdctl.network.checks import mistakes_of
from qkdctl.network.tables import Topology


def load_topology(path: Path) -> Topology:
    """Read and validate a topology.

    Raises
    ------
    ConfigurationError
        Naming the file, the key, the value, and what is allowed: a line for each mistake.
    """
    topology: Topology = validate(path, Topology, read_toml(path, "topology"))
    if mistakes := list(mistakes_of(topology)):
        raise ConfigurationError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    return topology
