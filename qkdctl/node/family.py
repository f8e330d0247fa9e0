"""Which processes belong to a session, and how to signal just those."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from postproc.types import Role

PROC = Path("/proc")

HERE = "command"
"""The process that asks: it hosts the emulated rack, and watches."""


def family(directories: Mapping[Role, Path]) -> dict[str, int]:
    """Give this process and all that descend from it, by name.

    Parameters
    ----------
    directories : mapping of Role to Path
        Of the nodes: their processes are called ``alice.stages-0`` and so on, helpers after those who started them.
    """
    known = {os.getpid(): HERE} | _named(directories)
    found: dict[str, int] = {}
    helpers: Counter[str] = Counter()
    for pid, parent in _descendants(os.getpid()):
        if pid not in known:
            owner = known.get(parent, HERE)
            helpers[owner] += 1
            known[pid] = f"{owner}+{helpers[owner]}"
        found[known[pid]] = pid
    return found


def kill(directories: Mapping[Role, Path], name: str, number: int = signal.SIGKILL) -> bool:
    """Send a signal to a process of a session; say whether it was there.

    A file may name a process that is gone and whose number somebody else has by now: only our own are hit.
    """
    pid = family(directories).get(name)
    if pid is None:
        return False
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        # The handle stays with the process that it was opened for: if it is ours now, it is ours below.
        if family(directories).get(name) != pid:
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def stat_fields(pid: int) -> list[str]:
    """Give the fields of a process's ``stat`` from the state on: the name before it may hold anything."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def write_number(directory: Path, name: str, pid: int) -> None:
    """Write down, in a node's directory, which of its processes has a number."""
    (directory / f"{name}.pid").write_text(f"{pid}\n")


def _named(directories: Mapping[Role, Path]) -> dict[int, str]:
    names = {}
    for role, directory in directories.items():
        for path in directory.glob("*.pid"):
            with suppress(OSError, ValueError):
                names[int(path.read_text())] = f"{role}.{path.stem}"
    return names


def _descendants(pid: int) -> Iterator[tuple[int, int]]:
    """Give a process and its descendants, each with its parent."""
    children: dict[int, list[int]] = {}
    for path in PROC.iterdir():
        if path.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                children.setdefault(int(stat_fields(int(path.name))[1]), []).append(int(path.name))
    waiting = [(pid, 0)]
    while waiting:
        one, parent = waiting.pop()
        yield one, parent
        waiting += [(child, one) for child in sorted(children.get(one, []), reverse=True)]
