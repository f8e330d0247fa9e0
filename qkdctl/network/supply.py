"""Keys for a node's applications: drawn at random here, and carried to whoever shares them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from functools import partial

import msgspec

from qkdctl.keystore.engine import Connection
from qkdctl.keystore.secret import Secret
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.supply import ApplicationKey
from qkdctl.kme.allotment import Drawn, Local
from qkdctl.kme.extensions import Options
from qkdctl.kme.link import new_key_ids
from qkdctl.kme.refusal import Refusal, unavailable
from qkdctl.kme.words import Grant, Terms
from qkdctl.kme.writer import Writer
from qkdctl.network.carrier import TRIES, Carried, Carrier
from qkdctl.network.composition import composition, local_composition
from qkdctl.network.letters import worst
from qkdctl.network.plans import NO_WAY, Target
from qkdctl.network.ports import LinkRefused
from qkdctl.network.quota import Quotas
from qkdctl.network.receiver import cut
from qkdctl.network.spec import NodeSpec

PLENTY = 2**31


class NetworkSupply:
    """A :class:`~qkdctl.kme.source.KeySource` that knows a network.

    Parameters
    ----------
    spec : NodeSpec
    writer : Writer
        Works on the node's store.
    here : Local
        The node's applications.
    carrier : Carrier
    quotas : Quotas

    Attributes
    ----------
    count : Counter
        Keys that were ``made``, and requests that were ``refused``.
    """

    relays = True

    def __init__(self, spec: NodeSpec, writer: Writer, here: Local, carrier: Carrier, quotas: Quotas) -> None:
        self.here = here
        self.count: Counter[str] = Counter(made=0, refused=0)
        self._node = spec.name
        self._writer = writer
        self._carrier = carrier
        self._quotas = quotas
        self._targets = _targets(spec)
        self._kmes = {sae: card.kme for card in spec.nodes for sae in card.saes}

    def kme_of(self, sae: str) -> str | None:
        """See :class:`~qkdctl.kme.source.KeySource`."""
        targets = self._targets.get(sae)
        return self._kmes.get(sae, targets[0].onward) if targets else None

    async def free_bytes(self, sae: str) -> int:
        """See :class:`~qkdctl.kme.source.KeySource`."""
        ways = self._carrier.planner.ways
        return max(
            PLENTY if self._stays(target) else ways.free_bytes(target.node) for target in self._targets[sae]
        )

    async def draw(self, terms: Terms, options: Options) -> Drawn:
        """See :class:`~qkdctl.kme.source.KeySource`."""
        try:
            with self._quotas.spending(terms.master, len(terms.key_ids) * terms.size_bits):
                drawn = await self._draw_or_easier(terms, options)
        except Refusal:
            self.count["refused"] += 1
            raise
        self.count["made"] += len(drawn.values)
        return drawn

    async def _draw_or_easier(self, terms: Terms, options: Options) -> Drawn:
        try:
            return await self._draw(terms, options)
        except Refusal:
            if not options.optional:
                raise
        return await self._draw(terms, options.easier())

    async def _draw(self, terms: Terms, options: Options) -> Drawn:
        failed: set[str] = set()
        if terms.named:
            return await self._try(terms, options, failed)
        for _ in range(TRIES):
            # What was begun and came to nothing is gone: other keys go another way.
            terms = msgspec.structs.replace(terms, key_ids=new_key_ids(len(terms.key_ids)))
            try:
                return await self._try(terms, options, failed)
            except LinkRefused as refused:
                if not refused.link:
                    raise unavailable(refused.message) from None
        raise unavailable(NO_WAY)

    async def _try(self, terms: Terms, options: Options, failed: set[str]) -> Drawn:
        keys = Secret(os.urandom(len(terms.key_ids) * terms.size_bits // 8))
        arrived: list[Carried] = []
        self.here.check(self._receivers(terms), len(terms.key_ids))
        try:
            for target in self._targets_of(terms):
                arrived.append(await self._carrier.carry(target, terms, options, keys, failed))
            return await self._settle(terms, keys, arrived)
        except BaseException:
            for one in arrived:
                self._carrier.call_off(one.letter)
            raise

    def _targets_of(self, terms: Terms) -> Iterator[Target]:
        """Each place that keys have to be carried to, once; of several borders the one with most key."""
        seen: set[tuple[Target, ...]] = set()
        for sae in terms.slaves:
            targets = self._targets[sae]
            if targets in seen or self._stays(targets[0]):
                continue
            seen.add(targets)
            free = self._carrier.planner.ways.free_bytes
            yield max(targets, key=lambda target: PLENTY if target.node == self._node else free(target.node))

    def _receivers(self, terms: Terms) -> tuple[str, ...]:
        """Those that are served here."""
        return tuple(sae for sae in terms.slaves if sae in self.here.saes)

    def _stays(self, target: Target) -> bool:
        return target == Target(self._node)

    async def _settle(self, terms: Terms, keys: Secret, arrived: list[Carried]) -> Drawn:
        """Write down that the keys are the master's, and let them wait for whoever else is served here."""
        label = worst("secret", *(one.label for one in arrived))
        letters = [one.letter for one in arrived]
        made_of = composition(letters, label, self._carrier.links) if letters else local_composition()
        receivers = self._receivers(terms)
        values = [Secret(value) for value in cut(keys.reveal(), len(terms.key_ids))]
        work = partial(_write_down, terms=terms, values=values, made_of=made_of, here=self.here)
        await self._writer.do(work)
        self.here.waiting.update(dict.fromkeys(receivers, len(values)))
        return Drawn(Grant(terms, label, "", ()), values, made_of)


def _targets(spec: NodeSpec) -> dict[str, tuple[Target, ...]]:
    """Where each application's keys can go."""
    found: dict[str, tuple[Target, ...]] = {}
    for border in spec.borders:
        for sae in border.saes:
            found[sae] = (*found.get(sae, ()), Target(border.node, border.domain))
    return found | {sae: (Target(card.name),) for card in spec.nodes for sae in card.saes}


def _write_down(
    store: KeyStore, connection: Connection, terms: Terms, values: list[Secret], made_of: str, here: Local
) -> None:
    receivers = tuple(sae for sae in terms.slaves if sae in here.saes)
    for key_id, value in zip(terms.key_ids, values, strict=True):
        key = ApplicationKey(key_id, terms.master, receivers, 8 * len(value), made_of)
        if terms.master not in receivers:
            store.supply.record(connection, key)
        if receivers:
            store.supply.wait(connection, key, value.reveal(), here.patience)
