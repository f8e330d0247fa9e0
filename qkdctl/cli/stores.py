"""Options about key stores, shared by commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from postproc.types import Role
    from qkdctl.keystore.store import KeyStore

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_DIRECTORY = Path("qkdctl-keys")


def store_option(command: F) -> F:
    """Add ``--store``."""
    return click.option(
        "--store",
        "directory",
        type=click.Path(path_type=Path),
        default=DEFAULT_DIRECTORY,
        show_default=True,
        help="Directory of the key stores, one file for each party.",
    )(command)


def party_option(command: F) -> F:
    """Add ``--party``."""
    return click.option(
        "--party",
        type=click.Choice(("alice", "bob")),
        default="alice",
        show_default=True,
        help="Whose key store.",
    )(command)


def existing_store(directory: Path, party: Role) -> KeyStore:
    """Open a party's key store.

    Raises
    ------
    RecordingError
        If there is none.
    """
    from qkdctl.errors import RecordingError
    from qkdctl.keystore.pair import store_path
    from qkdctl.keystore.place import is_there
    from qkdctl.keystore.store import KeyStore

    path = store_path(directory, party)
    if not is_there(path):
        raise RecordingError(f"{path}: there is no key store; name its directory with --store")
    return KeyStore(path, party)
