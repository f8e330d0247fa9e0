"""``qkdctl instruments``: what can be on the bench, and on what evidence."""

from __future__ import annotations

from dataclasses import asdict

import click

from drivers.catalogue import Entry, catalogue
from qkdctl.cli.output import json_option, out, print_json


@click.command()
@click.argument("driver", required=False)
@json_option
def instruments(driver: str | None, as_json: bool) -> None:
    """List the instruments that are supported; of one DRIVER, tell the settings and the evidence."""
    entries = catalogue()
    chosen = [entry for entry in entries if driver in (None, entry.driver)]
    if not chosen:
        known = ", ".join(entry.driver for entry in entries)
        raise click.UsageError(f"there is no driver {driver!r}; there are: {known}")
    if as_json:
        print_json({"instruments": [asdict(entry) for entry in chosen]})
    elif driver is None:
        _print_list(chosen)
    else:
        _print_one(chosen[0])


def _print_list(entries: list[Entry]) -> None:
    width = max(len(entry.driver) for entry in entries)
    kind = ""
    for entry in entries:
        if entry.kind != kind:
            kind = entry.kind
            out.print(kind, style="bold")
        out.print(f"  {entry.driver:{width}}  {entry.what}{'' if entry.emulated else ' (not emulated)'}")


def _print_one(entry: Entry) -> None:
    out.print(entry.what, style="bold")
    rows = {
        "kind": entry.kind,
        "addresses": "one" if entry.ports == ("main",) else ", ".join(entry.ports) or "none",
        "settings": ", ".join(entry.settings) or "none",
        "emulated": "yes" if entry.emulated else "no",
        "source": entry.source or "-",
        "unverified": entry.unverified or "-",
    }
    for name, text in rows.items():
        out.print(f"  {name:11}{text}")
