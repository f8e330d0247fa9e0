"""Sharing work out to threads: the kernels that do it let the interpreter go on meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def usable_cores() -> int:
    """Say how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def on_threads(tasks: Sequence[Callable[[], T]], workers: int) -> list[T]:
    """Do all tasks, on so many threads at most; give what they return, in their order."""
    workers = min(workers, len(tasks))
    if workers <= 1:
        return [task() for task in tasks]
    with ThreadPoolExecutor(workers, thread_name_prefix="reconcile") as pool:
        return list(pool.map(lambda task: task(), tasks))
