"""Where a page for the browser is served, and by which names it may be called there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from qkdctl.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

LOOPBACK = "127.0.0.1"
OWN = frozenset({LOOPBACK, "localhost", "::1"})
EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - refused without names


def served_options(command: F) -> F:
    """Add the options; the command gets `host`, `port` and `names`."""
    for option in (
        click.option(
            "--name",
            "names",
            multiple=True,
            help="Another name by which it may be called; needed to serve on all addresses.",
        ),
        click.option(
            "--port", type=click.IntRange(0, 65535), default=0, help="Port; one that is free by default."
        ),
        click.option(
            "--host",
            default=LOOPBACK,
            show_default=True,
            help="Address to serve on; this machine only, by default.",
        ),
    ):
        command = option(command)
    return command


def names_of(host: str, names: tuple[str, ...]) -> frozenset[str]:
    """Give the names by which the page may be called: elsewhere, one can be bent to this machine's address.

    Raises
    ------
    UsageError
        If it is to be served on all addresses, and nobody says how it is called there.
    """
    if host in EVERYWHERE and not names:
        raise UsageError(
            f"--host {host}: say by which names or addresses the page is called there, such as --name lab.example.org; "
            "to whoever calls it otherwise it tells nothing"
        )
    return frozenset({host, *names, *OWN})
