"""``qkdctl kme``: serve keys to applications, and make the certificates for a laboratory."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

import click

from qkdctl.cli.output import err
from qkdctl.cli.plain import plain
from qkdctl.kme.ca import Authority
from qkdctl.kme.config import KmeConfig, host_and_port, load_config

FILE = click.Path(path_type=Path)


@click.group()
def kme() -> None:
    """Serve keys to applications (ETSI GS QKD 014)."""


@kme.command()
@click.argument("config", type=FILE)
@click.option("--verbose", is_flag=True, help="Say also why the other KME cannot be reached.")
def serve(config: Path, verbose: bool) -> None:
    """Serve the keys of the store that CONFIG names, until Ctrl-C or SIGTERM."""
    from qkdctl.kme.hygiene import harden

    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(message)s")
    settled = load_config(config)
    harden()
    import uvloop

    uvloop.run(_serve(settled))


async def _serve(config: KmeConfig) -> None:
    from qkdctl.kme.serve import running

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(config) as port:
        host, _ = host_and_port(config.listen)
        lab = ", a laboratory's: also recorded and emulated keys" if config.lab else ""
        err.print(
            plain(f"{config.id} serves {config.party.capitalize()}'s keys at https://{host}:{port}{lab}")
        )
        if config.streams:
            err.print(plain(f"{config.id} serves key streams (ETSI GS QKD 004) at {config.streams}"))
        await stop.wait()
    err.print(f"{config.id} has stopped")


@kme.command()
@click.argument("directory", type=FILE)
@click.option(
    "--kme", "kmes", multiple=True, metavar="ID[=HOST,...]", help="Make a key server's certificate."
)
@click.option("--sae", "saes", multiple=True, metavar="ID", help="Make an application's certificate.")
@click.option("--days", type=click.FloatRange(min=0, min_open=True), default=365.0, show_default=True)
@click.option("--revoke", multiple=True, metavar="ID", help="Put a certificate on the revocation list.")
def ca(
    directory: Path, kmes: tuple[str, ...], saes: tuple[str, ...], days: float, revoke: tuple[str, ...]
) -> None:
    """Make a small CA in DIRECTORY for a laboratory, and certificates; what is there already stays.

    A key server is reached as localhost unless hosts are named.
    """
    authority = Authority(directory)
    for text in kmes:
        name, _, hosts = text.partition("=")
        made = authority.issue("kme", name, hosts.split(",") if hosts else ["localhost", "127.0.0.1"], days)
        _say(authority, name, made)
    for name in saes:
        _say(authority, name, authority.issue("sae", name, days=days))
    for name in revoke:
        authority.revoke(name)
        err.print(plain(f"{name} is on the revocation list {directory / 'ca.crl'}"))


def _say(authority: Authority, name: str, made: bool) -> None:
    err.print(plain(f"{'wrote' if made else 'there is already'} {authority.path(name)}"))
