"""Bytes of a file, through gzip where the content says so, with the faults of both put into one sentence."""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from postproc.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"
_HEAD_BYTES = 4096


class Bytes(Protocol):
    """Something to read bytes from."""

    def read(self, size: int, /) -> bytes:
        """Give the next `size` bytes; fewer only at the end."""
        ...


@contextmanager
def input_errors(path: Path) -> Iterator[None]:
    """Turn what goes wrong while bytes are read into `InputError`."""
    try:
        yield
    except EOFError:
        raise InputError(f"{path} is cut short: its gzip stream has no end; copy the file again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path} is a damaged gzip file ({error}); copy the file again") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None


def check_regular_file(path: Path) -> None:
    """Refuse what is not there, and what never ends or never answers: directories, devices, pipes."""
    with input_errors(path):
        mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "no regular file"
        raise InputError(f"cannot read {path}: it is {what}; give the path of a recording")


@contextmanager
def open_bytes(path: Path) -> Iterator[Bytes]:
    """Open for reading; gzip is seen through."""
    with input_errors(path), path.open("rb") as raw:
        zipped = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        raw.seek(0)
        if not zipped:
            yield raw
            return
        with gzip.open(raw) as unzipped:
            yield unzipped


def read_head(path: Path) -> bytes:
    """Give the first few kilobytes of the content; short only if the content is."""
    check_regular_file(path)
    with open_bytes(path) as content:
        return content.read(_HEAD_BYTES)
