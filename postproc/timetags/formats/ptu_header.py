"""The head of PicoQuant's unified files (PTU): tags of a name, an index, a type and a value.

Source: PicoQuant, "Unified TTTR file format", https://github.com/PicoQuant/PicoQuant-Time-Tagged-File-Format-Demos
(the demos' own listing of types and names).
"""

from __future__ import annotations

import struct
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

from postproc.errors import InputError
from postproc.timetags.formats.plain_or_gzip import Bytes, open_bytes
from postproc.timetags.formats.records import skip
from postproc.timetags.formats.text_directives import shorten

MAGIC: Final = b"PQTTTR\0\0"
VERSION: Final = b"1.0.00\0\0"
END: Final = "Header_End"

_TAG = struct.Struct("<32siI8s")

#: More tags than this, or longer contents of one, are no head of a recording.
_MAX_TAGS, _MAX_BYTES = 20_000, 2**26

#: Longer texts are passed over.
_MAX_TEXT = 2**16

PtuValue = int | float | str


class Kind(IntEnum):
    """Types of values."""

    EMPTY = 0xFFFF0008
    BOOL = 0x00000008
    INTEGER = 0x10000008
    BITS = 0x11000008
    COLOUR = 0x12000008
    FLOAT = 0x20000008
    DATE = 0x21000008
    FLOATS = 0x2001FFFF
    TEXT = 0x4001FFFF
    WIDE_TEXT = 0x4002FFFF
    BLOB = 0xFFFFFFFF


class PtuHeader(NamedTuple):
    """Tags by name (of arrays the first one), and the head's length."""

    tags: dict[str, PtuValue]
    size: int


def read_header(path: Path) -> PtuHeader:
    """Read the head of a file that begins with `MAGIC`.

    Raises
    ------
    InputError
        If it is damaged.
    """
    with open_bytes(path) as content:
        size = len(content.read(len(MAGIC) + len(VERSION)))
        tags: dict[str, PtuValue] = {}
        for _ in range(_MAX_TAGS):
            raw = content.read(_TAG.size)
            if len(raw) < _TAG.size:
                raise _damaged(path, "its head has no end")
            name, value, more = _tag(path, raw, content)
            size += _TAG.size + more
            if name == END:
                return PtuHeader(tags, size)
            if value is not None:
                tags.setdefault(name, value)
    raise _damaged(path, f"its head has more than {_MAX_TAGS} entries")


def write_tag(name: str, value: PtuValue | None) -> bytes:
    """Encode a tag; None makes an empty one."""
    more = b""
    match value:
        case None:
            kind, raw = Kind.EMPTY, bytes(8)
        case int():
            kind, raw = Kind.INTEGER, struct.pack("<q", value)
        case float():
            kind, raw = Kind.FLOAT, struct.pack("<d", value)
        case str():
            more = value.encode("latin-1", "replace") + b"\0"
            more += bytes(-len(more) % 8)
            kind, raw = Kind.TEXT, struct.pack("<q", len(more))
    return _TAG.pack(name.encode("ascii"), -1, kind, raw) + more


def _tag(path: Path, raw: bytes, content: Bytes) -> tuple[str, PtuValue | None, int]:
    """Give a tag's name, its value if it is one that matters, and the length of what follows it."""
    name_bytes, _, kind, value = _TAG.unpack(raw)
    name = name_bytes.partition(b"\0")[0].decode("latin-1")
    match kind:
        case Kind.BOOL | Kind.INTEGER | Kind.BITS | Kind.COLOUR:
            return name, int(struct.unpack("<q", value)[0]), 0
        case Kind.FLOAT | Kind.DATE:
            return name, float(struct.unpack("<d", value)[0]), 0
        case Kind.TEXT | Kind.WIDE_TEXT | Kind.FLOATS | Kind.BLOB:
            (size,) = struct.unpack("<q", value)
            return name, _contents(path, name, kind, size, content), size
        case Kind.EMPTY:
            return name, None, 0
    raise _damaged(path, f"{shorten(name)} in its head has the unknown type {kind:#010x}")


def _contents(path: Path, name: str, kind: int, size: int, content: Bytes) -> str | None:
    if not 0 <= size <= _MAX_BYTES:
        raise _damaged(path, f"{shorten(name)} in its head claims {size} bytes")
    if kind not in (Kind.TEXT, Kind.WIDE_TEXT) or size > _MAX_TEXT:
        skip(content, size)
        return None
    encoding = "latin-1" if kind == Kind.TEXT else "utf-16-le"
    return content.read(size).decode(encoding, "replace").partition("\0")[0]


def _damaged(path: Path, what: str) -> InputError:
    return InputError(f"{path} is a damaged PTU file: {what}; copy the file again")
