"""A process of a node does not outlive its supervisor, however that ends."""

from __future__ import annotations

import os
import signal
from multiprocessing import parent_process
from multiprocessing.connection import wait
from threading import Thread
from time import sleep

GRACE_S = 8.0
"""How long a process may take to make its instruments safe: one that does not answer takes 5 s."""


def end_with_parent() -> None:
    """Get SIGTERM when the process that started this one is gone."""
    parent = parent_process()
    assert parent is not None, "was not started by another process"
    Thread(target=_watch, args=(parent.sentinel,), name="lifetime", daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    sleep(GRACE_S)
    os._exit(1)
