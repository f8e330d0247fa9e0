"""Carrying keys to one node of the domain: plan, reserve, send; call off what came to nothing."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from qkdctl.keystore.secret import Secret
from qkdctl.kme.extensions import Options
from qkdctl.kme.refusal import Refusal
from qkdctl.kme.words import Terms
from qkdctl.network.composition import composition, whole_way
from qkdctl.network.letters import pack_letter, worst
from qkdctl.network.link_specs import LinkCard
from qkdctl.network.linkstate import LinkStates
from qkdctl.network.plans import Planner, Target
from qkdctl.network.ports import KeysLost, LinkRefused
from qkdctl.network.receiver import Onward
from qkdctl.network.relay import Relay, Sent
from qkdctl.network.shares import split
from qkdctl.network.spec import NodeSpec
from qkdctl.network.words import Letter

T = TypeVar("T")

TRIES = 4


class Carried(NamedTuple):
    """Keys that have arrived.

    Attributes
    ----------
    letter : Letter
        What went with them.
    label : str
        The worst of all link keys, and what they had before.
    """

    letter: Letter
    label: str


class Carrier:
    """Carries keys from a node.

    Parameters
    ----------
    spec : NodeSpec
    relay : Relay
    states : LinkStates
    domains : mapping of str to Onward
        The other domains that can be reached from here.

    Attributes
    ----------
    planner : Planner
    links : dict of str to LinkCard
        All of the domain.
    routes : Counter
        How often each way was taken.
    """

    def __init__(
        self, spec: NodeSpec, relay: Relay, states: LinkStates, domains: Mapping[str, Onward]
    ) -> None:
        self._node = spec.name
        self._domains = domains
        self.planner = Planner(spec, states)
        self.links: Mapping[str, LinkCard] = {card.name: card for card in spec.map}
        self.routes: Counter[str] = Counter()
        self._labels = spec.labels
        self._relay = relay
        self._states = states
        self._tasks: set[asyncio.Task[bool]] = set()

    async def carry(
        self,
        target: Target,
        terms: Terms,
        options: Options,
        keys: Secret,
        failed: set[str],
        label: str = "secret",
    ) -> Carried:
        """Carry keys to a node; durably, when this returns.

        Parameters
        ----------
        target : Target
        terms : Terms
        options : Options
        keys : Secret
            All of the request's, one after another.
        failed : set of str
            Links to go round; those that fail meanwhile are added.
        label : str
            What the keys are good for already.

        Raises
        ------
        KeysLost
            If they did not arrive, or nobody knows: they must not be used, nor sent again.
        LinkRefused
            If no route can be had, and nothing was sent.
        Refusal
            If there is no way.
        """
        if target.node == self._node:
            return await self._hand_over(target, terms, options, keys, label)
        letter, packed, shares = await self._reserved(target, terms, options, keys, failed)
        try:
            works = (self._relay.send(packed, number, one, label) for number, one in enumerate(shares))
            sent = await _all(works)
        except LinkRefused as refused:
            self._fail(refused, failed)
            self.call_off(letter)
            raise KeysLost(refused.message, refused.link) from None
        except BaseException:
            self.call_off(letter)
            raise
        label = worst(*(one.label for one in sent))
        if why := self._why_lost(sent, label):
            self.call_off(letter)
            raise KeysLost(why)
        self.routes.update(" ".join(whole_way(route, self.links)) for route in letter.routes)
        return Carried(letter, label)

    def _why_lost(self, sent: Sequence[Sent], label: str) -> str:
        """Say why shares that have all arrived are no keys; empty if they are."""
        if not any(one.kept for one in sent):
            # It was started anew between them, or they came too far apart: each was the first of its relay.
            return "the last node has not all shares at once; ask again"
        return "" if label in self._labels else f"keys that are labelled {label} are not delivered here"

    async def _hand_over(
        self, target: Target, terms: Terms, options: Options, keys: Secret, label: str
    ) -> Carried:
        """Hand keys over at a border that is here."""
        letter = self.planner.handed_over(target, terms, options)
        made_of = composition([letter], label, self.links)
        try:
            await self._domains[target.onward].pass_on(letter, keys, made_of)
        except KeyError:
            raise LinkRefused(f"there is no way into the domain {target.onward!r} from here") from None
        return Carried(letter, label)

    async def _reserved(
        self, target: Target, terms: Terms, options: Options, keys: Secret, failed: set[str]
    ) -> tuple[Letter, bytes, list[Secret]]:
        """Plan until all nodes on all routes have promised their key; nothing is said of the keys before that."""
        for left in reversed(range(TRIES)):
            letter, mask = self.planner.plan(target, terms, options, failed)
            packed = pack_letter(letter)
            try:
                await _all(self._relay.reserve(packed, number) for number in range(len(letter.routes)))
            except LinkRefused as refused:
                self._fail(refused, failed)
                self.call_off(letter)
                if not refused.link or not left:
                    raise
                continue
            shares = split(mask(keys.reveal()), len(letter.routes), os.urandom)
            return letter, packed, [Secret(one) for one in shares]
        raise AssertionError("the last try returns or raises")

    def _fail(self, refused: LinkRefused, failed: set[str]) -> None:
        if refused.link:
            failed.add(refused.link)
            self._states.set_aside(refused.link)

    def call_off(self, letter: Letter) -> None:
        """Tell all routes of a relay that nothing came of it, while something else is tried."""
        task = asyncio.create_task(self.void(letter))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def void(self, letter: Letter, key_ids: Sequence[str] = ()) -> bool:
        """Tell all routes of a relay that nothing came of it, or not of some keys; give whether all its ends hear."""
        packed, heard = pack_letter(letter), True
        if letter.onward and not letter.routes:
            with suppress(Refusal):
                await self._domains[letter.onward].void(letter)
        for number in range(len(letter.routes)):
            # Whoever cannot be reached drops it by itself, later.
            try:
                await self._relay.void(packed, number, tuple(key_ids))
            except Refusal:
                heard = False
        return heard

    async def finish(self) -> None:
        """Wait for what is still being called off."""
        with suppress(Refusal):
            await asyncio.gather(*self._tasks)


async def _all(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do works at once; raise what went wrong first, once all have ended."""
    ended = await asyncio.gather(*works, return_exceptions=True)
    done: list[T] = []
    for one in ended:
        if isinstance(one, BaseException):
            raise one
        done.append(one)
    return done
