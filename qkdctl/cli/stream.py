"""``qkdctl keys stream``: chunks of a key stream from a key server, as an application gets them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from uuid import UUID

import click

from qkdctl.cli.fetch import FILE, check_places, write_key
from qkdctl.cli.output import err
from qkdctl.cli.plain import plain
from qkdctl.errors import KmeError
from qkdctl.kme.streams.answers import NO_KSID
from qkdctl.kme.streams.client import KeyStream, StreamClient, StreamKey


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
    if directory is not None:
        check_places(directory, map(str, range(first, first + count)))
    with StreamClient(address, certificate, private_key, ca, kme_id) as kme:
        end = kme.open(source, destination, ksid or NO_KSID, chunk_bytes=chunk_bytes or 0)
        err.print(plain(f"stream {end.ksid}, chunks of {end.qos.chunk_bytes} bytes"))
        # Each as it comes: the key server has forgotten it, and the next may not come.
        with nullcontext(partial(_write, directory)) if directory else _printing(end.ksid) as keep:
            for index in range(first, first + count):
                keep(end.get(index, wait_s))
        _close(end)


def _write(directory: Path, chunk: StreamKey) -> None:
    write_key(directory / str(chunk.index), chunk.value)


@contextmanager
def _printing(ksid: UUID) -> Iterator[Callable[[StreamKey], None]]:
    """Print chunks as one JSON object, which is whole however this ends; nothing where none came."""
    before = f'{{"stream": "{ksid}", "chunks": ['

    def show(chunk: StreamKey) -> None:
        nonlocal before
        click.echo(f"{before}\n{json.dumps(_shown(chunk))}", nl=False)
        before = ","

    try:
        yield show
    finally:
        if before == ",":
            click.echo("\n]}")


def _close(end: KeyStream) -> None:
    try:
        end.close()
    except KmeError as error:
        err.print(plain(f"the stream is not closed, and ends when its time is over: {error}"))


def _shown(chunk: StreamKey) -> dict[str, object]:
    value = base64.b64encode(chunk.value.reveal()).decode()
    return {"index": chunk.index, "key": value, "metadata": dict(chunk.metadata)}
