"""``qkdctl keys stream``: chunks of a key stream from a key server, as an application gets them."""

from __future__ import annotations

import base64
from pathlib import Path
from uuid import UUID

import click

from qkdctl.cli.fetch import FILE, write_key
from qkdctl.cli.output import err, print_json
from qkdctl.cli.plain import plain
from qkdctl.kme.streams.answers import NO_KSID
from qkdctl.kme.streams.client import StreamClient, StreamKey


@click.command()
@click.option("--kme", "address", required=True, metavar="HOST:PORT", help="The key server's streams.")
@click.option("--cert", "certificate", type=FILE, required=True, help="This application's certificate.")
@click.option("--key", "private_key", type=FILE, required=True, help="The certificate's private key.")
@click.option("--ca", type=FILE, required=True, help="The CA that signed the key server's certificate.")
@click.option("--kme-id", help="Accept no other key server.")
@click.option("--source", required=True, metavar="SAE", help="This application.")
@click.option("--destination", required=True, metavar="SAE", help="The application at the other end.")
@click.option(
    "--stream", "ksid", type=click.UUID, help="The stream's ID from the other end; a new stream otherwise."
)
@click.option("--chunk-bytes", type=click.IntRange(min=1), help="The length of a chunk.")
@click.option(
    "--first", type=click.IntRange(min=0), default=0, show_default=True, help="The first chunk's number."
)
@click.option("--count", type=click.IntRange(min=1), default=1, show_default=True, help="How many chunks.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds to wait for the other end.",
)
@click.option(
    "--to", "directory", type=FILE, help="Write each chunk to a file of its number in this directory."
)
def stream(
    address: str, certificate: Path, private_key: Path, ca: Path, kme_id: str | None, source: str,
    destination: str, ksid: UUID | None, chunk_bytes: int | None, first: int, count: int, wait_s: float,
    directory: Path | None,
) -> None:  # fmt: skip
    """Get chunks of a key stream (ETSI GS QKD 004): the same bytes for the same number at both ends.

    Without --to they are printed: mind who sees it.
    """
    with StreamClient(address, certificate, private_key, ca, kme_id) as kme:
        end = kme.open(source, destination, ksid or NO_KSID, chunk_bytes=chunk_bytes or 0)
        err.print(plain(f"stream {end.ksid}, chunks of {end.qos.chunk_bytes} bytes"))
        chunks = [end.get(index, wait_s) for index in range(first, first + count)]
        end.close()
    if directory is None:
        print_json({"stream": str(end.ksid), "chunks": [_shown(chunk) for chunk in chunks]})
    else:
        for chunk in chunks:
            write_key(directory / str(chunk.index), chunk.value)


def _shown(chunk: StreamKey) -> dict[str, object]:
    value = base64.b64encode(chunk.value.reveal()).decode()
    return {"index": chunk.index, "key": value, "metadata": dict(chunk.metadata)}
