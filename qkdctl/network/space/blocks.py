"""The blocks of key of one downlink, as the satellite and the station each keep them, until they are used.

Both ends of a modelled downlink draw a block's bits from a secret that they share; it stands for the light, the
post-processing and all. From then on they are key like any other: sealed in a store, cut once, gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from qkdctl.keystore.engine import Connection
from qkdctl.keystore.entry import Origin, key_id
from qkdctl.keystore.extents import Piece
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.serve import again_and_again
from qkdctl.kme.writer import Writer
from qkdctl.network.emulated import draw, has, keep, read_secret, session_of
from qkdctl.network.link_specs import BlockSpec
from qkdctl.network.space.pairing import Part

SWEEP_S = 30.0

ORIGIN = Origin("network", "modelled downlink", "modelled", ())


class DownlinkBlocks:
    """One end's blocks of a downlink.

    Parameters
    ----------
    seed : Path
        File with the common secret.
    blocks : tuple of BlockSpec

    Raises
    ------
    RecordingError
        If the secret cannot be read.
    """

    def __init__(self, seed: Path, blocks: tuple[BlockSpec, ...]) -> None:
        self._secret = read_secret(seed)
        self._session = session_of(b"downlink", self._secret)
        self._blocks = blocks

    def fetch(self, store: KeyStore, connection: Connection, now_s: float) -> None:
        """Store every block that is there by a moment of scenario time, once; work for the writer."""
        for number, block in enumerate(self._blocks):
            if block.ready_s > now_s:
                return
            if not has(connection, self._session, number):
                value = draw(self._secret, number, block.length_bytes)
                keep(store, connection, self._session, number, value, ORIGIN)
                store.supply.open_block(connection, key_id(self._session, number), ["emulated"])

    def take(self, store: KeyStore, connection: Connection, part: Part) -> bytes:
        """Cut a part of a block, which is gone then; work for the writer.

        Raises
        ------
        NotEnoughKey
            If it is not there.
        """
        name = key_id(self._session, part.block)
        return store.supply.extents.take(connection, Piece(name, part.start, part.stop))


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Writer]:
    """Work on a store of downlinks' blocks while the context lasts; epochs' keys go when nothing is left of theirs."""
    async with (
        Writer(partial(KeyStore, path, "node")) as writer,
        again_and_again(SWEEP_S, partial(writer.do, _shred)),
    ):
        yield writer


def _shred(store: KeyStore, connection: Connection) -> None:
    store.vault.shred(connection)
