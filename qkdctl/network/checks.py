"""What a topology's tables have to agree on with each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from qkdctl.network.tables import Link, Pair, Topology


def mistakes_of(topology: Topology) -> Iterator[str]:
    """Give one sentence for each mistake that concerns several keys at once."""
    nodes = topology.nodes
    if topology.satellites and topology.time.starts_at is None:
        yield "time.starts_at is missing, and satellites pass at times of their own"
    for name, place in nodes.items():
        if place.domain not in topology.domains:
            yield f"nodes.{name}.domain is {place.domain!r}, expected one of {_names(topology.domains)}"
    if any(place.domain not in topology.domains for place in nodes.values()):
        return
    for name in set(nodes) & set(topology.satellites):
        yield f"satellites.{name} has the name of a node"
    yield from _mistakes_of_links(topology)
    for name, border in topology.borders.items():
        yield from _strangers(f"borders.{name}.between", border.between, topology)
        if not any(_strangers("", border.between, topology)):
            a, b = (nodes[node].domain for node in border.between)
            if a == b:
                yield f"borders.{name}.between joins two nodes of the domain {a!r}, expected two domains"
    yield from _mistakes_of_applications(topology)
    if topology.time.starts_at is not None:
        try:
            datetime.fromisoformat(topology.time.starts_at)
        except ValueError:
            yield f"time.starts_at is {topology.time.starts_at!r}, expected a time like 2026-12-01T00:00:00Z"


def _mistakes_of_links(topology: Topology) -> Iterator[str]:
    nodes = topology.nodes
    for name, link in topology.links.items():
        if len(link.kinds) != 1:
            yield (
                f"links.{name} is {' and '.join(link.kinds) or 'of no kind'}, expected one of modelled, emulated, "
                "replayed, satellite and stored"
            )
        strangers = list(_strangers(f"links.{name}.between", link.between, topology))
        yield from strangers
        if strangers:
            continue
        a, b = link.between
        if a == b:
            yield f"links.{name}.between joins {a!r} with itself"
        elif nodes[a].domain != nodes[b].domain:
            yield f"links.{name}.between joins two domains, expected one; a border joins two"
        elif (link.emulated or link.replayed) and nodes[a].host != nodes[b].host:
            yield f"links.{name} needs both its nodes on one host; let `qkdctl node` fill a stored link"
        if link.satellite:
            yield from _mistakes_of_orbit(name, link, topology)


def _mistakes_of_orbit(name: str, link: Link, topology: Topology) -> Iterator[str]:
    assert link.satellite is not None
    if link.satellite.satellite not in topology.satellites:
        yield (
            f"links.{name}.satellite.satellite is {link.satellite.satellite!r}, expected one of "
            f"{_names(topology.satellites)}"
        )
    for node in link.between:
        place = topology.nodes[node]
        if place.latitude_deg is None or place.longitude_deg is None:
            yield f"nodes.{node} has no latitude_deg and longitude_deg, and links.{name} makes it a ground station"


def _mistakes_of_applications(topology: Topology) -> Iterator[str]:
    served: dict[str, str] = {}
    for name, place in topology.nodes.items():
        for sae in place.saes:
            if sae in served:
                yield f"nodes.{name}.saes has {sae!r}, which nodes.{served[sae]} serves"
            served.setdefault(sae, name)
        if taken := {sae for sae in place.saes if sae in topology.nodes or sae == "ca"}:
            yield f"nodes.{name}.saes has {taken.pop()!r}, which is the name of a node or of a CA"
    customers: dict[str, str] = {}
    for name, customer in topology.customers.items():
        for sae in customer.saes:
            if sae not in served:
                yield f"customers.{name}.saes has {sae!r}, which no node serves"
            if sae in customers:
                yield f"customers.{name}.saes has {sae!r}, which is customers.{customers[sae]}'s"
            customers[sae] = name


def _strangers(key: str, pair: Pair, topology: Topology) -> Iterator[str]:
    for node in pair:
        if node not in topology.nodes:
            yield f"{key} has {node!r}, expected one of {_names(topology.nodes)}"


def _names(table: dict[str, Any]) -> str:
    names = list(table)
    return ", ".join(names[:12]) + (" …" if len(names) > 12 else "") if names else "none: there is none"
