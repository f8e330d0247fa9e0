"""Make a recording out of another: some of its channels, on a clock that runs differently."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock, cut
from postproc.timetags.formats.choice import Form
from postproc.timetags.formats.sealed import RecordingKey
from postproc.timetags.recording import open_tags
from postproc.timetags.reordering import Disorder
from postproc.timetags.scaling import TIME_LIMIT_PS, Ratio, as_ratio, rescale
from postproc.timetags.segments import write_segments
from postproc.timetags.types import Gap
from postproc.timetags.writing import write_recording


class ClockChange(NamedTuple):
    """How a clock's reading becomes another's: ``time' = round(time * rate) + shift_ps``.

    The reading is rounded once, halves upwards, without a detour through doubles.
    """

    rate: Fraction = Fraction(1)
    shift_ps: int = 0

    @classmethod
    def of(cls, *, stretch_ppm: Ratio = 0, shift_ps: int = 0) -> ClockChange:
        """Make one from a stretch about time zero, in parts per million, and a shift after it.

        Raises
        ------
        InputError
            If the stretch is no number above minus a million.
        """
        rate = as_ratio(1 + as_ratio(stretch_ppm, "the stretch in ppm") / 10**6, "the rate")
        if rate <= 0:
            raise InputError(f"a stretch of {stretch_ppm} ppm would make time stand still or run backwards")
        return cls(rate, shift_ps)

    def apply(self, time_ps: NDArray[np.int64]) -> NDArray[np.int64]:
        """Convert readings.

        Raises
        ------
        InputError
            If one leaves the range of times.
        """
        if not len(time_ps):
            return time_ps
        scaled = rescale(time_ps, self.rate)
        extremes = int(scaled.min()) + self.shift_ps, int(scaled.max()) + self.shift_ps
        if not -TIME_LIMIT_PS < extremes[0] <= extremes[1] < TIME_LIMIT_PS - 1:
            raise InputError(
                f"a shift by {self.shift_ps} ps takes times beyond ±{TIME_LIMIT_PS} ps (53 days)"
            )
        return scaled + np.int64(self.shift_ps)

    def instant(self, time_ps: int) -> int:
        """Convert one reading."""
        return int(self.apply(np.array([time_ps], np.int64))[0])


SAME_CLOCK = ClockChange()


def convert(
    source: str | PathLike[str],
    destination: str | PathLike[str],
    *,
    channels: Collection[int] | None = None,
    clock: ClockChange = SAME_CLOCK,
    tick_ps: Ratio | None = None,
    form: Form | None = None,
    to: Form | None = None,
    sort: bool = False,
    key: RecordingKey | None = None,
    new_key: RecordingKey | None = None,
    segments: bool = False,
) -> Disorder:
    """Read time tags and write them again, streamed.

    Parameters
    ----------
    source, destination : path-like
        See :func:`~postproc.timetags.recording.open_recording` and
        :func:`~postproc.timetags.writing.write_recording` for how the formats are chosen. They may be the
        same.
    channels : collection of int, optional
        Which channels to keep; all by default.
    clock : ClockChange
        Applied to tags, gaps and the span alike.
    tick_ps, form, sort
        As for ``open_recording``.
    to : str, optional
        Format of the destination; its suffix says otherwise.
    key, new_key : RecordingKey, optional
        Of the source, and of the destination.
    segments : bool
        Make the destination a folder of segments.

    Returns
    -------
    Disorder
        What was out of order in the source and has been sorted.

    Raises
    ------
    InputError
        If either file is not as it must be, none of the channels occurs, or a time leaves the range.
    """
    with open_tags(source, tick_ps=tick_ps, form=form, sort=sort, key=key) as recording:
        blocks = transform(recording.ascending(), channels, clock, str(source))
        chunks = cut(blocks, str(source))
        if segments:
            write_segments(Path(destination), chunks, recording.header, key=new_key)
        else:
            write_recording(destination, chunks, recording.header, to=to, key=new_key)
        return recording.disorder


def transform(
    blocks: Iterable[TagBlock], channels: Collection[int] | None, clock: ClockChange, name: str
) -> Iterator[TagBlock]:
    """Select channels and change the clock, block by block.

    Raises
    ------
    InputError
        If none of the channels occurs, or a time leaves the range; `name` is how it calls the recording.
    """
    kept = _kept(channels)
    reach: int | None = None
    tags = 0
    for block in _with_span(blocks):
        chosen = kept[block.channel]
        gaps = _gaps(block.gaps, clock, reach)
        reach = gaps[-1].last_ps if gaps else reach
        tags += int(np.count_nonzero(chosen))
        start = None if block.start_ps is None else clock.instant(block.start_ps)
        stop = None if block.stop_ps is None else _end(block.stop_ps - 1, clock) + 1
        yield TagBlock(clock.apply(block.time_ps[chosen]), block.channel[chosen], gaps, start, stop)
    if channels is not None and not tags:
        raise InputError(f"{name} has no tag on any of the channels {str(sorted(channels))[1:-1]}")


def _with_span(blocks: Iterable[TagBlock]) -> Iterator[TagBlock]:
    """State the span where a recording does not, before tags that mark its ends may be left out."""
    start: int | None = None
    stop: int | None = None
    reach: int | None = None
    for block in blocks:
        ends = [*block.time_ps[:1].tolist(), *(gap.first_ps for gap in block.gaps[:1])]
        if start is None and (block.start_ps is not None or ends):
            start = min(ends) if block.start_ps is None else block.start_ps
            block = block._replace(start_ps=start)
        ends = [*block.time_ps[-1:].tolist(), *(gap.last_ps for gap in block.gaps[-1:])]
        reach = max([reach, *ends]) if reach is not None else max(ends, default=None)
        stop = stop if block.stop_ps is None else block.stop_ps
        yield block
    if stop is None and reach is not None:
        yield TagBlock(np.empty(0, np.int64), np.empty(0, np.uint8), stop_ps=reach + 1)


def _kept(channels: Collection[int] | None) -> NDArray[np.bool_]:
    kept = np.full(256, channels is None)
    for channel in channels or ():
        if not 0 <= channel <= 255:
            raise InputError(f"channels are numbered from 0 to 255, got {channel}")
        kept[channel] = True
    return kept


def _gaps(gaps: Iterable[Gap], clock: ClockChange, reach: int | None) -> tuple[Gap, ...]:
    """Change the clock of gaps: what touched still touches, and what was apart does not overlap."""
    changed = []
    for gap in gaps:
        first = clock.instant(gap.first_ps)
        first = first if reach is None else max(first, reach + 1)
        reach = max(first, _end(gap.last_ps, clock))
        changed.append(Gap(first, reach, gap.reason, gap.lost))
    return tuple(changed)


def _end(last_ps: int, clock: ClockChange) -> int:
    """Last instant of a stretch that ended with `last_ps`: right before whatever follows it."""
    return max(clock.instant(last_ps), clock.instant(last_ps + 1) - 1)
