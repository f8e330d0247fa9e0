"""A ground station: what satellites brought, and the keys of links that come of their publications."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

from qkdctl.errors import NotEnoughKey
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.entry import Origin
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.writer import Writer
from qkdctl.network.clock import Clock
from qkdctl.network.emulated import has, keep, session_of
from qkdctl.network.link_specs import DownlinkSpec
from qkdctl.network.linkend import LinkEnd
from qkdctl.network.space.blocks import DownlinkBlocks
from qkdctl.network.space.pairing import Part
from qkdctl.network.space.publication import (
    Publication,
    PublicationRefused,
    file_of,
    published,
    read_publication,
)

log = logging.getLogger(__name__)

ORIGIN = Origin("network", "satellite", "modelled", ())


class GroundStation:
    """One satellite as seen from one station.

    Parameters
    ----------
    station : str
        The node's name.
    spec : DownlinkSpec
    writer : Writer
        Works on the store of what the satellite brought.
    ends : mapping of str to LinkEnd
        The links over it, which end here.
    clock : Clock
    """

    def __init__(
        self,
        station: str,
        spec: DownlinkSpec,
        writer: Writer,
        ends: Mapping[str, LinkEnd],
        clock: Clock,
    ) -> None:
        self._station = station
        self._satellite = spec.satellite
        self._blocks = DownlinkBlocks(Path(spec.seed), spec.blocks)
        self._clock = clock
        self._identity = MLDSA65PublicKey.from_public_bytes(spec.identity)
        self._published = Path(spec.published)
        self._writer = writer
        self._ends = ends
        self._seen: set[tuple[Path, int]] = set()

    async def work(self) -> None:
        """Store what came, and make keys of what was published."""
        await self._writer.do(partial(self._blocks.fetch, now_s=self._clock()))
        for path in published(self._published):
            version = (path, path.stat().st_mtime_ns)
            if version not in self._seen and await self._take(path):
                self._seen.add(version)

    async def _take(self, path: Path) -> bool:
        """Make a link's key of a publication; tell whether it is done with."""
        try:
            publication = read_publication(path)
            end = self._ends.get(publication.link)
            ours = publication.satellite == self._satellite and self._station in publication.stations
            if end is None or not ours or path != file_of(self._published, publication.number):
                return True
            publication.check(self._identity)
            return end.up and await self._make(publication, end)
        except PublicationRefused as refused:
            log.warning("%s", refused)
            return True

    async def _make(self, publication: Publication, end: LinkEnd) -> bool:
        """Store the key at the link, and only then drop the station's own bytes: a crash between loses nothing."""
        session = session_of(self._satellite.encode(), publication.link.encode())
        made = await end.writer.do(partial(_has, session=session, number=publication.number))
        if not made:
            try:
                key = await self._writer.do(partial(self._open, publication=publication))
            except NotEnoughKey:
                return False
            work = partial(keep, session=session, number=publication.number, value=key, origin=ORIGIN)
            await end.writer.do(work)
        with suppress(NotEnoughKey):
            await self._writer.do(partial(self._drop, publication=publication))
        return True

    def _part(self, publication: Publication) -> Part:
        return Part(*publication.parts[publication.stations.index(self._station)])

    def _open(self, store: KeyStore, connection: Connection, publication: Publication) -> bytes:
        """Work out the key; the station's own bytes stay until it is stored."""
        connection.execute("SAVEPOINT look")
        part = self._blocks.take(store, connection, self._part(publication))
        connection.execute("ROLLBACK TO look")
        return publication.key_for(self._station, part, self._identity)

    def _drop(self, store: KeyStore, connection: Connection, publication: Publication) -> None:
        """Cut what was used; whoever forged a publication of the same number has the bytes stay."""
        part = self._blocks.take(store, connection, self._part(publication))
        publication.key_for(self._station, part, self._identity)
        store.audit.note(connection, "used", number=publication.number, link=publication.link)


def _has(store: KeyStore, connection: Connection, session: bytes, number: int) -> bool:
    return has(connection, session, number)
