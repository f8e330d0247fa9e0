"""One end of a link at a node: its key store, and the way to the KME at the other end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import NamedTuple, TypeVar

from qkdctl.errors import NotAReceiver, UnknownKey
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.pair import store_path
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.supply import Collected
from qkdctl.kme.agreement import Agreement
from qkdctl.kme.config import KmeConfig, Limits, Peer
from qkdctl.kme.extensions import Options
from qkdctl.kme.link import KmeLink, new_key_ids
from qkdctl.kme.peer import PeerLink, PeerUnavailable
from qkdctl.kme.refusal import Refusal, unavailable
from qkdctl.kme.revocation import RevocationList
from qkdctl.kme.serve import again_and_again, sweep
from qkdctl.kme.words import Terms
from qkdctl.kme.writer import Writer
from qkdctl.network.envelope import HopKey
from qkdctl.network.link_specs import LinkSpec
from qkdctl.network.linkstate import Report
from qkdctl.network.promises import Promises
from qkdctl.network.spec import NodeSpec
from qkdctl.network.words import Answer, Word

T = TypeVar("T")

COLLECT_WITHIN_S = 60.0
MATCH_S, FIRST_MATCH_S = 2.0, 0.3
SWEEP_S = 30.0
SILENT_S = 4 * MATCH_S
FIRST_HOP_S, EACH_HOP_S = 4.0, 2.0
"""How long an answer may take: whoever is further up the route waits longer."""

CUT = "link {} is cut"


class LinkEnd:
    """A :class:`~qkdctl.network.ports.Hop`.

    Parameters
    ----------
    spec : LinkSpec
    config : KmeConfig
        As a KME of this one link would have it.
    writer : Writer
    peer : PeerLink
    agreement : Agreement

    Attributes
    ----------
    name, neighbour : str
    peer_kme : str
        The ID of the KME at the other end.
    promises : Promises
    link : KmeLink
        Cuts keys in agreement with the other end.
    agreement : Agreement
    writer : Writer
        Works on the link's store.
    known_there : dict of str to tuple
        The newest advert of each node that the other end has.
    """

    def __init__(
        self, spec: LinkSpec, config: KmeConfig, writer: Writer, peer: PeerLink, agreement: Agreement
    ) -> None:
        assert config.peer is not None
        self.spec = spec
        self.name, self.neighbour, self.peer_kme = spec.name, spec.neighbour, spec.peer_kme
        self.promises = Promises()
        self.writer = writer
        self.agreement = agreement
        self.link = KmeLink(config, writer, peer, agreement)
        self.known_there: dict[str, tuple[int, int]] = {}
        self._heard_at = float("-inf")
        self._peer = peer
        self._here, self._there = config.saes[0], config.peer.saes[0]
        self._cut = cut_mark(spec)

    @property
    def up(self) -> bool:
        """Whether nobody has cut it."""
        return not self._cut.exists()

    @property
    def answers(self) -> bool:
        """Whether the node at the other end was heard of a moment ago."""
        return monotonic() - self._heard_at < SILENT_S

    def heard(self) -> None:
        """The other end has just said something."""
        self._heard_at = monotonic()

    async def free_bytes(self) -> int:
        """See :class:`~qkdctl.network.ports.Hop`."""
        return await self.link.free_bytes()

    async def report(self) -> Report:
        """Say how it is."""
        if not (self.up and self.answers):
            return Report(self.name, False, 0)
        stock = await self.writer.do(_stock)
        return Report(self.name, True, max(stock.free_bytes - self.promises.total(), 0), stock.newest)

    async def draw(self, length: int, oldest: str) -> HopKey:
        """See :class:`~qkdctl.network.ports.Hop`."""
        self._check_up()
        terms = Terms(self._here, (self._there,), 8 * length, new_key_ids(1))
        drawn = await self.link.draw(terms, Options(oldest=oldest))
        return HopKey(drawn.grant.terms.key_ids[0], drawn.values[0], drawn.grant.label)

    async def collect(self, key_id: str) -> HopKey:
        """See :class:`~qkdctl.network.ports.Hop`."""
        self._check_up()
        work = partial(_collect, master=self._there, sae=self._here, key_id=key_id)
        try:
            found = await self.writer.do(work)
        except (UnknownKey, NotAReceiver):
            raise unavailable(f"link key {key_id[:40]} is not here") from None
        self.link.here.waiting[self._here] -= 1
        return HopKey(found.id, found.value, json.loads(found.made_of)["qkdctl_label"])

    async def ask(self, word: Word, hops_left: int) -> Answer:
        """See :class:`~qkdctl.network.ports.Hop`."""
        return await self.call("relay", word, Answer, FIRST_HOP_S + EACH_HOP_S * hops_left)

    async def call(self, path: str, message: object, kind: type[T], timeout_s: float = FIRST_HOP_S) -> T:
        """Say anything to the node at the other end.

        Raises
        ------
        Refusal
            If it does not answer.
        """
        self._check_up()
        try:
            answer = await self._peer.post(path, message, kind, timeout_s)
            self.heard()
        except PeerUnavailable as error:
            self._heard_at = float("-inf")
            raise unavailable(f"node {self.neighbour} does not answer: {error}") from None
        return answer

    def _check_up(self) -> None:
        if not self.up:
            raise unavailable(CUT.format(self.name))


class Stock(NamedTuple):
    """What is free in a link's store, and when the newest of it was made."""

    free_bytes: int
    newest: str


@asynccontextmanager
async def link_end(node: NodeSpec, spec: LinkSpec, revoked: RevocationList) -> AsyncIterator[LinkEnd]:
    """Open a link's end while the context lasts; nothing is said to a neighbour whose certificate is revoked.

    Raises
    ------
    RecordingError
        If its store cannot be used.
    """
    config = _config(node, spec)
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(
            Writer(partial(KeyStore, store_path(config.store, spec.party), spec.party))
        )
        assert config.peer is not None
        peer = PeerLink(config.peer, config.certificate, config.private_key, config.ca, revoked)
        stack.push_async_callback(peer.close)
        agreement = Agreement(writer, peer, node.labels)
        end = LinkEnd(spec, config, writer, peer, agreement)
        await stack.enter_async_context(
            again_and_again(SWEEP_S, partial(sweep, writer, end.link.here, config.limits))
        )
        if end.link.allots:
            await stack.enter_async_context(again_and_again(0.25, partial(_agree, end)))
        yield end


async def _agree(end: LinkEnd) -> None:
    """Match blocks with the other end again and again, while there is somebody."""
    try:
        while end.up:
            await end.agreement.ask()
            end.heard()
            # The first block is opened as soon as it is there.
            await asyncio.sleep(MATCH_S if await end.free_bytes() else FIRST_MATCH_S)
    except (PeerUnavailable, Refusal):
        end.agreement.doubt()


def _config(node: NodeSpec, spec: LinkSpec) -> KmeConfig:
    return KmeConfig(
        id=node.kme,
        party=spec.party,
        listen=node.listen,
        certificate=Path(node.certificate),
        private_key=Path(node.private_key),
        ca=Path(node.ca),
        saes=(f"relay:{node.name}",),
        store=Path(spec.store),
        peer=Peer(spec.peer_kme, f"{spec.peer_url}/links/{spec.name}", (f"relay:{spec.neighbour}",)),
        lab=node.lab,
        hybrid="off",
        limits=Limits(collect_within_s=COLLECT_WITHIN_S),
    )


def cut_mark(spec: LinkSpec) -> Path:
    """The file that is there while this end of a link is cut."""
    return Path(spec.store) / f"{spec.party}.cut"


def _collect(store: KeyStore, connection: Connection, master: str, sae: str, key_id: str) -> Collected:
    (found,) = store.supply.collect(connection, master, sae, [key_id])
    return found


def _stock(store: KeyStore, connection: Connection) -> Stock:
    row = connection.execute(
        "SELECT coalesce(sum(stop - start), 0) AS free, max(made_at) AS newest "
        "FROM extent JOIN key ON key.id = key_id"
    ).fetchone()
    return Stock(int(row["free"]), row["newest"] or "")
