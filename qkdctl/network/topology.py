"""Reading ``TOPOLOGY.toml``, and holding it against the models before anything is made of it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from qkdctl.config.complaints import complaints
from qkdctl.errors import ConfigurationError
from qkdctl.network.checks import mistakes_of
from qkdctl.network.tables import Topology

MAX_BYTES = 2**20


def load_topology(path: Path) -> Topology:
    """Read and validate a topology.

    Raises
    ------
    ConfigurationError
        Naming the file, the key, the value, and what is allowed: a line for each mistake.
    """
    adapter = TypeAdapter(Topology)
    try:
        topology = adapter.validate_json(json.dumps(_read(path), default=str), strict=True)
        mistakes = list(mistakes_of(topology))
    except ValidationError as error:
        mistakes = complaints(Topology, error)
    if mistakes:
        raise ConfigurationError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    return topology


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.loads(file.read(MAX_BYTES).decode())
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}") from None
