"""One thread that works on the store; what comes in meanwhile goes into the next transaction together.

A transaction costs a write to the disk, whatever is in it: with many requests at once they share it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar

from qkdctl.errors import RecordingError
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.store import KeyStore

T = TypeVar("T")
Work = Callable[[KeyStore, Connection], T]

MOST_AT_ONCE = 64


class _Job:
    """Work, and who waits for it."""

    __slots__ = ("answer", "error", "future", "work")

    def __init__(self, work: Work[Any], future: asyncio.Future[Any]) -> None:
        self.work = work
        self.future = future
        self.answer: Any = None
        self.error: Exception | None = None


class Writer:
    """The thread; it works while the context lasts.

    Parameters
    ----------
    open_store : callable
        Opens the store, in the thread.
    """

    def __init__(self, open_store: Callable[[], KeyStore]) -> None:
        self._open_store = open_store
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name="key store", daemon=True)

    async def __aenter__(self) -> Self:
        """Open the store.

        Raises
        ------
        RecordingError
            If it cannot be used.
        """
        self._thread.start()
        await self._opened
        return self

    async def do(self, work: Work[T]) -> T:
        """Have work done; when this returns it is on the disk.

        Parameters
        ----------
        work : callable
            ``work(store, connection)``, all or nothing: what it raises undoes what it did, and comes out here.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, future))
        return await future

    async def __aexit__(self, *_: object) -> None:
        """Finish what was begun and close the store."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            store = self._open_store()
        except Exception as error:
            self._loop.call_soon_threadsafe(self._opened.set_exception, error)
            return
        self._loop.call_soon_threadsafe(self._opened.set_result, None)
        with store:
            while (jobs := self._next()) is not None:
                self._work(store, jobs)
                self._loop.call_soon_threadsafe(_answer, jobs)

    def _next(self) -> list[_Job] | None:
        """Wait for a job, and take what waits behind it; None when it is over."""
        job = self._jobs.get()
        if job is None:
            return None
        jobs = [job]
        while len(jobs) < MOST_AT_ONCE:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            jobs.append(job)
        return jobs

    def _work(self, store: KeyStore, jobs: list[_Job]) -> None:
        try:
            with store.transaction() as connection:
                for job in jobs:
                    _do(store, connection, job)
        except RecordingError as error:
            # Nothing was done.
            for job in jobs:
                job.error = job.error or error


def _do(store: KeyStore, connection: Connection, job: _Job) -> None:
    connection.execute("SAVEPOINT job")
    try:
        job.answer = job.work(store, connection)
    except Exception as error:
        connection.execute("ROLLBACK TO job")
        job.error = error
    connection.execute("RELEASE job")


def _answer(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.answer)
