"""From the ID900's messages to time tags: one message for each channel and sub-acquisition.

The instrument sends tags when a sub-acquisition is over; their times begin anew with each, and nothing but
the count of messages tells which one they belong to. A message without tags counts too, as long as the service has
the stream and has counted as many sub-acquisitions (:mod:`drivers.time_taggers.id900_service`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drivers.errors import BadAnswer
from postproc.timetags.types import Gap, TagChunk

TIMESTAMP = np.dtype("<u8")
#: How long a sub-acquisition lasts (the least that the vendor's examples allow), and the pause before the next.
WIDTH_PS = 200_000_000_000
PAUSE_PS = 400_000
PERIOD_PS = WIDTH_PS + PAUSE_PS


def frame(number: int, messages: Sequence[bytes], whole: bool = True, lost: int | None = None) -> TagChunk:
    """Put the channels' messages of one sub-acquisition together.

    Parameters
    ----------
    number : int
        Of the sub-acquisition, from 0 on.
    messages : sequence of bytes
        One for each channel, in order.
    whole : bool
        Whether the instrument has lost none of its tags; if it may have, all of the span is a gap.
    lost : int, optional
        How many it says it lost, in this sub-acquisition or another.

    Raises
    ------
    BadAnswer
        If a message is not of whole timestamps, or has some from beyond the sub-acquisition.
    """
    times = [_times(message) for message in messages]
    merged = np.concatenate(times)
    channel = np.repeat(np.arange(len(times), dtype=np.uint8), [len(each) for each in times])
    order = np.argsort(merged, kind="stable")
    begin_ps = number * PERIOD_PS
    return TagChunk(
        begin_ps, begin_ps + PERIOD_PS, merged[order] + begin_ps, channel[order], _gaps(begin_ps, whole, lost)
    )


def empty(number: int) -> TagChunk:
    """Give a span of no length where a sub-acquisition begins."""
    begin_ps = number * PERIOD_PS
    return TagChunk(begin_ps, begin_ps, np.empty(0, np.int64), np.empty(0, np.uint8))


def _times(message: bytes) -> NDArray[np.int64]:
    if len(message) % TIMESTAMP.itemsize:
        raise BadAnswer(f"a message of {len(message)} bytes is not of whole timestamps")
    stamps = np.frombuffer(message, TIMESTAMP)
    if len(stamps) and stamps.max() >= WIDTH_PS:
        raise BadAnswer(
            f"a timestamp of {stamps.max()} ps is beyond the sub-acquisition of {WIDTH_PS} ps that it should be in"
        )
    return stamps.astype(np.int64)


def _gaps(begin_ps: int, whole: bool, lost: int | None) -> tuple[Gap, ...]:
    if whole:
        return (Gap(begin_ps + WIDTH_PS, begin_ps + PERIOD_PS - 1, "restart"),)
    return (Gap(begin_ps, begin_ps + PERIOD_PS - 1, "overflow", lost),)
