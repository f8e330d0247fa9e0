"""The ways that a node knows: routes through its domain by the newest states of all links."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from qkdctl.network.envelope import OVERHEAD
from qkdctl.network.link_specs import LinkCard
from qkdctl.network.linkstate import LinkStates, Report
from qkdctl.network.routes import Edge, Wanted, find_routes
from qkdctl.network.spec import NodeSpec
from qkdctl.network.words import Route


class Ways:
    """Finds routes from one node.

    Parameters
    ----------
    spec : NodeSpec
    states : LinkStates
    """

    def __init__(self, spec: NodeSpec, states: LinkStates) -> None:
        self._here = spec.name
        self._links = {card.name: card for card in spec.map}
        self._trust = spec.trust
        self._states = states

    def find(
        self, target: str, wanted: Wanted, oldest: str = "", without: Collection[str] = ()
    ) -> list[Route]:
        """Give routes that can be had just now; an empty list if there are not so many."""
        edges = [
            edge for card in self._links.values() if (edge := self._edge(card, oldest, without)) is not None
        ]
        return find_routes(edges, self._trust, self._here, target, wanted)

    def could_be(self, target: str, wanted: Wanted) -> bool:
        """Whether there would be routes if all links were up and full."""
        edges = [Edge(card.name, card.ends, wanted.length, via=card.via) for card in self._links.values()]
        return bool(find_routes(edges, self._trust, self._here, target, wanted))

    def free_bytes(self, target: str) -> int:
        """How much key the best route carries just now."""
        routes = self.find(target, Wanted(OVERHEAD + 1))
        views = [self._states.view(link) for route in routes for link in route.links]
        return min((view.free_bytes for view in views if view is not None), default=0)

    def _edge(self, card: LinkCard, oldest: str, without: Collection[str]) -> Edge | None:
        view = self._states.view(card.name, without)
        if view is None or (oldest and view.newest < oldest):
            return None
        return Edge(card.name, card.ends, view.free_bytes, _age_s(view), card.via)


def _age_s(view: Report) -> float:
    if not view.newest:
        return 0.0
    return max((datetime.now(UTC) - datetime.fromisoformat(view.newest)).total_seconds(), 0.0)
