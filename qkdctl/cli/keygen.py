"""``qkdctl keygen``: the keys by which two nodes know each other."""

from __future__ import annotations

from pathlib import Path

import click

from qkdctl.cli.output import err
from qkdctl.node.curve_keys import make_keys


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def keygen(file: Path) -> None:
    """Make a node's CURVE keys in a new FILE, and print the public one for the other node."""
    keys = make_keys(file)
    err.print(f"wrote {file}; keep it at this node. The other node needs this public key:")
    click.echo(keys.public)
