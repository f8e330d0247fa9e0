"""Recordings in segments: a folder of closed files, each whole by itself.

A recorder that is killed loses at most the segment that it was at: every other one has its name and is on the disk.
The folder is read as one recording. A segment that is missing between two others leaves a gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from postproc.errors import InputError
from postproc.timetags.formats.plain_or_gzip import input_errors
from postproc.timetags.formats.sealed import RecordingKey
from postproc.timetags.formats.segment_folder import SEGMENT_NAME
from postproc.timetags.header import TagHeader
from postproc.timetags.types import TagChunk
from postproc.timetags.writing import write_recording

#: Tags after which a segment is closed: some 13 MB.
TAGS_PER_SEGMENT: Final = 2**22


class SegmentWriter:
    """Write a recording segment by segment; a context manager.

    Parameters
    ----------
    folder : Path
        Made if it is missing, for its owner only; must hold no segments.
    header : TagHeader
    key : RecordingKey, optional
        Encrypts the segments.
    max_tags : int
        Tags after which a segment is closed.

    Raises
    ------
    InputError
        Here or later, if the folder cannot be written, or chunks do not join.
    """

    def __init__(
        self,
        folder: Path,
        header: TagHeader,
        *,
        key: RecordingKey | None = None,
        max_tags: int = TAGS_PER_SEGMENT,
    ) -> None:
        self._folder, self._header, self._key, self._max_tags = folder, header, key, max_tags
        self._waiting: list[TagChunk] = []
        self._reached: int | None = None
        self._next = 1
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot write {folder}: {error.strerror or error}") from None
        with input_errors(folder):
            others = any(SEGMENT_NAME.fullmatch(path.name) for path in folder.iterdir())
        if others:
            raise InputError(f"cannot write {folder}: it holds the segments of another recording")

    def append(self, chunk: TagChunk) -> None:
        """Take the next chunk; its span begins where the last one ended."""
        if self._reached is not None and chunk.start_ps != self._reached:
            raise InputError(
                f"cannot write {self._folder}: a chunk starts at {chunk.start_ps} ps, the last ended at {self._reached}"
            )
        self._waiting.append(chunk)
        self._reached = chunk.stop_ps
        if sum(map(len, self._waiting)) >= self._max_tags:
            self.end_segment()

    def end_segment(self) -> None:
        """Close the segment that is being written, so that nothing of it can be lost any more."""
        if self._waiting:
            write_recording(self._folder / f"{self._next:06}.h5", self._waiting, self._header, key=self._key)
            self._waiting = []
            self._next += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_segment()


def write_segments(
    folder: Path, chunks: Iterable[TagChunk], header: TagHeader, *, key: RecordingKey | None = None
) -> None:
    """Write a whole recording in segments."""
    with SegmentWriter(folder, header, key=key) as writer:
        for chunk in chunks:
            writer.append(chunk)
