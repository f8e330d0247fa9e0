"""``qkdctl keys``: what is in a key store, and taking a key out of it, once."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import click

from postproc.types import Role
from qkdctl.cli.fetch import get
from qkdctl.cli.output import err, json_option, out, print_json
from qkdctl.cli.plain import plain
from qkdctl.cli.stores import existing_store, party_option, store_option
from qkdctl.cli.stream import stream
from qkdctl.errors import RecordingError, UsageError
from qkdctl.keystore.entry import LABELS, KeyEntry
from qkdctl.keystore.export import export_key
from qkdctl.keystore.pair import PARTIES
from qkdctl.keystore.quarantine import quarantine as put_aside
from qkdctl.keystore.zeroise import zeroise as destroy_all

ACCEPTABLE = [label for label in LABELS if label not in ("secret", "quarantined")]


@click.group()
def keys() -> None:
    """List, export, fetch and destroy keys."""


@keys.command("list")
@party_option
@store_option
@json_option
def list_keys(party: Role, directory: Path, as_json: bool) -> None:
    """List the keys of a party, session by session; their values stay where they are."""
    with existing_store(directory, party) as store:
        entries = store.entries()
        left = {sender: store.pool.remaining(sender) for sender in PARTIES}
    if as_json:
        print_json({"keys": [asdict(entry) for entry in entries], "one_time_authentication_keys": left})
        return
    for _, session in groupby(entries, lambda entry: (entry.session, entry.label)):
        _print_session(list(session))
    out.print(
        f"{len(entries)} keys at {party.capitalize()}; authentication keys left: {left['alice']} for Alice's "
        f"words, {left['bob']} for Bob's"
    )


@keys.command()
@click.argument("key_id")
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--accept",
    multiple=True,
    type=click.Choice(ACCEPTABLE),
    help="Export a key in spite of this label.",
)
@party_option
@store_option
def export(key_id: str, target: Path, accept: tuple[str, ...], party: Role, directory: Path) -> None:
    """Write a key to FILE (raw bytes, first bit in the lowest place) and strike it from the store.

    A key leaves the store once. Its other copy waits at the other party.
    """
    with existing_store(directory, party) as store:
        entry = store.entry(key_id)
        if entry is None:
            raise RecordingError(f"{key_id}: {party.capitalize()} has no such key; see: qkdctl keys list")
        if entry.label == "quarantined":
            raise UsageError(
                f"key {key_id} is quarantined: it did not look random, or was put aside; nobody gets it"
            )
        if entry.label != "secret" and entry.label not in accept:
            raise UsageError(
                f"key {key_id} is labelled {_label(entry)} and protects nothing; to have it all the same, "
                f"add --accept {entry.label}"
            )
        export_key(store, key_id, target)
    err.print(plain(f"wrote {entry.length_bits:,} bits to {target}; the store has forgotten them"))


@keys.command()
@click.argument("key_ids", nargs=-1, required=True)
@party_option
@store_option
def quarantine(key_ids: tuple[str, ...], party: Role, directory: Path) -> None:
    """Take keys that are doubted out of use: nothing more of them is delivered at this end.

    Of what was cut from them for applications, what nobody has collected here is lost. Who had some before is in the
    audit log, under `cut_from`. The other party's copies, and what waits there, are put aside there.
    """
    with existing_store(directory, party) as store:
        lost = sum(put_aside(store, key_id) for key_id in key_ids)
    err.print(
        f"{len(key_ids)} keys at {party.capitalize()} are quarantined; {lost} keys of applications waited, and are lost"
    )


@keys.command()
@party_option
@store_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def zeroise(party: Role, directory: Path, yes: bool) -> None:
    """Destroy all keys of a party, and what they were encrypted with; this cannot be undone."""
    with existing_store(directory, party) as store:
        if not yes:
            click.confirm(f"Destroy all keys in {store.path}?", abort=True, err=True)
        destroy_all(store)
    err.print(plain(f"all keys in {store.path} are destroyed; the other party still has its own"))


def _print_session(entries: list[KeyEntry]) -> None:
    first = entries[0]
    made = first.made_at.removesuffix("+00:00").replace("T", " ")
    origin = first.origin
    out.print(plain(f"{made} UTC  {origin.scenario}: {origin.protocol}, {origin.proof}; {_label(first)}"))
    for entry in entries:
        state = entry.label if entry.label == "quarantined" else entry.state
        out.print(f"  {entry.id}  {entry.length_bits:>10,} bits  {state}")


def _label(entry: KeyEntry) -> str:
    waived = ", ".join(entry.origin.waived)
    return f"{entry.label} ({waived} waived)" if waived else entry.label


keys.add_command(get)
keys.add_command(stream)
