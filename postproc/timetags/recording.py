"""Open a recording, whatever its format: know what is in it, and read it chunk by chunk in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from postproc.errors import InputError
from postproc.timetags.cutting import DEFAULT_MAX_TAGS, TagBlock, cut, ordered
from postproc.timetags.formats.choice import Form, open_source
from postproc.timetags.formats.sealed import RecordingKey
from postproc.timetags.formats.sources import Source, StateSource, TagSource
from postproc.timetags.header import RecordingInfo, StateHeader, TagHeader
from postproc.timetags.reordering import Disorder, reordered
from postproc.timetags.scaling import Ratio
from postproc.timetags.survey import survey_states, survey_tags
from postproc.timetags.types import StateChunk, TagChunk

DEFAULT_MAX_SLOTS: Final = 2**20


class _File:
    """What both kinds of recording share."""

    def __init__(self, source: Source) -> None:
        self._file = source

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def format(self) -> str:
        """How the file is encoded."""
        return self._file.format

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class TagRecording(_File):
    """One party's time tags."""

    kind: Final[Literal["tags"]] = "tags"

    def __init__(self, source: TagSource, *, sort: bool = False) -> None:
        super().__init__(source)
        self._source = source
        self._sort = sort or source.sorts
        self.disorder = Disorder()

    @property
    def header(self) -> TagHeader:
        """What the file says of itself."""
        return self._source.header

    @cached_property
    def info(self) -> RecordingInfo:
        """Counts, span, gaps and disorder, from one pass over the file."""
        return survey_tags(self._source)

    def chunks(self, max_tags: int = DEFAULT_MAX_TAGS) -> Iterator[TagChunk]:
        """Read from the beginning; see :func:`~postproc.timetags.cutting.cut`.

        Raises
        ------
        InputError
            As soon as a tag is out of order (where they are not sorted), or the file turns out to be damaged.
        """
        return cut(self.ascending(), str(self.path), max_tags)

    def ascending(self) -> Iterator[TagBlock]:
        """Read from the beginning, in order: an instrument's own file is sorted, and `disorder` says how much.

        Raises
        ------
        InputError
            As `chunks`.
        """
        name = str(self.path)
        if not self._sort:
            return ordered(self._source.blocks(), name)
        self.disorder = Disorder()
        return ordered(reordered(self._source.blocks(), name, disorder=self.disorder), name)

    def blocks(self) -> Iterator[TagBlock]:
        """Read from the beginning as the file has it, disorder included."""
        return self._source.blocks()


class StateRecording(_File):
    """Alice's prepared states."""

    kind: Final[Literal["states"]] = "states"

    def __init__(self, source: StateSource) -> None:
        super().__init__(source)
        self._source = source

    @property
    def header(self) -> StateHeader:
        """What the file says of itself."""
        return self._source.header

    @cached_property
    def info(self) -> RecordingInfo:
        """Span and number of slots."""
        return survey_states(self._source)

    def chunks(self, max_slots: int = DEFAULT_MAX_SLOTS) -> Iterator[StateChunk]:
        """Read from the beginning, `max_slots` slots at a time.

        Raises
        ------
        InputError
            As soon as the file turns out to be damaged.
        """
        return self._source.chunks(max_slots)


Recording = TagRecording | StateRecording


def open_recording(
    path: str | PathLike[str],
    *,
    tick_ps: Ratio | None = None,
    form: Form | None = None,
    sort: bool = False,
    key: RecordingKey | None = None,
) -> Recording:
    """Open a recording of either kind; the format is told by the content, not by the name.

    Parameters
    ----------
    path : path-like
        HDF5 recording, a folder of its segments, an instrument's own file, or text; the last two perhaps gzipped.
    tick_ps : number or str, optional
        Unit of a file that does not name its own. Without it one is assumed, and
        ``info.assumed_tick_ps`` says so.
    form : str, optional
        Its format, where the content leaves that open: see :data:`~postproc.timetags.formats.choice.FORMS`.
    sort : bool
        Sort tags that are out of order by up to 1 ms. Instruments' own files are sorted in any case.
    key : RecordingKey, optional
        Of an encrypted recording.

    Returns
    -------
    TagRecording or StateRecording
        A context manager; its `kind` says which.

    Raises
    ------
    InputError
        If the file cannot be read or is no recording; later passes over it raise the same.
    """
    source = open_source(Path(path), tick_ps, form, key)
    if isinstance(source.header, TagHeader):
        return TagRecording(source, sort=sort)
    return StateRecording(source)


def open_tags(
    path: str | PathLike[str],
    *,
    tick_ps: Ratio | None = None,
    form: Form | None = None,
    sort: bool = False,
    key: RecordingKey | None = None,
) -> TagRecording:
    """Open a recording that must be time tags; otherwise as `open_recording`."""
    recording = open_recording(path, tick_ps=tick_ps, form=form, sort=sort, key=key)
    if isinstance(recording, TagRecording):
        return recording
    recording.close()
    raise InputError(f"{path} holds prepared states; expected a recording of time tags")


def open_states(path: str | PathLike[str]) -> StateRecording:
    """Open a recording that must be prepared states; otherwise as `open_recording`."""
    recording = open_recording(path)
    if isinstance(recording, StateRecording):
        return recording
    recording.close()
    raise InputError(f"{path} holds time tags; expected a recording of prepared states")
