"""``qkdctl health``: how the nodes on this machine are."""

from __future__ import annotations

import click
import msgspec
from rich import box
from rich.table import Table

from qkdctl.cli.output import json_option, out, print_json
from qkdctl.cli.plain import plain
from qkdctl.node.health import Health, ask_health


@click.command()
@json_option
def health(as_json: bool) -> int:
    """Say how every node on this machine is: state, reason, keys, processes.

    Ends with 0 if all are well, with 1 if one has paused, failed, hangs or is gone, with 5 if there is none.
    """
    nodes = list(ask_health())
    if as_json:
        print_json({"nodes": [{**msgspec.to_builtins(node), "well": node.well} for node in nodes]})
    else:
        out.print(_table(nodes) if nodes else "no node runs on this machine")
    if not nodes:
        return 5
    return 0 if all(node.well for node in nodes) else 1


def _table(nodes: list[Health]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for name in ("node", "pid", "state", "since", "sessions", "keys", "processes", "reason"):
        table.add_column(name, overflow="fold")
    for node in nodes:
        running = sum(code is None for code in node.processes.values())
        table.add_row(
            node.role,
            str(node.pid),
            node.state,
            node.since,
            str(node.sessions),
            f"{node.keys:,}",
            f"{running} of {len(node.processes)}",
            plain(node.reason),
            style=None if node.well else "red",
        )
    return table
