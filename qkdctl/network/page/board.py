"""What the page shows, put together from what nodes write down of themselves."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx

from qkdctl.network import control
from qkdctl.network.chosen import name_of
from qkdctl.network.control import NodeStatus
from qkdctl.network.forecast import forecast
from qkdctl.network.link_specs import LinkSpec

KEPT = 600
"""Levels of each link that are kept, one at each look."""

HORIZON_S = 86400.0
POINTS = 400
LOW_BITS = 65_536
SILENT_S = 15.0
ROUTES = 12


class NetworkBoard:
    """A network in a directory, looked at again and again.

    Parameters
    ----------
    directory : Path
    now : callable, optional
        The clock, in seconds since 1970.
    """

    def __init__(self, directory: Path, now: Callable[[], float] = time.time) -> None:
        self._directory = directory
        self._now = now
        self._levels: dict[str, deque[tuple[float, int]]] = {}

    def figures(self) -> dict[str, Any]:
        """Look, and give all that is shown."""
        nodes = control.status(self._directory)
        links = [self._link(nodes, spec, ends) for spec, ends in _links(nodes)]
        places = _places(nodes, links)
        return {
            "name": name_of(self._directory),
            "nodes": [{**self._node(one), **places[one.name]} for one in nodes],
            "links": links,
            "routes": _routes(nodes),
            "alarms": [*self._node_alarms(nodes), *_link_alarms(links, _down(nodes))],
            "keys_made": sum(one.state.keys.get("made", 0) for one in nodes if one.state),
            "keys_waiting": sum(one.state.keys.get("waiting", 0) for one in nodes if one.state),
            "refused": sum(one.state.keys.get("refused", 0) for one in nodes if one.state),
        }

    def _node(self, one: NodeStatus) -> dict[str, Any]:
        return {
            "name": one.name,
            "domain": one.spec.domain if one.spec else "in orbit",
            "up": one.process is not None,
            "saes": list(one.spec.saes) if one.spec else [],
            "keys": one.state.keys if one.state else {},
        }

    def _link(self, nodes: list[NodeStatus], spec: LinkSpec, ends: tuple[str, str]) -> dict[str, Any]:
        told = [
            link
            for one in nodes
            if one.process and one.state
            for link in one.state.links
            if link.name == spec.name
        ]
        up = len(told) == 2 and all(link.up for link in told)
        free = min((link.free_bytes for link in told), default=0)
        levels = self._levels.setdefault(spec.name, deque(maxlen=KEPT))
        levels.append((self._now(), 8 * free))
        alice = next((one for one in nodes if one.name == ends[0]), None)
        scenario_s = alice.state.scenario_s if alice and alice.state else 0.0
        clock = alice.spec.clock if alice and alice.spec else None
        ahead = forecast(spec, free, scenario_s, HORIZON_S)
        step = max(len(ahead) // POINTS, 1)
        return {
            "name": spec.name,
            "ends": list(ends),
            "kind": spec.kind,
            "via": _via(alice, spec.name),
            "up": up,
            "bits": 8 * free,
            "levels": {"at": [_iso(at) for at, _ in levels], "bits": [bits for _, bits in levels]},
            "forecast": {
                "hours": [round((level.at_s - scenario_s) / 3600, 4) for level in ahead[::step]],
                "bits": [8 * level.free_bytes for level in ahead[::step]],
            },
            "coming_bits": round(8 * (ahead[-1].free_bytes - free)),
            "speed": clock.speed if clock else 1.0,
        }

    def _node_alarms(self, nodes: list[NodeStatus]) -> list[dict[str, str]]:
        alarms = []
        for one in nodes:
            if one.process is None:
                advice = f"Start it: qkdctl network heal {one.name}"
                alarms.append(_alarm("node-down", one.name, "error", advice))
            elif one.state is None or self._now() - one.state.at > SILENT_S:
                advice = "It runs and says nothing: look into its node.log; kill it, and start it again."
                alarms.append(_alarm("key-server-silent", one.name, "warning", advice))
        return alarms


def _via(node: NodeStatus | None, link: str) -> str:
    """The satellite on a link; empty for fibre."""
    cards = node.spec.map if node and node.spec else ()
    return next((card.via for card in cards if card.name == link), "")


def _alarm(name: str, subject: str, severity: str, what_to_do: str) -> dict[str, str]:
    return {"name": name, "subject": subject, "severity": severity, "what_to_do": what_to_do}


def _down(nodes: list[NodeStatus]) -> frozenset[str]:
    return frozenset(one.name for one in nodes if one.process is None)


def _link_alarms(links: list[dict[str, Any]], down: frozenset[str]) -> list[dict[str, str]]:
    """What is wrong with links; that a node at one of their ends is down is said of the node."""
    alarms = []
    for link in links:
        if down & set(link["ends"]):
            continue
        if not link["up"]:
            advice = f"Look at the line between both nodes; if it was cut: qkdctl network heal {link['name']}"
            alarms.append(_alarm("link-down", link["name"], "error", advice))
        elif (
            link["bits"] < LOW_BITS and link["coming_bits"] <= 0 and link["kind"] in ("modelled", "satellite")
        ):
            advice = "Little key is left and none is to come for a day: other ways will be taken, if there are any."
            alarms.append(_alarm("link-low", link["name"], "warning", advice))
    return alarms


def _links(nodes: list[NodeStatus]) -> list[tuple[LinkSpec, tuple[str, str]]]:
    """Each link once, as Alice's end is told of it."""
    return [
        (link, (one.name, link.neighbour))
        for one in nodes
        if one.spec
        for link in one.spec.links
        if link.party == "alice"
    ]


def _routes(nodes: list[NodeStatus]) -> list[dict[str, Any]]:
    """The ways that were taken most."""
    taken: Counter[str] = Counter()
    for one in nodes:
        taken.update(one.state.routes if one.state else {})
    return [{"way": way.split(" "), "times": times} for way, times in taken.most_common(ROUTES)]


def _places(nodes: list[NodeStatus], links: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Where nodes stand on the picture: always the same, for the same network."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(sorted(one.name for one in nodes))
    for link in sorted(links, key=lambda link: link["name"]):
        stops = [link["ends"][0], *([link["via"]] if link["via"] else []), link["ends"][1]]
        graph.add_edges_from(pairwise(stops))
    borders = [border for one in nodes if one.spec for border in one.spec.borders if border.peer_kme]
    graph.add_edges_from((border.node, border.peer_kme) for border in borders)
    places = nx.kamada_kawai_layout(graph) if len(graph) > 1 else dict.fromkeys(graph, (0.0, 0.0))
    return {node: {"x": round(float(x), 4), "y": round(float(y), 4)} for node, (x, y) in places.items()}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
