"""One place to ask how this machine's nodes are: each writes a small file every second while it runs."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from postproc.files import write_whole
from postproc.types import Role
from qkdctl.errors import ConfigurationError
from qkdctl.node.state import State

EVERY_S = 1.0
STALE_S = 15.0
"""A node that has not written for so long hangs."""


class Health(msgspec.Struct, frozen=True):
    """How a node is.

    Attributes
    ----------
    pid : int
        Of its supervisor.
    role : {"alice", "bob"}
    scenario : str
        Its file.
    state : str
        See :mod:`qkdctl.node.state`; "gone" where its process has ended without a word, "hangs" where it is silent.
    reason : str
        Why it paused or failed.
    since, told : str
        When it came into this state, when it last wrote; ISO 8601, UTC.
    sessions, restarts_left : int
        Begun so far, and how often another may follow.
    keys, secret_bits : int
        Of all sessions.
    processes : dict of str to int or None
        Exit code of each process; None while it runs.
    """

    pid: int
    role: Role
    scenario: str
    state: State | str
    reason: str
    since: str
    told: str
    sessions: int
    restarts_left: int
    keys: int
    secret_bits: int
    processes: dict[str, int | None]

    @property
    def well(self) -> bool:
        """Whether nobody has to look."""
        return self.state in ("preparing", "locking", "running", "ended")


def folder() -> Path:
    """Where the files lie: private to this user; ``QKDCTL_SESSIONS`` names another place.

    Raises
    ------
    ConfigurationError
        If others can write there: whoever made it before this user did could have files of his overwritten.
    """
    if given := os.environ.get("QKDCTL_SESSIONS"):
        path = Path(given).resolve()
    elif runtime := os.environ.get("XDG_RUNTIME_DIR"):
        path = Path(runtime) / "qkdctl"
    else:
        path = Path(tempfile.gettempdir()) / f"qkdctl-sessions-{os.getuid()}"
    with suppress(FileExistsError):
        path.mkdir(0o700, parents=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise ConfigurationError(
            f"{path}: expected a folder of this user, to which nobody else can write; remove it, or name "
            "another one in QKDCTL_SESSIONS"
        )
    return path


def now() -> str:
    """The time, as the files have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_health(health: Health) -> None:
    """Write a node's file; where that is impossible, such as on a full disk, the session goes on without."""
    with suppress(OSError):
        write_whole(_path(health.pid), msgspec.json.encode(health), durable=False)


def forget_health(pid: int) -> None:
    """Take a node's file away: it has ended, and whoever started it knows how."""
    _path(pid).unlink(missing_ok=True)


def ask_health() -> Iterator[Health]:
    """Give all nodes of this machine; one that is gone is told of once."""
    for path in sorted(folder().glob("*.health")):
        try:
            health = msgspec.json.decode(path.read_bytes(), type=Health)
        except (OSError, msgspec.MsgspecError, ValueError):
            continue
        if not runs(health.pid):
            path.unlink(missing_ok=True)
            yield msgspec.structs.replace(health, state="gone", reason="its process was ended from outside")
        elif _age_s(health.told) > STALE_S:
            yield msgspec.structs.replace(
                health, state="hangs", reason=f"it has told nothing since {health.told}"
            )
        else:
            yield health


def _path(pid: int) -> Path:
    return folder() / f"{pid}.health"


def runs(pid: int) -> bool:
    """Tell whether there is such a process, and it has not ended."""
    try:
        return "Z" not in (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def _age_s(time: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
