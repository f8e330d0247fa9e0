"""What the processes of a session take from the machine, as Linux tells it in ``/proc``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from postproc.types import Role
from qkdctl.node.family import PROC, family, stat_fields

KIB = 1024
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Footprint(msgspec.Struct, frozen=True):
    """What one process takes.

    Attributes
    ----------
    pid : int
    memory_bytes : int
        Anonymous memory in RAM: what the process itself has written, without files and shared libraries.
    files, sockets : int
        Open file descriptors of either kind.
    threads : int
    cpu_s : float
        Processor time so far.
    """

    pid: int
    memory_bytes: int
    files: int
    sockets: int
    threads: int
    cpu_s: float


def footprints(directories: Mapping[Role, Path]) -> dict[str, Footprint]:
    """Look at this process and all that descend from it; those that end meanwhile are left out.

    Parameters
    ----------
    directories : mapping of Role to Path
        Of the nodes.

    Returns
    -------
    dict
        By the names that :func:`qkdctl.node.family.family` gives.
    """
    found: dict[str, Footprint] = {}
    for name, pid in family(directories).items():
        with suppress(OSError, ValueError, KeyError):
            found[name] = _look(pid)
    return found


def _look(pid: int) -> Footprint:
    path = PROC / str(pid)
    lines = (line.partition(":") for line in (path / "status").read_text().splitlines())
    status = {name: value.split() for name, _, value in lines}
    kinds = [_is_socket(each) for each in (path / "fd").iterdir()]
    fields = stat_fields(pid)
    return Footprint(
        pid=pid,
        memory_bytes=int(status["RssAnon"][0]) * KIB,
        files=kinds.count(False),
        sockets=kinds.count(True),
        threads=int(status["Threads"][0]),
        cpu_s=(int(fields[11]) + int(fields[12])) * TICK_S,
    )


def _is_socket(descriptor: Path) -> bool:
    try:
        return str(descriptor.readlink()).startswith("socket:")
    except OSError:
        return False
