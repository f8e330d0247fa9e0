"""Noting who was refused, from wherever it is noticed, without letting a flood of refusals fill the disk."""

from __future__ import annotations

import asyncio
from functools import partial

from qkdctl.errors import RecordingError
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.limits import Bucket
from qkdctl.kme.writer import Writer

MOST_PER_S = 20.0


class Auditor:
    """Writes refusals into the audit log, a few a second; of the others it keeps the number.

    Parameters
    ----------
    writer : Writer
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._bucket = Bucket(MOST_PER_S)
        self._left_out = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def refused(self, why: str, **facts: object) -> None:
        """Note a refusal, soon."""
        if not self._bucket.spend(1):
            self._left_out += 1
            return
        if self._left_out:
            facts["refusals_left_out_before"] = self._left_out
            self._left_out = 0
        task = asyncio.get_running_loop().create_task(self._note("refused", {"why": why, **facts}))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def note(self, event: str, **facts: object) -> None:
        """Note something now."""
        await self._note(event, facts)

    async def finish(self) -> None:
        """Wait until all is written."""
        await asyncio.gather(*self._tasks)

    async def _note(self, event: str, facts: dict[str, object]) -> None:
        try:
            await self._writer.do(partial(_note, event=event, facts=facts))
        except RecordingError:
            # The store fails: whoever asks for keys is told so.
            return


def _note(store: KeyStore, connection: Connection, event: str, facts: dict[str, object]) -> None:
    store.audit.note(connection, event, **facts)
