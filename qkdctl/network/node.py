"""What a network's node knows of itself and of the others, and how it tells them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from qkdctl.kme.hybrid import KemKeys
from qkdctl.kme.refusal import Refusal
from qkdctl.network.border import Border
from qkdctl.network.calls import News
from qkdctl.network.cards import Signer
from qkdctl.network.carrier import Carrier
from qkdctl.network.clock import Clock
from qkdctl.network.linkend import LinkEnd
from qkdctl.network.linkstate import LinkStates, usable
from qkdctl.network.spec import NodeSpec
from qkdctl.network.state import LinkState, NodeState, write_state
from qkdctl.network.supply import NetworkSupply

log = logging.getLogger(__name__)


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
        ends_of = {card.name: card.ends for card in spec.map}
        self.states = LinkStates(ends_of, spec.name, time.time_ns(), spec.gossip_s, self._turned.set)
        self._card = Signer(Path(spec.identity)).card(spec.name, kem.public)
        self._usable: set[str] = set()

    async def advertise(self) -> None:
        """Put the newest state of this node's links beside those of the others."""
        reports = tuple([await end.report() for end in self.ends.values()])
        self._usable = usable(reports)
        self.states.tell(reports, self._card)

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
