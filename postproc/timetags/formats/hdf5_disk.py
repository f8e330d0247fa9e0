"""A place for HDF5 to write to where it never sees an error.

The HDF5 library does not survive an error at the wrong moment: when it cannot write while it closes a file, a
later access ends in a segmentation fault. Two things would do that, and are kept from it here: a full disk,
and the handler of a signal (Ctrl-C) that raises in the midst of a write.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

import h5py

from postproc.timetags.formats.sealed import SALT_BYTES, RecordingKey, seal

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Run(Protocol):
    """Does a step on the thread that HDF5 has, and raises what went wrong with it or with the disk."""

    def __call__(self, step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do it and wait for it."""
        ...


@contextmanager
def hdf5_written(path: Path, key: RecordingKey | None = None) -> Iterator[tuple[Any, Run]]:
    """Write an HDF5 file anew; with a key it is put together in memory and encrypted.

    Python runs signal handlers on the main thread only. HDF5 therefore gets a thread of its own, where every
    step that has begun is finished; an interrupt ends the waiting for it.

    Yields
    ------
    file : h5py.File
        To be touched in steps only.
    run : callable
        Does a step.

    Raises
    ------
    OSError
        From any step, or at the end, if the disk fails.
    """
    place = _Place(path, key)
    with ThreadPoolExecutor(1, "hdf5") as thread:

        def run(step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
            result = thread.submit(step, *args, **kwargs).result()
            place.disk.check()
            return result

        try:
            yield thread.submit(place.open).result(), run
        finally:
            thread.submit(place.close)
    place.disk.check()
    if isinstance(place.disk, _Memory) and key is not None:
        seal(place.disk.contents, path, key, os.urandom(SALT_BYTES))


class _Place:
    """The file, and what HDF5 has of it. Both are opened and closed on HDF5's thread, where nothing interrupts."""

    def __init__(self, path: Path, key: RecordingKey | None) -> None:
        self._path, self._sealed = path, key is not None
        self._opened = ExitStack()
        self.disk: _ShieldedFile | _Memory

    def open(self) -> Any:
        self.disk = _Memory() if self._sealed else _ShieldedFile(self._path, "r+")
        self._opened.enter_context(self.disk)
        # This version of the file format has checksums over its own structure, too.
        return self._opened.enter_context(h5py.File(self.disk, "w", libver=("v110", "v110")))

    def close(self) -> None:
        self._opened.close()


class _Memory(io.BytesIO):
    """A file that never touches the disk; its contents outlive it.

    Tags are never on the disk in the clear: a swap file aside.
    """

    contents = memoryview(b"")

    def close(self) -> None:
        """Keep the contents."""
        if not self.closed:
            self.contents = memoryview(self.getvalue())
        super().close()

    def check(self) -> None:
        """Raise nothing: there is no disk."""


class _ShieldedFile(io.FileIO):
    """A file whose writes always succeed, as far as the writer is told; `check` tells the truth."""

    _failure: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of it, or remember why not."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while rest:
                rest = rest[super().write(rest) :]
        except OSError as failure:
            self._failure = self._failure or failure
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the size, or remember why not."""
        try:
            return super().truncate(size)
        except OSError as failure:
            self._failure = self._failure or failure
            return size or 0

    def check(self) -> None:
        """Raise what went wrong first, if anything did."""
        if self._failure is not None:
            raise self._failure
