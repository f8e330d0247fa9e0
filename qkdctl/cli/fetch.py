"""``qkdctl keys get``: keys from a key server, as an application gets them."""

from __future__ import annotations

import base64
import os
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
    with KmeClient(url, certificate, private_key, ca, kme_id) as kme:
        if slave is not None:
            mandatory = {"qkdctl_hybrid": True} if hybrid else {}
            keys = kme.get_keys(slave, number, size, additional=also, mandatory=mandatory)
        else:
            keys = kme.get_keys_by_id(master or "", key_ids)
    if directory is None:
        print_json({"keys": [_shown(key) for key in keys]})
    else:
        for key in keys:
            write_key(directory / key.id, key.value)


def _shown(key: DeliveredKey) -> dict[str, object]:
    value = base64.b64encode(key.value.reveal()).decode()
    return {"key_ID": key.id, "key": value, "key_extension": dict(key.extension)}


def write_key(path: Path, value: Secret) -> None:
    """Write a key to a new file, for its owner only."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(value.reveal())
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {error.strerror}") from None
    err.print(plain(f"wrote {path}"))
