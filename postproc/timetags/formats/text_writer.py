"""Write time tags as text; see `text_reader` for the form."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from postproc.timetags.header import TagHeader
from postproc.timetags.types import Gap, TagChunk


def write_text(
    path: Path, chunks: Iterable[TagChunk], header: TagHeader, *, comma: bool, zipped: bool
) -> None:
    """Write a recording of time tags.

    Parameters
    ----------
    path : Path
        An existing file, which is overwritten.
    chunks : iterable of TagChunk
        The recording, its spans joined.
    header : TagHeader
        Written ahead of the tags.
    comma : bool
        Separate the columns by a comma instead of a blank.
    zipped : bool
        Compress with gzip.
    """
    with path.open("wb") as raw:
        if not zipped:
            _write(raw, chunks, header, "," if comma else " ")
            return
        # mtime and name are left out: the same recording gives the same file
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed:
            _write(io.BufferedWriter(packed, 2**17), chunks, header, "," if comma else " ")


def _write(out: IO[bytes], chunks: Iterable[TagChunk], header: TagHeader, separator: str) -> None:
    for text in _lines(chunks, header, separator):
        out.write(text.encode("utf-8"))
    out.flush()


def _lines(chunks: Iterable[TagChunk], header: TagHeader, separator: str) -> Iterator[str]:
    yield f"# qkdctl tags: time_ps{separator}channel\n"
    yield from _header_lines(header)
    stop_ps = None
    for chunk in chunks:
        if stop_ps is None:
            yield f"# start_ps: {chunk.start_ps}\n"
        stop_ps = chunk.stop_ps
        yield from (_gap_line(gap) for gap in chunk.gaps)
        pairs = zip(chunk.time_ps.tolist(), chunk.channel.tolist(), strict=True)
        yield "".join([f"{time_ps}{separator}{channel}\n" for time_ps, channel in pairs])
    yield f"# stop_ps: {stop_ps}\n"


def _header_lines(header: TagHeader) -> Iterator[str]:
    if header.resolution_ps is not None:
        yield f"# resolution_ps: {header.resolution_ps}\n"
    if header.channels:
        yield f"# channels: {_json(header.channels)}\n"
    if header.markers:
        yield f"# markers: {_json(header.markers)}\n"
    if header.metadata:
        yield f"# metadata: {_json(header.metadata)}\n"


def _gap_line(gap: Gap) -> str:
    lost = "" if gap.lost is None else f" {gap.lost}"
    return f"# gap: {gap.first_ps} {gap.last_ps} {gap.reason}{lost}\n"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode("utf-8")
