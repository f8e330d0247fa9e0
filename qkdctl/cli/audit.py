"""``qkdctl audit``: what happened to keys, and whether the log was changed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from postproc.types import Role
from qkdctl.cli.output import json_option, out, print_json
from qkdctl.cli.plain import plain
from qkdctl.cli.stores import existing_store, party_option, store_option
from qkdctl.errors import UsageError
from qkdctl.keystore.audit import entries, read_head
from qkdctl.keystore.audit import verify as verify_chain


@click.group()
def audit() -> None:
    """Read and verify the audit log of a key store."""


@audit.command()
@party_option
@store_option
@click.option("--since", "first", type=click.IntRange(min=1), default=1, help="The first entry to show.")
def show(party: Role, directory: Path, first: int) -> None:
    """Print the log, one JSON object a line."""
    with existing_store(directory, party) as store, store.transaction() as connection:
        listed = list(entries(connection, first))
    for entry in listed:
        click.echo(json.dumps(entry))


@audit.command()
@party_option
@store_option
@click.option("--head", metavar="NUMBER:DIGEST", help="A head printed earlier, which the log must contain.")
@json_option
def verify(party: Role, directory: Path, head: str | None, as_json: bool) -> None:
    """Go through the chain of entries, and print its head: note it down elsewhere for next time."""
    try:
        known = read_head(head) if head else None
    except ValueError:
        raise UsageError(f"{head!r} is no head; give one as qkdctl audit verify prints it") from None
    with existing_store(directory, party) as store, store.transaction() as connection:
        found = verify_chain(connection, known)
    if as_json:
        print_json({"entries": found.number, "head": str(found)})
    else:
        out.print(plain(f"{found.number} entries, none changed or taken out; head {found}"))
