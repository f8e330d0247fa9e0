"""Running a node: its links, its part in relays, its key server, until told to stop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

from qkdctl.keystore.store import KeyStore
from qkdctl.kme.allotment import Local
from qkdctl.kme.auditor import Auditor
from qkdctl.kme.config import KmeConfig, Limits
from qkdctl.kme.desk import Desk
from qkdctl.kme.door import Door
from qkdctl.kme.hybrid import KemKeys
from qkdctl.kme.key_calls import KeyCalls
from qkdctl.kme.limits import Allowances
from qkdctl.kme.refusal import Refusal
from qkdctl.kme.revocation import RevocationList
from qkdctl.kme.serve import again_and_again, listening, sweep
from qkdctl.kme.service import Service
from qkdctl.kme.writer import Writer
from qkdctl.network.border import Border
from qkdctl.network.border_calls import BorderCalls, BorderClient
from qkdctl.network.calls import LinkCalls, News
from qkdctl.network.cards import Signer
from qkdctl.network.carrier import Carrier
from qkdctl.network.clock import Clock, scenario_clock
from qkdctl.network.demands import Demands
from qkdctl.network.inland import Domain
from qkdctl.network.light import Light
from qkdctl.network.linkend import LinkEnd, link_end
from qkdctl.network.linkstate import Advert, LinkStates, usable
from qkdctl.network.post import Post
from qkdctl.network.quota import Quotas, spent_today
from qkdctl.network.receiver import Onward, Receiver
from qkdctl.network.relay import Relay
from qkdctl.network.sessions import Sessions
from qkdctl.network.space.blocks import opened
from qkdctl.network.space.station import GroundStation
from qkdctl.network.spec import BorderSpec, NodeSpec
from qkdctl.network.state import LinkState, NodeState, write_state
from qkdctl.network.stream_service import streaming
from qkdctl.network.supply import NetworkSupply

log = logging.getLogger(__name__)

SHINE_S = 0.5
GATHER_S = 0.3
"""How long news wait for company."""

SWEEP_S = 30.0
REVOKED_S = 1.0
SHOW_S = 1.0
STORE = "node.sqlite"


class Node:
    """What runs at a node.

    Parameters
    ----------
    spec : NodeSpec
    ends : iterable of LinkEnd
    kem : KemKeys
    clock : Clock

    Attributes
    ----------
    spec : NodeSpec
    ends : dict of str to LinkEnd
        By link.
    states : LinkStates
    borders : dict of str to Border
        Those that are here, by the domain beyond.
    """

    def __init__(self, spec: NodeSpec, ends: Iterable[LinkEnd], kem: KemKeys, clock: Clock) -> None:
        self.spec = spec
        self._clock = clock
        self.borders: dict[str, Border] = {}
        self.ends = {end.name: end for end in ends}
        self._turned = asyncio.Event()
        self.states = LinkStates({card.name: card.ends for card in spec.map}, self._turned.set)
        self._card = Signer(Path(spec.identity)).card(spec.name, kem.public)
        self._usable: set[str] = set()
        self._began = time.time_ns()
        self._number = count()

    async def advertise(self) -> None:
        """Put the newest state of this node's links beside those of the others."""
        reports = tuple([await end.report() for end in self.ends.values()])
        number = (self._began, next(self._number))
        self._usable = usable(reports)
        self.states.take([Advert(self.spec.name, number, reports, self._card)])

    async def gossip(self) -> None:
        """Tell neighbours what is new, and hear what is; return when that is to be done again.

        Of each two neighbours one calls, every so often. When a link has turned both do, as soon as there is
        something that the other one lacks: a node that is gone, or is back, is known everywhere a moment later.
        """
        await self.advertise()
        turned = self._turned.is_set()
        self._turned.clear()
        ends = [end for end in self.ends.values() if end.up and (end.link.allots or turned)]
        await asyncio.gather(*(self._exchange(end) for end in ends if end.link.allots or self._news_for(end)))
        with suppress(TimeoutError):
            async with asyncio.timeout(self.spec.gossip_s):
                await self._turned.wait()

    def _news_for(self, end: LinkEnd) -> bool:
        return bool(self.states.newer_than(end.known_there))

    async def show(self, supply: NetworkSupply, carrier: Carrier, waiting: Counter[str]) -> None:
        """Write down how this node is."""
        links = []
        reports = {name: await end.report() for name, end in self.ends.items()}
        if usable(reports.values()) != self._usable:
            self._turned.set()
        for end in self.ends.values():
            report = reports[end.name]
            answers = report.up and self.states.view(end.name) is not None
            spec = end.spec
            links.append(
                LinkState(end.name, spec.kind, end.neighbour, answers, report.free_bytes, report.newest)
            )
        state = NodeState(
            name=self.spec.name,
            domain=self.spec.domain,
            at=time.time(),
            scenario_s=self._clock(),
            url=f"https://{self.spec.listen}",
            saes=self.spec.saes,
            links=tuple(links),
            keys={**supply.count, "waiting": waiting.total()},
            routes=dict(carrier.routes),
            streams=self.spec.streams,
        )
        write_state(self.spec.path, state)

    async def _exchange(self, end: LinkEnd) -> None:
        known = end.known_there
        try:
            heard = await end.call("states", News(self.states.numbers(), self.states.newer_than(known)), News)
        except Refusal as refused:
            log.info("link %s: %s", end.name, refused.message)
            return
        end.known_there = heard.numbers
        self.states.take(heard.adverts)


@asynccontextmanager
async def running(spec: NodeSpec, clock: Clock | None = None) -> AsyncIterator[tuple[Node, int]]:
    """Run a node while the context lasts; give it, and the port that it listens at.

    Raises
    ------
    RecordingError
        If stores or certificates cannot be used.
    KmeError
        If it cannot listen.
    """
    clock = clock or scenario_clock(spec.clock)
    async with AsyncExitStack() as stack:
        writer = Writer(partial(KeyStore, spec.path / STORE, "node"))
        await writer.start()
        stack.push_async_callback(writer.stop)
        config = _config(spec)
        revoked = RevocationList(config.revoked, config.ca)
        auditor = Auditor(writer)
        stack.push_async_callback(auditor.finish)
        ends = [await stack.enter_async_context(link_end(spec, link)) for link in spec.links]
        kem = KemKeys()
        node = Node(spec, ends, kem, clock)
        here = _local(config)
        links = {card.name: card for card in spec.map}
        domains: dict[str, Onward] = {}
        receiver = Receiver(writer, here, kem, Demands(spec), spec.labels, links, domains)
        relay = Relay(spec.name, node.ends, receiver)
        carrier = Carrier(spec, relay, node.states, domains)
        stack.push_async_callback(carrier.finish)
        quotas = Quotas(spec.customers, await writer.do(partial(spent_today, saes=spec.saes)))
        supply = NetworkSupply(spec, writer, here, carrier, quotas)
        for at_border in (border for border in spec.borders if border.node == spec.name):
            domain = Domain(spec, writer, here, carrier)
            border = await stack.enter_async_context(open_border(config, at_border, domain, auditor))
            domains[at_border.domain] = node.borders[at_border.domain] = border
        desk = Desk(Door(spec.saes, [end.peer_kme for end in ends], revoked), auditor)
        app, allowances = desk.application(), Allowances(config)
        KeyCalls(Service(config, writer, supply, allowances), desk).add_to(app)
        post = Post(spec.name, node.ends, carrier.planner.ways)
        await stack.enter_async_context(
            streaming(spec, config, writer, supply, post, allowances, desk.door, auditor)
        )
        for end in ends:
            light = Light(end, end.spec.model, clock) if end.spec.model else None
            LinkCalls(end, light, relay, post, node.states, desk).add_to(app)
            if light and end.link.allots:
                await stack.enter_async_context(again_and_again(SHINE_S, light.shine))
        for end in ends:
            if end.spec.session:
                await stack.enter_async_context(
                    again_and_again(SHINE_S, Sessions(end, end.spec.session).work)
                )
        for downlink in spec.downlinks:
            board = opened(spec.path / f"{downlink.satellite}.sqlite")
            await board.start()
            stack.push_async_callback(board.stop)
            station = GroundStation(spec.name, downlink, board, node.ends, clock)
            await stack.enter_async_context(again_and_again(SHINE_S, station.work))
        await auditor.note("started", kme=spec.kme, node=spec.name, lab=spec.lab)
        port = await stack.enter_async_context(listening(config, app, auditor))
        for period_s, work in (
            (min(GATHER_S, spec.gossip_s / 4), node.gossip),
            (SWEEP_S, partial(sweep, writer, here, config.limits)),
            (REVOKED_S, partial(_refresh, revoked)),
            (SHOW_S, partial(node.show, supply, carrier, here.waiting)),
        ):
            await stack.enter_async_context(again_and_again(period_s, work))
        yield node, port


@asynccontextmanager
async def open_border(
    config: KmeConfig, spec: BorderSpec, domain: Domain, auditor: Auditor
) -> AsyncIterator[Border]:
    """Keep one end of a border open while the context lasts: a door of its own, for one KME of another CA."""
    async with AsyncExitStack() as stack:
        client = BorderClient(spec, config.certificate, config.private_key)
        stack.push_async_callback(client.close)
        border = Border(spec, client, domain)
        stack.push_async_callback(border.finish)
        revoked = RevocationList(Path(spec.revoked), Path(spec.ca))
        await stack.enter_async_context(again_and_again(REVOKED_S, partial(_refresh, revoked)))
        desk = Desk(Door((), [spec.peer_kme], revoked), auditor)
        app = desk.application()
        BorderCalls(border, spec, desk).add_to(app)
        at_border = replace(config, listen=spec.listen, ca=Path(spec.ca))
        await stack.enter_async_context(listening(at_border, app, auditor))
        yield border


def _config(spec: NodeSpec) -> KmeConfig:
    """The node as a key server for its applications."""
    return KmeConfig(
        id=spec.kme,
        party="alice",
        listen=spec.listen,
        certificate=Path(spec.certificate),
        private_key=Path(spec.private_key),
        ca=Path(spec.ca),
        revoked=Path(spec.revoked),
        saes=spec.saes,
        lab=spec.lab,
        hybrid=spec.profile.hybrid,
        streams=spec.streams or None,
        limits=Limits(),
    )


def _local(config: KmeConfig) -> Local:
    limits = config.limits
    return Local(config.saes, timedelta(seconds=limits.collect_within_s), limits.max_waiting_keys, Counter())


async def _refresh(revoked: RevocationList) -> None:
    revoked.refresh()
