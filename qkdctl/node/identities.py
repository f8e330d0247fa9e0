"""Which instruments a node has opened, written down where whoever started the node finds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from postproc.files import write_whole

NAME = "instruments.json"

Identities = dict[str, dict[str, str]]


def write_identities(directory: Path, identities: Mapping[str, str], emulated: Mapping[str, str]) -> None:
    """Write each instrument's identity, and whether it is emulated: "yes", "no" or "unknown"."""
    told = {role: {"identity": identity, "emulated": emulated[role]} for role, identity in identities.items()}
    write_whole(directory / NAME, json.dumps(told), durable=False)


def read_identities(directory: Path) -> Identities | None:
    """Give what a node has written; None as long as it has not."""
    try:
        told: Identities = json.loads((directory / NAME).read_text())
    except FileNotFoundError:
        return None
    return told
