"""Where a node's tags or states come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from postproc.timetags.recording import open_recording
from postproc.timetags.types import StateChunk, TagChunk
from postproc.types import Alarm

Chunk = TagChunk | StateChunk


class Source(Protocol):
    """A party's instruments, as acquisition sees them."""

    def prepare(self) -> None:
        """Get everything ready, short of the light."""
        ...

    def start(self) -> None:
        """Begin to record; at Alice, switch the light on."""
        ...

    def read(self) -> Chunk | None:
        """Give the next chunk, waiting a little for it; None where the recording has ended."""
        ...

    def look(self) -> Iterable[Alarm]:
        """Look after the instruments, once a second or so; say what is wrong now."""
        ...

    def stop(self) -> None:
        """End the recording and leave everything safe."""
        ...


class Warned:
    """A source, and what is wrong for as long as it records.

    Parameters
    ----------
    source : Source
    standing : sequence of Alarm
    """

    def __init__(self, source: Source, standing: Sequence[Alarm]) -> None:
        self._source, self._standing = source, standing
        self.prepare, self.start, self.read, self.stop = (
            source.prepare,
            source.start,
            source.read,
            source.stop,
        )

    def look(self) -> Iterable[Alarm]:
        """See :class:`Source`."""
        return [*self._standing, *self._source.look()]


class RecordedSource:
    """A recording, as fast as it can be read.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._recording = open_recording(path)
        self._chunks: Iterator[Chunk] = iter(())

    def prepare(self) -> None:
        """See :class:`Source`."""
        self._chunks = iter(self._recording.chunks())

    def start(self) -> None:
        """See :class:`Source`."""

    def read(self) -> Chunk | None:
        """See :class:`Source`."""
        return next(self._chunks, None)

    def look(self) -> Iterable[Alarm]:
        """See :class:`Source`."""
        return ()

    def stop(self) -> None:
        """See :class:`Source`."""
        self._recording.close()
