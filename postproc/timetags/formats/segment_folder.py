"""Read a folder of segments as one recording; see :mod:`postproc.timetags.segments`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock
from postproc.timetags.formats.hdf5_reader import Hdf5Tags, open_hdf5
from postproc.timetags.formats.plain_or_gzip import input_errors
from postproc.timetags.formats.sealed import RecordingKey
from postproc.timetags.types import Gap

SEGMENT_NAME: Final = re.compile(r"[0-9]{6}\.h5")


class SegmentFolder:
    """A folder of segments, read as one recording.

    Parameters
    ----------
    path : Path
    key : RecordingKey, optional

    Raises
    ------
    InputError
        Here or during a pass, if there are no segments, or they are damaged, overlap, or differ in their header.
    """

    assumed_tick_ps = None
    sorts = False

    def __init__(self, path: Path, key: RecordingKey | None) -> None:
        self.path = path
        self._key = key
        with input_errors(path):
            self._segments = sorted(part for part in path.iterdir() if SEGMENT_NAME.fullmatch(part.name))
        if not self._segments:
            raise InputError(
                f"{path} is a directory without segments (000001.h5, ...); give the path of a recording"
            )
        first = self._open(self._segments[0])
        self.format, self.header = f"{first.format}, {len(self._segments)} segments", first.header
        first.close()

    def blocks(self) -> Iterator[TagBlock]:
        """Read segment by segment."""
        reached: int | None = None
        for path in self._segments:
            segment = self._open(path)
            try:
                start, stop = segment.span
                if reached is not None and start < reached:
                    raise InputError(
                        f"{path} starts at {start} ps, and the segment before it ends at {reached} ps"
                    )
                if segment.header != self.header:
                    raise InputError(
                        f"{path} has another header than the first segment: it is another recording's"
                    )
                yield _between(reached, start)
                for block in segment.blocks():
                    yield block._replace(start_ps=None, stop_ps=None)
                reached = stop
            finally:
                segment.close()
        yield TagBlock(np.empty(0, np.int64), np.empty(0, np.uint8), stop_ps=reached)

    def close(self) -> None:
        """Do nothing: each pass opens and closes the segments."""

    def _open(self, path: Path) -> Hdf5Tags:
        source = open_hdf5(path, self._key)
        if isinstance(source, Hdf5Tags):
            return source
        source.close()
        raise InputError(f"{path} holds prepared states, which are not kept in segments")


def _between(reached: int | None, start_ps: int) -> TagBlock:
    """Give the beginning of the recording, or the gap before a segment if there is one."""
    nothing = np.empty(0, np.int64), np.empty(0, np.uint8)
    if reached is None:
        return TagBlock(*nothing, start_ps=start_ps)
    return TagBlock(*nothing, (Gap(reached, start_ps - 1, "dropped"),) if start_ps > reached else ())
