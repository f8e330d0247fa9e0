"""What a node sees to before it takes keys: that they came as its domain demands.

The node that sends keys plans their routes by the domain's profile, and every envelope's tag is over those routes. But
a node between could begin a relay of its own and name other people's applications in it; whoever collected such keys
would take them for what the domain promises. So the last node looks for itself: routes begin where the master is
served, go over links that there are, and have no node in common. Each share comes in by the last link of its own
route, and each honest node has seen that it came to it by the link before: a node on one of several ways can
neither make keys alone nor learn them.
"""

from __future__ import annotations

from itertools import pairwise

from qkdctl.network.link_specs import LinkCard
from qkdctl.network.ports import LinkRefused
from qkdctl.network.routes import inner
from qkdctl.network.spec import NodeSpec
from qkdctl.network.words import Letter, Route


class Demands:
    """What one node demands of the keys that arrive at it.

    Parameters
    ----------
    spec : NodeSpec
    """

    def __init__(self, spec: NodeSpec) -> None:
        self._here = spec.name
        self._profile = spec.profile
        self._trust = spec.trust
        self._links: dict[str, LinkCard] = {card.name: card for card in spec.map}
        self._vias = {card.name: card.via for card in spec.map}
        self._sources = {("", sae, card.name) for card in spec.nodes for sae in card.saes}
        self._sources |= {(border.domain, sae, border.node) for border in spec.borders for sae in border.saes}

    def check(self, letter: Letter) -> None:
        """Raise :class:`LinkRefused` unless the keys of a letter come as they have to."""
        source, length = letter.routes[0].nodes[0], len(letter.routes)
        if (letter.came_from, letter.terms.master, source) not in self._sources:
            raise _refused(f"node {source} does not serve {letter.terms.master}")
        for route in letter.routes:
            self._check_route(route, source)
        self._check_disjoint(letter)
        profile, hybrid = self._profile, letter.terms.hybrid is not None
        if profile.hybrid == "required" and not hybrid:
            raise _refused("there is no ML-KEM share")
        if length + (profile.hybrid_is_path and hybrid) < profile.min_paths:
            raise _refused(f"they come over {length} way(s), expected {profile.min_paths}")

    def _check_route(self, route: Route, source: str) -> None:
        if (route.nodes[0], route.nodes[-1]) != (source, self._here):
            raise _refused("their ways do not go from one node to another")
        for ends, link in zip(pairwise(route.nodes), route.links, strict=True):
            card = self._links.get(link)
            if card is None or set(card.ends) != set(ends):
                raise _refused(f"there is no link {link} between {' and '.join(ends)}")
        for node in inner(route, self._vias):
            if self._trust.get(node, 1.0) < self._profile.min_trust:
                raise _refused(f"{node} is not trusted enough")

    def _check_disjoint(self, letter: Letter) -> None:
        between = [
            node
            for route in letter.routes
            for node in inner(route, self._vias) or (f"link {route.links[0]}",)
        ]
        if len(set(between)) < len(between):
            raise _refused("their ways have something in common")


def _refused(why: str) -> LinkRefused:
    return LinkRefused(f"the keys do not come as this domain demands: {why}")
