"""``qkdctl identity``: what two nodes that share no key yet sign with."""

from __future__ import annotations

from pathlib import Path

import click

from qkdctl.cli.output import err
from qkdctl.cli.stores import party_option, store_option


@click.command()
@party_option
@store_option
@click.option(
    "--peer", type=click.Path(path_type=Path), help="The other party's public key: know it from now on."
)
def identity(party: str, directory: Path, peer: Path | None) -> None:
    """Make a party's ML-DSA-65 identity beside its key store, and know the other party's.

    The file printed goes to the other node, by a way on which nobody can exchange it. Once both nodes know each
    other, they sign: in place of a pre-shared key in their first session, and beside its tags ever after.
    """
    from qkdctl.keystore.identity import ensure_identity, know_peer
    from qkdctl.keystore.pair import store_path

    store = store_path(directory, "alice" if party == "alice" else "bob")
    public = ensure_identity(store)
    if peer is not None:
        know_peer(store, peer)
        err.print(f"{party} knows the other party by {peer} now")
    else:
        err.print(f"carry this to the other node, and give it there to qkdctl identity --peer ({public}):")
    click.echo(str(public))
