"""What a node's session came to, in a file beside its logs: written as it comes, read when it is over."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from postproc.errors import ProtocolViolation
from postproc.traffic import Traffic, pack, unpack
from postproc.types import End
from qkdctl.run import without_transcript

RESULTS = "results"
LENGTH_BYTES = 8


class ResultsFile:
    """The file, open for writing after what is there already, for its owner only."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / RESULTS
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(handle, "r+b", buffering=0)
        self._whole = whole = sum(LENGTH_BYTES + len(item) for item in _items(self._file.read()))
        # What a crash has cut short goes, so that what follows can be read.
        self._file.truncate(whole)
        self._file.seek(whole)

    def add(self, result: Traffic) -> None:
        """Append a result."""
        data = pack(without_transcript(result))
        item = len(data).to_bytes(LENGTH_BYTES, "little") + data
        if self._file.write(item) < len(item):
            # What does not fit is taken back, so that what follows can be read.
            self._file.truncate(self._whole)
            self._file.seek(self._whole)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self._whole += len(item)

    def close(self) -> None:
        """Close it."""
        self._file.close()


def read_results(directory: Path) -> list[Traffic]:
    """Read what has been written so far; a result cut short by a crash is left out."""
    try:
        data = (directory / RESULTS).read_bytes()
    except FileNotFoundError:
        return []
    results: list[Traffic] = []
    for item in _items(data):
        try:
            result = unpack(item)
        except ProtocolViolation:
            break
        if not isinstance(result, End):
            results.append(result)
    return results


def _items(data: bytes) -> Iterator[bytes]:
    """Cut a file into its whole items."""
    place = 0
    while place + LENGTH_BYTES <= len(data):
        start = place + LENGTH_BYTES
        place = start + int.from_bytes(data[place:start], "little")
        if place > len(data):
            return
        yield data[start:place]
