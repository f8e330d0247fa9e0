"""What every reader offers, whatever the encoding."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from postproc.timetags.cutting import TagBlock
from postproc.timetags.header import StateHeader, TagHeader
from postproc.timetags.types import StateChunk

#: More gaps than this in one recording are refused, so that a hostile file cannot fill the memory with them.
MAX_GAPS = 2**18


class Source(Protocol):
    """A file, open for reading."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def format(self) -> str:
        """How the file is encoded."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class TagSource(Source, Protocol):
    """A file of time tags, open for reading."""

    @property
    def header(self) -> TagHeader:
        """What the file says of itself."""
        ...

    @property
    def assumed_tick_ps(self) -> float | None:
        """The tick that was assumed, where neither the file nor the caller named one."""
        ...

    @property
    def sorts(self) -> bool:
        """Whether tags a little out of order are what such files may well have."""
        ...

    def blocks(self) -> Iterator[TagBlock]:
        """Read from the beginning, in portions of bounded size; every call starts a new pass."""
        ...


class StateSource(Source, Protocol):
    """A file of prepared states, open for reading."""

    @property
    def header(self) -> StateHeader:
        """What the file says of itself."""
        ...

    @property
    def first_slot(self) -> int:
        """Number of the first slot."""
        ...

    @property
    def n_slots(self) -> int:
        """How many slots there are."""
        ...

    def chunks(self, max_slots: int) -> Iterator[StateChunk]:
        """Read from the beginning, `max_slots` slots at a time; every call starts a new pass."""
        ...
