"""The satellite: key on board, and publications when both stations of a link have theirs."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec

from postproc.files import PRIVATE, write_whole
from qkdctl.errors import ConfigurationError, NotEnoughKey
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.serve import again_and_again
from qkdctl.kme.writer import Writer
from qkdctl.network.cards import Signer
from qkdctl.network.clock import Clock, scenario_clock
from qkdctl.network.link_specs import BlockSpec
from qkdctl.network.space.blocks import DownlinkBlocks, opened
from qkdctl.network.space.pairing import Pairing
from qkdctl.network.space.publication import Publication, file_of, publish, write_publication
from qkdctl.network.spec import ClockSpec
from qkdctl.network.state import NodeState, write_state

log = logging.getLogger(__name__)

SPEC_FILE = "satellite.json"
STORE = "onboard.sqlite"
LOOK_S = 0.5
SHOW_S = 1.0


class SatelliteSpec(msgspec.Struct, frozen=True):
    """What a satellite is told.

    Attributes
    ----------
    name : str
    directory : str
        Its own.
    published : str
        Where its publications go, for everybody.
    identity : str
        File with its signing key.
    seeds : dict of str to str
        The secret of each station's downlink.
    blocks : dict of str to tuple of BlockSpec
        Of each station.
    pairings : tuple of Pairing
    clock : ClockSpec
    """

    name: str
    directory: str
    published: str
    identity: str
    seeds: dict[str, str]
    blocks: dict[str, tuple[BlockSpec, ...]]
    pairings: tuple[Pairing, ...]
    clock: ClockSpec


class OnBoard:
    """What runs on board.

    Parameters
    ----------
    spec : SatelliteSpec
    writer : Writer
        Works on the store on board.
    clock : Clock
    """

    def __init__(self, spec: SatelliteSpec, writer: Writer, clock: Clock) -> None:
        self._spec = spec
        self._writer = writer
        self._clock = clock
        self._published = Path(spec.published)
        self._signer = Signer(Path(spec.identity))
        self._downlinks: Mapping[str, DownlinkBlocks] = {
            station: DownlinkBlocks(Path(spec.seeds[station]), blocks)
            for station, blocks in spec.blocks.items()
        }
        self._next = 0

    async def work(self) -> None:
        """Store what came, and publish what is due."""
        # One moment for both: a block that comes between is published in the next round, and not passed over.
        now_s = self._clock()
        for downlink in self._downlinks.values():
            await self._writer.do(partial(downlink.fetch, now_s=now_s))
        while self._next < len(self._spec.pairings):
            pairing = self._spec.pairings[self._next]
            if pairing.at_s > now_s:
                return
            await self._publish(pairing)
            self._next += 1

    async def show(self) -> None:
        """Write down how the satellite is."""
        stored = await self._writer.do(_stored_bytes)
        state = NodeState(
            name=self._spec.name,
            domain="",
            at=time.time(),
            scenario_s=self._clock(),
            url="",
            saes=(),
            links=(),
            keys={"published": self._next, "stored_bytes": stored},
        )
        write_state(Path(self._spec.directory), state)

    async def _publish(self, pairing: Pairing) -> None:
        """Write the draft before the key is gone, and let it count after: a crash between repeats nothing."""
        place = file_of(self._published, pairing.number)
        draft = place.with_suffix(".draft")
        if place.exists():
            return
        try:
            await self._writer.do(partial(self._cut, pairing=pairing))
        except NotEnoughKey:
            # Cut before a crash: then the draft is whole, and only its name is missing.
            if not draft.exists():
                log.warning("publication %d cannot be made: its key is gone", pairing.number)
                return
        draft.replace(place)

    def _cut(self, store: KeyStore, connection: Connection, pairing: Pairing) -> None:
        first, second = (
            self._downlinks[station].take(store, connection, part)
            for station, part in zip(pairing.stations, pairing.parts, strict=True)
        )
        publication = Publication(
            satellite=self._spec.name,
            number=pairing.number,
            link=pairing.link,
            stations=pairing.stations,
            parts=tuple((part.block, part.start, part.stop) for part in pairing.parts),  # type: ignore[arg-type]
            value=b"",
        )
        write_publication(self._published, publish(publication, (first, second), self._signer))
        store.audit.note(connection, "published", number=pairing.number, link=pairing.link)


@asynccontextmanager
async def running(spec: SatelliteSpec, clock: Clock | None = None) -> AsyncIterator[OnBoard]:
    """Fly while the context lasts."""
    clock = clock or scenario_clock(spec.clock)
    async with AsyncExitStack() as stack:
        Path(spec.published).mkdir(parents=True, exist_ok=True)
        writer = await stack.enter_async_context(opened(Path(spec.directory) / STORE))
        board = OnBoard(spec, writer, clock)
        await stack.enter_async_context(again_and_again(LOOK_S, board.work))
        await stack.enter_async_context(again_and_again(SHOW_S, board.show))
        yield board


def _stored_bytes(store: KeyStore, connection: Connection) -> int:
    return store.supply.extents.free_bytes(connection)


def write_satellite(spec: SatelliteSpec) -> None:
    """Write what a satellite is told, for its owner only."""
    told = msgspec.json.format(msgspec.json.encode(spec))
    write_whole(Path(spec.directory) / SPEC_FILE, told, mode=PRIVATE)


def read_satellite(directory: Path) -> SatelliteSpec:
    """Read what a satellite is told.

    Raises
    ------
    ConfigurationError
        If it is not that.
    """
    try:
        return msgspec.json.decode((directory / SPEC_FILE).read_bytes(), type=SatelliteSpec)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"{directory / SPEC_FILE}: {error}") from None
