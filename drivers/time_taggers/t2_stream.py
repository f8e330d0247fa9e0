"""From PicoQuant's T2 records to time tags: unwrapped, in order, in picoseconds."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from drivers.errors import BadAnswer
from postproc import kernels
from postproc.errors import InputError
from postproc.timetags.scaling import rescale
from postproc.timetags.types import Gap, TagChunk

#: Ticks of a wrap of the time, of which a record may stand for several.
WRAP = 2**25
#: Logical channels of the decoder: 0 is the sync input, 1 and on the inputs, 128 and on the markers.
FIRST_INPUT, FIRST_MARKER, LAST_MARKER = 1, 128, 143
#: What a record's upper bits are if it counts wraps.
COUNTS_WRAPS = 0x7F
TIME_BITS = 25
#: 110 hours; it measures for 100 at most.
LONGEST_PS = 396_000 * 10**12


class T2Stream:
    """One recording, fed with records as they come; time zero is its start.

    Parameters
    ----------
    tick_ps : Fraction
        Length of a tick.
    inputs : int
        How many there are.
    """

    def __init__(self, tick_ps: Fraction, inputs: int) -> None:
        self._tick_ps, self._most = tick_ps, FIRST_INPUT + inputs - 1
        self._wraps = 0
        self._start_ps = self._stop_ps = 0
        self._times: NDArray[np.int64] = np.empty(0, np.int64)
        self._channels: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._dropped = False

    def take(self, records: NDArray[np.uint32], *, dropped: bool = False) -> TagChunk:
        """Take records, and give what has become certain; its span may have no length.

        Parameters
        ----------
        records : array of uint32
        dropped : bool
            Whether the instrument says that it has dropped some: the stretch is a gap.

        Raises
        ------
        BadAnswer
            If they are no records of such an instrument.
        """
        self._dropped |= dropped
        if len(records):
            try:
                self._decode(records)
            except InputError as error:
                raise BadAnswer(f"its records make no sense ({error})") from None
        # The next record may have the same time as the last.
        done = int(np.searchsorted(self._times, self._stop_ps))
        times, channels = self._times[:done], self._channels[:done]
        self._times, self._channels = self._times[done:], self._channels[done:]
        return self._chunk(times, channels)

    def _decode(self, records: NDArray[np.uint32]) -> None:
        ticks, channel, self._wraps = kernels.decode_t2(records, self._wraps, wrap=WRAP, counted=True, tick=1)
        last = int(ticks[-1]) if len(ticks) and not _is_wrap(int(records[-1])) else self._wraps * WRAP
        inputs = (channel >= FIRST_INPUT) & (channel < FIRST_MARKER)
        times = rescale(ticks[inputs], self._tick_ps)
        before_ps = int(self._times[-1]) if len(self._times) else self._start_ps
        if (channel > LAST_MARKER).any() or (channel[inputs] > self._most).any():
            raise BadAnswer("its records are of inputs that it does not have")
        if (np.diff(times, prepend=before_ps) < 0).any():
            raise BadAnswer("its records are out of order")
        self._times = np.concatenate([self._times, times])
        self._channels = np.concatenate([self._channels, channel[inputs] - np.uint8(FIRST_INPUT)])
        if last * self._tick_ps > LONGEST_PS:
            raise BadAnswer("its time is beyond the longest measurement")
        self._stop_ps = max(self._stop_ps, int(rescale(np.array([last], np.int64), self._tick_ps)[0]))

    def _chunk(self, times: NDArray[np.int64], channels: NDArray[np.uint8]) -> TagChunk:
        start_ps, self._start_ps = self._start_ps, self._stop_ps
        gaps: tuple[Gap, ...] = ()
        if self._dropped and self._stop_ps > start_ps:
            gaps, self._dropped = (Gap(start_ps, self._stop_ps - 1, "overflow"),), False
        return TagChunk(start_ps, self._stop_ps, times, channels, gaps)


def _is_wrap(record: int) -> bool:
    return record >> TIME_BITS == COUNTS_WRAPS
