"""How a network's nodes and links are shown."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from qkdctl.network import control
from qkdctl.network import forecast as ahead
from qkdctl.network.link_specs import LinkSpec
from qkdctl.network.state import NodeState


def look_ahead(
    spec: LinkSpec, state: NodeState, horizon_s: float, taken_bytes_per_s: float
) -> dict[str, Any]:
    """Say how much key a link will have."""
    free = next((link.free_bytes for link in state.links if link.name == spec.name), 0)
    levels = ahead.forecast(spec, free, state.scenario_s, horizon_s, taken_bytes_per_s)
    dry, coming = ahead.runs_dry_s(levels), ahead.next_key_s(spec, state.scenario_s, horizon_s)
    hours = [None if at is None else round((at - state.scenario_s) / 3600, 3) for at in (coming, dry)]
    return {
        "name": spec.name,
        "kind": spec.kind,
        "bits": 8 * free,
        "bits_then": round(8 * levels[-1].free_bytes),
        "next_key_h": hours[0],
        "runs_dry_h": hours[1],
    }


def forecast_table(found: list[dict[str, Any]], hours: float) -> Table:
    """What :func:`look_ahead` says of all links, for people."""
    table = Table(
        "link", "kind", "now, bits", "next key", f"in {hours:g} h, bits", "runs dry", box=box.SIMPLE_HEAD
    )
    for column in table.columns:
        column.no_wrap = True
    for link in found:
        table.add_row(
            link["name"],
            link["kind"],
            f"{link['bits']:,}",
            _in_hours(link["next_key_h"]),
            f"{link['bits_then']:,}",
            _in_hours(link["runs_dry_h"]) if link["runs_dry_h"] is not None else "never",
        )
    return table


def _in_hours(hours: float | None) -> str:
    return "none" if hours is None else f"in {hours:.2f} h"


def figures(nodes: list[control.NodeStatus]) -> dict[str, Any]:
    """Nodes and links, as one object."""
    return {
        "nodes": [
            {
                "name": one.name,
                "domain": one.spec.domain if one.spec else None,
                "process": one.process,
                "url": one.state.url if one.state and one.spec else None,
                "streams": one.state.streams if one.state else "",
                "saes": list(one.spec.saes) if one.spec else [],
                "keys": one.state.keys if one.state else {},
            }
            for one in nodes
        ],
        "links": _links(nodes),
    }


def _links(nodes: list[control.NodeStatus]) -> list[dict[str, Any]]:
    """All links: up if both ends call them so, with as much key as the end that has less."""
    found: dict[str, dict[str, Any]] = {}
    for one in nodes:
        told = {link.name: link for link in one.state.links} if one.state and one.process else {}
        for spec in one.spec.links if one.spec else ():
            link = told.get(spec.name)
            entry = found.setdefault(
                spec.name, {"name": spec.name, "kind": spec.kind, "ends": [], "up": True, "free_bits": None}
            )
            entry["ends"].append(one.name)
            entry["up"] = entry["up"] and link is not None and link.up
            bits = 8 * link.free_bytes if link else 0
            entry["free_bits"] = bits if entry["free_bits"] is None else min(bits, entry["free_bits"])
    return list(found.values())


def node_table(nodes: list[control.NodeStatus]) -> Table:
    """Nodes, for people."""
    table = Table(
        "node", "domain", "", "address", "streams", "applications", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for column in table.columns[:5]:
        column.no_wrap = True
    for one in nodes:
        state = Text("runs", "green") if one.process else Text("down", "red")
        url = one.state.url if one.state and one.process else ""
        domain = one.spec.domain if one.spec else "in orbit"
        streams = (
            f":{one.state.streams.rpartition(':')[2]}" if url and one.state and one.state.streams else ""
        )
        table.add_row(one.name, domain, state, url, streams, ", ".join(one.spec.saes) if one.spec else "")
    return table


def link_table(nodes: list[control.NodeStatus]) -> Table:
    """Links, for people."""
    table = Table("link", "between", "kind", "", "key, bits", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns:
        column.no_wrap = True
    table.columns[-1].justify = "right"
    for link in _links(nodes):
        state = Text("up", "green") if link["up"] else Text("down", "red")
        table.add_row(link["name"], " – ".join(link["ends"]), link["kind"], state, f"{link['free_bits']:,}")
    return table
