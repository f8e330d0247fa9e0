"""A modelled link at work: Alice's end says when a block is there, and both ends make the same key of it.

It stands for a whole link, from the light on: how much key comes and when is what the finite-key model of the
link gives, worked out when the network was set up. The bits are drawn from a secret that both ends were given;
such keys are labelled ``emulated``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec

from qkdctl.keystore.engine import Connection
from qkdctl.keystore.entry import Origin
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.refusal import Refusal, bad
from qkdctl.network.clock import Clock
from qkdctl.network.emulated import draw, keep, read_secret, session_of
from qkdctl.network.link_specs import BlockSpec, ModelSpec
from qkdctl.network.linkend import LinkEnd

log = logging.getLogger(__name__)

ORIGIN = Origin("network", "modelled", "modelled", ())
MOST_AT_ONCE = 16


class Flash(msgspec.Struct, frozen=True):
    """Says that a block is there."""

    number: int
    length_bytes: int


class Light:
    """Makes the key of a modelled link at one of its ends.

    Parameters
    ----------
    end : LinkEnd
    model : ModelSpec
    clock : Clock

    Raises
    ------
    RecordingError
        If the common secret cannot be read.
    """

    def __init__(self, end: LinkEnd, model: ModelSpec, clock: Clock) -> None:
        self._end = end
        self._model = model
        self._clock = clock
        self._secret = read_secret(Path(model.seed))
        self._session = session_of(b"modelled link", self._secret)
        self._next: int | None = None

    async def shine(self) -> None:
        """Make all blocks that are due, if the other end is there. Alice's end alone does this."""
        if self._next is None:
            self._next = await self._end.writer.do(partial(_first_unmade, session=self._session))
            if self._model.block_s > 0:
                # While nobody was here there was no light; what a satellite has on board waits for us.
                self._skip()
        for _ in range(MOST_AT_ONCE):
            if not self._end.up or await self._end.free_bytes() >= self._model.most_stored_bytes:
                self._skip()
                return
            block = block_of(self._model, self._next)
            if block is None or block.ready_s > self._clock():
                return
            if block.length_bytes:
                await self._make_both(self._next, block.length_bytes)
            self._next += 1

    async def flashed(self, flash: Flash) -> bool:
        """Make the block that the other end says is there."""
        block = block_of(self._model, flash.number) if flash.number >= 0 else None
        if block is None or block.length_bytes != flash.length_bytes:
            raise bad("the other end's model of this link is another one")
        await self._make(flash.number, flash.length_bytes)
        return True

    def _skip(self) -> None:
        """Let what would have been made meanwhile be lost."""
        assert self._next is not None
        while (block := block_of(self._model, self._next)) is not None and block.ready_s <= self._clock():
            self._next += 1

    async def _make_both(self, number: int, length: int) -> None:
        try:
            await self._end.call("light", Flash(number, length), bool)
        except Refusal as refused:
            log.info("link %s: %s", self._end.name, refused.message)
            return
        await self._make(number, length)

    async def _make(self, number: int, length: int) -> None:
        value = draw(self._secret, number, length)
        await self._end.writer.do(
            partial(keep, session=self._session, number=number, value=value, origin=ORIGIN)
        )


def block_of(model: ModelSpec, number: int) -> BlockSpec | None:
    """When a block is there, and how long it is: 0 if a gap took it; None if there is none of that number."""
    if model.block_s <= 0:
        return model.blocks[number] if number < len(model.blocks) else None
    begins, ready = number * model.block_s, (number + 1) * model.block_s
    lost = any(begins < stop and start < ready for start, stop in model.gaps)
    return BlockSpec(ready, 0 if lost else model.block_bytes)


def blocks_between(model: ModelSpec, start_s: float, stop_s: float) -> Iterator[BlockSpec]:
    """The blocks that are ready in ``[start_s, stop_s)``."""
    number = max(int(start_s / model.block_s) - 1, 0) if model.block_s > 0 else 0
    while (block := block_of(model, number)) is not None and block.ready_s < stop_s:
        if block.ready_s >= start_s and block.length_bytes:
            yield block
        number += 1


def _first_unmade(store: KeyStore, connection: Connection, session: bytes) -> int:
    row = connection.execute("SELECT max(block) FROM key WHERE session = ?", (session,)).fetchone()
    return 0 if row[0] is None else int(row[0]) + 1
