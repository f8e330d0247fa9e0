"""Choosing ways: by how much key there is, how old it is, and whom one has to trust.

A link over a satellite joins two ground stations, and the satellite stands on it as a node does: two routes over
the same satellite are not disjoint. Of several links between two nodes the best one is looked at, and the others
are not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, product
from math import log

import networkx as nx

from qkdctl.kme.extensions import RouteType
from qkdctl.network.words import Route

MOST_LOOKED_AT = 64
"""Ways that are looked at before the exact search."""

MOST_CHOICES = 256


@dataclass(frozen=True)
class Edge:
    """A link as routing sees it.

    Attributes
    ----------
    link : str
    ends : tuple of str
        Two nodes.
    free_bytes : int
    age_s : float
        Of its newest key.
    via : str
        The satellite on it; empty for fibre.
    """

    link: str
    ends: tuple[str, str]
    free_bytes: int
    age_s: float = 0.0
    via: str = ""


@dataclass(frozen=True)
class Wanted:
    """What a way has to be.

    Attributes
    ----------
    length : int
        Bytes of link key that each hop spends.
    route_type : {"direct", "relayed", "any"}
    paths : int
        How many, with no node in common but the ends.
    min_trust : float
        Of each node between.
    """

    length: int
    route_type: RouteType = "any"
    paths: int = 1
    min_trust: float = 0.0


def find_routes(
    edges: Iterable[Edge], trust: Mapping[str, float], source: str, target: str, wanted: Wanted
) -> list[Route]:
    """Give as many routes as wanted, the best first; an empty list if there are not so many.

    Parameters
    ----------
    edges : iterable of Edge
        Links that are up.
    trust : mapping of str to float
        Of nodes and satellites, from 0 to 1; 1 for those that are not named.
    source, target : str
    wanted : Wanted
    """
    usable = [
        edge
        for edge in edges
        if edge.free_bytes >= wanted.length
        and _trusted(edge.via, trust, wanted)
        and wanted.route_type in ("any", "direct" if _is_direct(edge, source, target) else "relayed")
    ]
    graph = _graph(usable, trust, wanted)
    if source not in graph or target not in graph:
        return []
    graph.remove_nodes_from(_not_trusted(graph, trust, source, target, wanted))
    ways = _greedy(graph, source, target, wanted.paths) or _exact(graph, source, target, wanted.paths)
    return [_route(graph, way) for way in ways]


def inner(route: Route, vias: Mapping[str, str]) -> tuple[str, ...]:
    """Nodes and satellites between the ends of a route, in order; `vias` names the satellites by link."""
    found: list[str] = []
    for place, link in enumerate(route.links):
        if vias.get(link):
            found.append(vias[link])
        if place + 1 < len(route.links):
            found.append(route.nodes[place + 1])
    return tuple(found)


def _trusted(node: str, trust: Mapping[str, float], wanted: Wanted) -> bool:
    return not node or trust.get(node, 1.0) >= wanted.min_trust


def _not_trusted(
    graph: nx.Graph[str], trust: Mapping[str, float], source: str, target: str, wanted: Wanted
) -> list[str]:
    return [node for node in graph if node not in (source, target) and not _trusted(node, trust, wanted)]


def _graph(edges: Iterable[Edge], trust: Mapping[str, float], wanted: Wanted) -> nx.Graph[str]:
    graph: nx.Graph[str] = nx.Graph()
    for edge in edges:
        cost = _cost(edge, trust, wanted)
        a, b = edge.ends
        if not graph.has_edge(a, b) or graph.edges[a, b]["cost"] > cost:
            graph.add_edge(a, b, cost=cost, edge=edge)
    return graph


def _cost(edge: Edge, trust: Mapping[str, float], wanted: Wanted) -> float:
    """One for each hop; more where key is scarce or old, and for whoever has to be trusted."""
    scarce = wanted.length / max(edge.free_bytes, 1)
    old = log(1 + max(edge.age_s, 0.0) / 3600)
    doubt = sum(-log(max(trust.get(node, 1.0), 1e-6)) for node in (*edge.ends, edge.via) if node)
    return 1.0 + (1.0 if edge.via else 0.0) + 8 * scarce + 0.1 * old + doubt


def _is_direct(edge: Edge, source: str, target: str) -> bool:
    return not edge.via and {*edge.ends} == {source, target}


def _route(graph: nx.Graph[str], way: Sequence[str]) -> Route:
    edges = [graph.edges[a, b]["edge"] for a, b in pairwise(way)]
    return Route(tuple(way), tuple(edge.link for edge in edges))


def _between(graph: nx.Graph[str], way: Sequence[str]) -> set[str]:
    """What a way has between its ends; the link itself where there is nothing."""
    edges = [graph.edges[a, b]["edge"] for a, b in pairwise(way)]
    return {*way[1:-1], *(edge.via for edge in edges if edge.via)} or {f"link {edges[0].link}"}


def _sound(graph: nx.Graph[str], way: Sequence[str]) -> bool:
    """Whether a way comes by each satellite once."""
    vias = [graph.edges[a, b]["edge"].via for a, b in pairwise(way)]
    named = [via for via in vias if via]
    return len(set(named)) == len(named)


def _ways(graph: nx.Graph[str], source: str, target: str) -> Iterator[list[str]]:
    try:
        for way in nx.shortest_simple_paths(graph, source, target, weight="cost"):
            if _sound(graph, way):
                yield way
    except nx.NetworkXNoPath:
        return


def _greedy(graph: nx.Graph[str], source: str, target: str, count: int) -> list[list[str]]:
    """The best way, the best one disjoint from it, and so on; nothing if that does not come to enough."""
    chosen: list[list[str]] = []
    used: set[str] = set()
    for way in islice(_ways(graph, source, target), 1 if count == 1 else MOST_LOOKED_AT):
        between = _between(graph, way)
        if not between & used:
            chosen.append(way)
            used |= between
        if len(chosen) == count:
            return chosen
    return []


def _exact(graph: nx.Graph[str], source: str, target: str, count: int) -> list[list[str]]:
    """Disjoint ways by maximum flow. Each satellite can serve one of them: try with each of its links."""
    by_satellite: dict[str, list[tuple[str, str]]] = {}
    for a, b in graph.edges:
        edge: Edge = graph.edges[a, b]["edge"]
        if edge.via:
            by_satellite.setdefault(edge.via, []).append((a, b))
    for kept in islice(product(*by_satellite.values()), MOST_CHOICES):
        left = graph.copy()
        left.remove_edges_from(pair for pairs in by_satellite.values() for pair in pairs if pair not in kept)
        ways = _disjoint(left, source, target)
        if len(ways) >= count:
            return sorted(ways, key=len)[:count]
    return []


def _disjoint(graph: nx.Graph[str], source: str, target: str) -> list[list[str]]:
    """As many ways as there are with no node in common."""
    ways = []
    if graph.has_edge(source, target):
        # The flow algorithm knows no adjacent ends: a link between them is a way of its own.
        ways.append([source, target])
        graph.remove_edge(source, target)
    with contextlib.suppress(nx.NetworkXNoPath):
        ways += [list(way) for way in nx.node_disjoint_paths(graph, source, target)]
    return ways
