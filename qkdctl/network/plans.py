"""Planning a relay: which routes it takes, and whether an ML-KEM share goes with it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from qkdctl.kme.extensions import Options
from qkdctl.kme.hybrid import Suite, encapsulate
from qkdctl.kme.refusal import NOT_MET, bad, unavailable
from qkdctl.kme.words import Terms
from qkdctl.network.cards import Cards
from qkdctl.network.composition import utc_now
from qkdctl.network.envelope import OVERHEAD
from qkdctl.network.hybrid import Mask, masked, plain
from qkdctl.network.linkstate import LinkStates
from qkdctl.network.routes import Wanted
from qkdctl.network.spec import NodeSpec
from qkdctl.network.ways import Ways
from qkdctl.network.words import Letter

NO_WAY = "no way with enough key is there just now; try again later"
NO_CARD = "the key server at the other end has not shown its public key yet; try again later"
XOR_ONLY = "expected the combiner xor for keys that are relayed"
NOT_DIRECT = "there is no direct way into another domain"
AGE_UNKNOWN = "how old the keys of another domain's links are is not known here"


@dataclass(frozen=True)
class Target:
    """Where keys go.

    Attributes
    ----------
    node : str
        The last node in this domain.
    onward, came_from : str
        The domain that they go on to, or came from; empty if they stay here, or were drawn here.
    """

    node: str
    onward: str = ""
    came_from: str = ""


class Plan(NamedTuple):
    """A relay to be.

    Attributes
    ----------
    letter : Letter
    mask : Mask
        What hides the keys beside the shares.
    """

    letter: Letter
    mask: Mask


class Planner:
    """Plans relays from one node.

    Parameters
    ----------
    spec : NodeSpec
    states : LinkStates
    """

    def __init__(self, spec: NodeSpec, states: LinkStates) -> None:
        self._profile = spec.profile
        self._states = states
        self._cards = Cards({card.name: card.identity for card in spec.nodes})
        self.ways = Ways(spec, states)

    def plan(self, target: Target, terms: Terms, options: Options, failed: Collection[str]) -> Plan:
        """Plan a relay that meets a request, and what the domain demands of every key.

        Raises
        ------
        Refusal
            If there is no such way, or not just now.
        """
        _check(target, options)
        length = len(terms.key_ids) * terms.size_bits // 8 + OVERHEAD
        ever = False
        for paths, suite in self._alternatives(options):
            wanted = Wanted(length, options.route_type, paths, self._profile.min_trust)
            if routes := self.ways.find(target.node, wanted, options.oldest, failed):
                terms, mask = self._encapsulated(target, terms, suite)
                mode, relay = self._profile.relay, str(uuid.uuid4())
                letter = Letter(
                    relay=relay,
                    terms=terms,
                    routes=tuple(routes),
                    mode=mode,
                    oldest=options.oldest,
                    onward=target.onward,
                    came_from=target.came_from,
                    min_paths=options.min_paths,
                    suite=suite,
                    made_at=utc_now(),
                )
                return Plan(letter, mask)
            ever = ever or self.ways.could_be(target.node, wanted)
        if not ever and (options.min_paths > 1 or options.route_type != "any"):
            raise bad(NOT_MET, [{"qkdctl_route_type": "there is no such way in this network"}])
        raise unavailable(NO_WAY)

    def handed_over(self, target: Target, terms: Terms, options: Options) -> Letter:
        """Give the letter for keys that go into another domain from this very node, by no way of this one.

        Raises
        ------
        Refusal
            If the request asks for what cannot be asked of another domain.
        """
        _check(target, options)
        suite, paths = self._suite(options), options.min_paths
        return Letter("", terms, (), onward=target.onward, min_paths=paths, suite=suite, made_at=utc_now())

    def _suite(self, options: Options) -> Suite | None:
        return options.suite or (Suite() if self._profile.hybrid == "required" else None)

    def _alternatives(self, options: Options) -> Iterator[tuple[int, Suite | None]]:
        """How many paths, and with which ML-KEM share: the best first."""
        profile = self._profile
        paths = max(options.min_paths, profile.min_paths)
        suite = self._suite(options)
        yield paths, suite
        if profile.hybrid_is_path and paths > options.min_paths:
            yield paths - 1, suite or Suite()

    def _encapsulated(self, target: Target, terms: Terms, suite: Suite | None) -> tuple[Terms, Mask]:
        if suite is None:
            return terms, plain
        public = self._cards.kem_of(target.node, self._states.card(target.node)).get(suite.kem)
        if public is None:
            raise unavailable(NO_CARD)
        secret, told = encapsulate(suite, public)
        terms = msgspec.structs.replace(terms, hybrid=told)
        return terms, masked(secret, public, terms)


def _check(target: Target, options: Options) -> None:
    """Raise the refusal of what no relay can meet, or none into another domain."""
    if options.suite and options.suite.combiner != "xor":
        raise bad(NOT_MET, [{"qkdctl_hybrid": XOR_ONLY}])
    if target.onward and options.route_type == "direct":
        raise bad(NOT_MET, [{"qkdctl_route_type": NOT_DIRECT}])
    if target.onward and options.oldest:
        raise bad(NOT_MET, [{"qkdctl_max_age": AGE_UNKNOWN}])
