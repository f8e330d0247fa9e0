"""Giving memory back to the system.

What a program frees, the C library keeps, as far as something behind it is still in use. Where that lies is chance, so
that a process that works on large arrays for days comes to hold more and more that nobody uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CDLL
from threading import Event, Thread

EVERY_S = 5.0


@contextmanager
def lean() -> Iterator[None]:
    """Give back every few seconds what this process has freed, while the context lasts."""
    give_back = getattr(CDLL(None), "malloc_trim", None)
    if give_back is None:
        yield  # only glibc keeps so much
        return
    over = Event()

    def work() -> None:
        while not over.wait(EVERY_S):
            give_back(0)

    thread = Thread(target=work, name="lean", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
