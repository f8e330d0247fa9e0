"""Who carries the tasks of a campaign out: this process, or workers of Dask on this machine or many.

Dask (https://distributed.dask.org) because it is what laboratories with a cluster have. Workers need the same
qkdctl and see the same folders under the same paths. A scheduler runs what it is sent, so that one elsewhere is spoken
to over TLS only; Dask's own configuration names the certificates (``distributed.comm.tls``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from qkdctl.campaign.task import Result, Task, carry_out
from qkdctl.errors import ConfigurationError, UsageError

LOCAL = "local"
NEAR = ("127.0.0.1", "localhost", "::1")
CONNECT_S = 10

Scheduler = Callable[[Sequence[Task]], Iterator[Result]]


def scheduler_named(name: str | None) -> Scheduler:
    """Give who carries tasks out; results come as they are done.

    Parameters
    ----------
    name : str or None
        None: this process, one after the other. "local": a process for each core. Otherwise the address of a
        Dask scheduler, ``tls://host:port`` or, on this machine, ``tcp://127.0.0.1:port``.

    Raises
    ------
    UsageError
        If it is no address, or one elsewhere without TLS.
    """
    if name is None:
        return in_turn
    if name == LOCAL:
        return lambda tasks: on_dask(
            {"processes": True, "threads_per_worker": 1, "dashboard_address": None}, tasks
        )
    parts = urlsplit(name)
    if parts.scheme not in ("tls", "tcp") or not parts.hostname:
        raise UsageError(f"--scheduler {name}: expected local, or an address like tls://host:8786")
    if parts.scheme == "tcp" and parts.hostname not in NEAR:
        raise UsageError(
            f"--scheduler {name}: a scheduler on another machine is spoken to over TLS only; give it certificates, "
            f"and name it as tls://{parts.netloc}"
        )
    return lambda tasks: on_dask({"address": name, "timeout": CONNECT_S}, tasks)


def in_turn(tasks: Sequence[Task]) -> Iterator[Result]:
    """Carry tasks out here, one after the other."""
    return map(carry_out, tasks)


def on_dask(client: dict[str, Any], tasks: Sequence[Task]) -> Iterator[Result]:
    """Carry tasks out on workers of Dask.

    Parameters
    ----------
    client : dict
        What `distributed.Client` takes.
    tasks : sequence of Task

    Raises
    ------
    ConfigurationError
        If Dask is not installed, or its scheduler does not answer.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise ConfigurationError("--scheduler needs Dask; install it: pip install 'qkdctl[dask]'") from None
    try:
        connected: Any = Client(**client)  # type: ignore[no-untyped-call] # Dask has no types
    except OSError as error:
        raise ConfigurationError(f"the scheduler {client.get('address')} does not answer: {error}") from None
    with connected:
        # Their names make repeated tasks the same to Dask; a campaign that is run again wants them done again.
        futures = connected.map(carry_out, tasks, pure=False)
        for done in as_completed(futures):  # type: ignore[no-untyped-call]
            yield done.result()
