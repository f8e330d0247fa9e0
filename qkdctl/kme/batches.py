"""Sending what came together together: a few messages on their way at a time, the next takes all that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")

MOST_AT_ONCE = 64


class Batches(Generic[A, B]):
    """A queue in front of a call that takes many.

    Parameters
    ----------
    send : callable
        ``await send(items)`` gives as many answers; one that is an exception is raised to who asked.
    linger_s : float, optional
        How long to wait for company, when there was more a moment ago.
    lanes : int, optional
        How many are on their way at most: with two, this end works on the one while the other end does on the other.
    """

    def __init__(
        self,
        send: Callable[[list[A]], Awaitable[Sequence[B | BaseException]]],
        linger_s: float = 0.0,
        lanes: int = 1,
    ) -> None:
        self._send = send
        self._linger_s = linger_s
        self._lanes = lanes
        self._share = 0
        self._going = 0
        self._busy = 0
        self._waiting: list[tuple[A, asyncio.Future[B]]] = []
        self._senders: set[asyncio.Task[None]] = set()

    async def ask(self, item: A) -> B:
        """Send an item with those that wait beside it; what sending them raises comes out here."""
        future: asyncio.Future[B] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._busy < self._lanes:
            self._busy += 1
            sender = asyncio.create_task(self._run())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._send_some()
        finally:
            # At once: whoever asks next needs a sender, and a finished task is called done only later.
            self._busy -= 1

    async def _send_some(self) -> None:
        if len(self._waiting) < self._share:
            await asyncio.sleep(self._linger_s)
        batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        if not batch:
            return
        self._going += len(batch)
        try:
            await self._deliver(batch)
        finally:
            self._going -= len(batch)
        # Whoever was served now and asks again, beside those who wait already and those on their way.
        self._share = -(-(len(batch) + len(self._waiting) + self._going) // self._lanes)

    async def _deliver(self, batch: list[tuple[A, asyncio.Future[B]]]) -> None:
        futures = [future for _, future in batch if not future.done()]
        try:
            answers = await self._send([item for item, future in batch if not future.done()])
        except Exception as error:
            for future in futures:
                if not future.done():
                    future.set_exception(error)
            return
        for future, answer in zip(futures, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
