"""``qkdctl keys get``: keys from a key server, as an application gets them."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from qkdctl.cli.output import err, print_json
from qkdctl.cli.plain import plain
from qkdctl.errors import RecordingError, UsageError
from qkdctl.keystore.secret import Secret
from qkdctl.kme.client import DeliveredKey, KmeClient

FILE = click.Path(path_type=Path)


@click.command()
@click.option("--kme", "url", required=True, metavar="URL", help="The key server, https://HOST:PORT.")
@click.option("--cert", "certificate", type=FILE, required=True, help="This application's certificate.")
@click.option("--key", "private_key", type=FILE, required=True, help="The certificate's private key.")
@click.option("--ca", type=FILE, required=True, help="The CA that signed the key server's certificate.")
@click.option("--kme-id", help="Accept no other key server.")
@click.option("--slave", help="Get new keys, to share with this SAE.")
@click.option("--also", multiple=True, help="Another SAE to share them with.")
@click.option("--number", type=click.IntRange(min=1), help="How many.")
@click.option("--size", type=click.IntRange(min=1), help="Of how many bits.")
@click.option("--hybrid", is_flag=True, help="Combine them with ML-KEM, or get none.")
@click.option("--master", help="Get the keys that this SAE was given.")
@click.option("--id", "key_ids", multiple=True, help="The ID of such a key.")
@click.option("--to", "directory", type=FILE, help="Write each key to a file of its ID in this directory.")
def get(
    url: str, certificate: Path, private_key: Path, ca: Path, kme_id: str | None, slave: str | None,
    also: tuple[str, ...], number: int | None, size: int | None, hybrid: bool, master: str | None,
    key_ids: tuple[str, ...], directory: Path | None,
) -> None:  # fmt: skip
    """Get keys from a key server (ETSI GS QKD 014): new ones for a --slave, or by --id from a --master.

    Without --to they are printed, as a Key container: mind who sees it.
    """
    if (slave is None) == (master is None) or (master is None) == bool(key_ids):
        raise UsageError("give either --slave for new keys, or --master with the --id of each key")
    if directory is not None:
        check_places(directory, [key_id.lower() for key_id in key_ids])
    with KmeClient(url, certificate, private_key, ca, kme_id) as kme:
        if slave is not None:
            mandatory = {"qkdctl_hybrid": True} if hybrid else {}
            keys = kme.get_keys(slave, number, size, additional=also, mandatory=mandatory)
        else:
            keys = kme.get_keys_by_id(master or "", key_ids)
    if directory is None:
        print_json({"keys": [_shown(key) for key in keys]})
    else:
        _write_all(directory, keys)


def _shown(key: DeliveredKey) -> dict[str, object]:
    value = base64.b64encode(key.value.reveal()).decode()
    return {"key_ID": key.id, "key": value, "key_extension": dict(key.extension)}


def _write_all(directory: Path, keys: Sequence[DeliveredKey]) -> None:
    """Write keys; one that cannot be written does not keep the others from it."""
    failures = []
    for key in keys:
        try:
            write_key(directory / key.id, key.value)
        except RecordingError as error:
            failures.append(error)
    if failures:
        raise failures[0]


def check_places(directory: Path, names: Iterable[str]) -> None:
    """See that keys can be written before any is asked for: a key server gives each once.

    Parameters
    ----------
    directory : Path
        Made if it is not there.
    names : iterable of str
        Those of the files.

    Raises
    ------
    RecordingError
        If one of them is there, or the directory takes no files.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(f"{directory}: cannot be made, or is no directory: {error.strerror}") from None
    if not os.access(directory, os.W_OK | os.X_OK):
        raise RecordingError(f"{directory}: cannot be written to; name another directory with --to")
    for path in (directory / name for name in names):
        if os.path.lexists(path):
            raise RecordingError(
                f"{path}: is there already, and may be another key; name another directory with --to"
            )


def write_key(path: Path, value: Secret) -> None:
    """Write a key to a new file, for its owner only.

    Raises
    ------
    RecordingError
        If it cannot be written; then no part of it is there.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(value.reveal())
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {error.strerror}") from None
    err.print(plain(f"wrote {path}"))
