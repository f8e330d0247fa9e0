"""Running a node: its links, its part in relays, its key server, until told to stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from aiohttp import web

from qkdctl.keystore.store import KeyStore
from qkdctl.kme.allotment import Local
from qkdctl.kme.auditor import Auditor
from qkdctl.kme.config import KmeConfig, Limits
from qkdctl.kme.desk import Desk
from qkdctl.kme.door import Door
from qkdctl.kme.hybrid import KemKeys
from qkdctl.kme.key_calls import KeyCalls
from qkdctl.kme.limits import Allowances
from qkdctl.kme.revocation import RevocationList
from qkdctl.kme.serve import again_and_again, keeping_up, listening, sweep
from qkdctl.kme.service import Service
from qkdctl.kme.writer import Writer
from qkdctl.network.border import Border
from qkdctl.network.border_calls import BorderCalls, BorderClient
from qkdctl.network.calls import LinkCalls
from qkdctl.network.carrier import Carrier
from qkdctl.network.clock import Clock, scenario_clock
from qkdctl.network.demands import Demands
from qkdctl.network.inland import Domain
from qkdctl.network.light import Light
from qkdctl.network.link_specs import DownlinkSpec
from qkdctl.network.linkend import link_end
from qkdctl.network.node import Node
from qkdctl.network.post import Post
from qkdctl.network.quota import Quotas, spent_today
from qkdctl.network.receiver import Receiver
from qkdctl.network.relay import Relay
from qkdctl.network.sessions import Sessions
from qkdctl.network.space.blocks import opened
from qkdctl.network.space.station import GroundStation
from qkdctl.network.spec import STORE, BorderSpec, NodeSpec
from qkdctl.network.stream_service import streaming
from qkdctl.network.supply import NetworkSupply

SHINE_S = 0.5
GATHER_S = 0.3
"""How long news wait for company."""

SWEEP_S = 30.0
SHOW_S = 1.0


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
    config = _config(spec)
    here = _local(config)
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(Writer(partial(KeyStore, spec.path / STORE, "node")))
        revoked = RevocationList(config.revoked, config.ca)
        auditor = Auditor(writer)
        stack.push_async_callback(auditor.finish)
        ends = [await stack.enter_async_context(link_end(spec, link, revoked)) for link in spec.links]
        kem = KemKeys()
        node = Node(spec, ends, kem, clock)
        links = {card.name: card for card in spec.map}
        receiver = Receiver(writer, here, kem, Demands(spec), spec.labels, links, node.borders)
        relay = Relay(spec.name, node.ends, receiver)
        carrier = Carrier(spec, relay, node.states, node.borders)
        stack.push_async_callback(carrier.finish)
        quotas = Quotas(spec.customers, await writer.do(partial(spent_today, saes=spec.saes)))
        supply = NetworkSupply(spec, writer, here, carrier, quotas)
        inland = Domain(spec, writer, here, carrier)
        for border in (border for border in spec.borders if border.node == spec.name):
            at_border = await stack.enter_async_context(open_border(config, border, inland, auditor))
            node.borders[border.domain] = at_border
        desk = Desk(Door(spec.saes, [end.peer_kme for end in ends], revoked), auditor)
        app, allowances = desk.application(), Allowances(config)
        KeyCalls(Service(config, writer, supply, allowances), desk).add_to(app)
        post = Post(spec.name, node.ends, carrier.planner.ways)
        await stack.enter_async_context(
            streaming(spec, config, writer, supply, post, allowances, desk.door, auditor)
        )
        await stack.enter_async_context(_keeping_links(node, clock, relay, post, desk, app))
        for downlink in spec.downlinks:
            await stack.enter_async_context(_following(node, downlink, clock))
        await auditor.note("started", kme=spec.kme, node=spec.name, lab=spec.lab)
        port = await stack.enter_async_context(listening(config, app, auditor))
        await stack.enter_async_context(keeping_up(revoked))
        for period_s, work in (
            (min(GATHER_S, spec.gossip_s / 4), node.gossip),
            (SWEEP_S, partial(sweep, writer, here, config.limits)),
            (SHOW_S, partial(node.show, supply, carrier, here.waiting)),
        ):
            await stack.enter_async_context(again_and_again(period_s, work))
        yield node, port


@asynccontextmanager
async def _keeping_links(
    node: Node, clock: Clock, relay: Relay, post: Post, desk: Desk, app: web.Application
) -> AsyncIterator[None]:
    """Answer the neighbours' calls, and make key with them, by a model of the light or in sessions."""
    async with AsyncExitStack() as stack:
        for end in node.ends.values():
            light = Light(end, end.spec.model, clock) if end.spec.model else None
            LinkCalls(end, light, relay, post, node.states, desk).add_to(app)
            if light and end.link.allots:
                await stack.enter_async_context(again_and_again(SHINE_S, light.shine))
            if end.spec.session:
                sessions = Sessions(end, end.spec.session)
                await stack.enter_async_context(again_and_again(SHINE_S, sessions.work))
        yield


@asynccontextmanager
async def _following(node: Node, downlink: DownlinkSpec, clock: Clock) -> AsyncIterator[None]:
    """Be a satellite's ground station."""
    async with opened(node.spec.path / f"{downlink.satellite}.sqlite") as board:
        station = GroundStation(node.spec.name, downlink, board, node.ends, clock)
        async with again_and_again(SHINE_S, station.work):
            yield


@asynccontextmanager
async def open_border(
    config: KmeConfig, spec: BorderSpec, domain: Domain, auditor: Auditor
) -> AsyncIterator[Border]:
    """Keep one end of a border open while the context lasts: a door of its own, for one KME of another CA."""
    async with AsyncExitStack() as stack:
        revoked = RevocationList(Path(spec.revoked), Path(spec.ca))
        client = BorderClient(spec, config.certificate, config.private_key, revoked)
        stack.push_async_callback(client.close)
        border = Border(spec, client, domain)
        stack.push_async_callback(border.finish)
        await stack.enter_async_context(keeping_up(revoked))
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
