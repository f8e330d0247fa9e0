"""The 32-bit records of PicoQuant's instruments, turned into ticks and logical channels.

==================  ==============================================================================
T2                  bit 31 special, 30-25 channel, 24-0 time; special 63 counts wraps of the time,
                    1-15 are markers, 0 the sync input
T3                  bit 31 special, 30-25 channel, 24-10 time since the sync, 9-0 number of the sync;
                    special 63 counts wraps of that number, 1-15 are markers
PicoHarp 300, T2    bits 31-28 channel, 27-0 time; channel 15 is a wrap, or a marker if bits 3-0 are
PicoHarp 300, T3    bits 31-28 channel, 27-16 time since the sync, 15-0 number of the sync; channel 15
                    is a wrap, or markers if the time is not zero
==================  ==============================================================================

Logical channels: 0 is the sync input and *n* input *n*, as on the front panel; markers are 128 plus the bits
of the marker lines. T3 has no records of the sync. Source: the demos named in `ptu_header`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock
from postproc.timetags.formats.records import most_ticks
from postproc.timetags.scaling import TIME_LIMIT_PS, rescale

Records = NDArray[np.uint32]

MARKERS: Final = tuple(range(129, 144))
"""Logical channels of the markers, one for each combination of the four lines."""

FIRST_MARKER: Final = 128


class Clock(NamedTuple):
    """Units of a file: of T2's time, or of T3's sync period and of the time since the sync."""

    tick_ps: Fraction
    fine_ps: Fraction = Fraction(0)


class T2:
    """One pass over records of T2 mode, PicoHarp 300 apart.

    Parameters
    ----------
    name : str
        How errors call the file.
    clock : Clock
    wrap : int
        Ticks of a wrap.
    counted : bool
        Whether a record may stand for several wraps.
    """

    def __init__(self, name: str, clock: Clock, wrap: int, *, counted: bool) -> None:
        self._name, self._clock = name, clock
        self._wrap, self._counted = wrap, counted
        self._wraps = 0

    def __call__(self, records: Records) -> TagBlock:
        """Decode the next records."""
        before = self._wraps
        whole = self._clock.tick_ps.denominator == 1 and self._clock.tick_ps < 2**31
        tick = int(self._clock.tick_ps) if whole else 1
        time, channel, self._wraps = kernels.decode_t2(
            records, before, wrap=self._wrap, counted=self._counted, tick=tick
        )
        _check_wraps(self._wraps, self._wrap, self._clock, self._name)
        if len(channel) and int(channel.max()) > MARKERS[-1]:
            raise InputError(f"{self._name} is a damaged PTU file: it has records of no known kind")
        time_ps = time if whole else rescale(time, self._clock.tick_ps)
        return TagBlock(time_ps, channel, wraps=len(records) - len(time))


class PicoHarpT2:
    """One pass over records of a PicoHarp 300 in T2 mode; parameters as for `T2`."""

    WRAP = 210_698_240

    def __init__(self, name: str, clock: Clock) -> None:
        self._name, self._clock, self._wraps = name, clock, 0

    def __call__(self, records: Records) -> TagBlock:
        """Decode the next records."""
        channel, time = records >> 28, records & 0x0FFF_FFFF
        special, lines = channel == 15, records & 15
        count, self._wraps = _wraps(special & (lines == 0), np.ones_like(records), self._wraps)
        _check_wraps(self._wraps, self.WRAP, self._clock, self._name)
        kept = ~special | (lines != 0)
        ticks = count[kept] * self.WRAP + time[kept]
        logical = np.where(special, FIRST_MARKER + lines, channel)[kept]
        wraps = len(records) - len(ticks)
        return TagBlock(rescale(ticks, self._clock.tick_ps), logical.astype(np.uint8), wraps=wraps)


class T3:
    """One pass over records of T3 mode, PicoHarp 300 apart; parameters as for `T2`."""

    WRAP = 1024

    def __init__(self, name: str, clock: Clock, *, counted: bool) -> None:
        self._name, self._clock, self._counted, self._wraps = name, clock, counted, 0

    def __call__(self, records: Records) -> TagBlock:
        """Decode the next records."""
        special, channel = (records >> 31).astype(bool), records >> 25 & 63
        sync, fine = records & (self.WRAP - 1), records >> 10 & 0x7FFF
        wrap = special & (channel == 63)
        marker = special & (channel >= 1) & (channel <= 15)
        if (special & ~wrap & ~marker).any():
            raise InputError(f"{self._name} is a damaged PTU file: it has records of no known kind")
        by = np.maximum(sync, 1) if self._counted else np.ones_like(sync)
        count, self._wraps = _wraps(wrap, by, self._wraps)
        _check_wraps(self._wraps, self.WRAP, self._clock, self._name)
        logical = np.where(marker, FIRST_MARKER + channel, channel + 1)
        time_ps = _t3_times(count * self.WRAP + sync, np.where(marker, 0, fine), self._clock)
        return TagBlock(time_ps[~wrap], logical[~wrap].astype(np.uint8), wraps=int(wrap.sum()))


class PicoHarpT3:
    """One pass over records of a PicoHarp 300 in T3 mode; parameters as for `T2`."""

    WRAP = 65536

    def __init__(self, name: str, clock: Clock) -> None:
        self._name, self._clock, self._wraps = name, clock, 0

    def __call__(self, records: Records) -> TagBlock:
        """Decode the next records."""
        channel, fine, sync = records >> 28, records >> 16 & 0xFFF, records & 0xFFFF
        special = channel == 15
        wrap, marker = special & (fine == 0), special & (fine != 0)
        count, self._wraps = _wraps(wrap, np.ones_like(records), self._wraps)
        _check_wraps(self._wraps, self.WRAP, self._clock, self._name)
        logical = np.where(marker, FIRST_MARKER + (fine & 15), channel)
        time_ps = _t3_times(count * self.WRAP + sync, np.where(marker, 0, fine), self._clock)
        return TagBlock(time_ps[~wrap], logical[~wrap].astype(np.uint8), wraps=int(wrap.sum()))


def _wraps(wrap: NDArray[np.bool_], by: Records, before: int) -> tuple[NDArray[np.int64], int]:
    """Count wraps up to each record."""
    count = before + np.cumsum(np.where(wrap, by, 0), dtype=np.int64)
    return count, int(count[-1]) if len(count) else before


def _check_wraps(wraps: int, wrap: int, clock: Clock, name: str) -> None:
    """Raise InputError before times leave their range: they are computed modulo 2**64."""
    if (wraps + 1) * wrap * clock.tick_ps >= TIME_LIMIT_PS or (wraps + 1) * wrap >= most_ticks(1):
        raise InputError(f"{name} is a damaged PTU file: its times run beyond 53 days")


def _t3_times(sync: NDArray[np.int64], fine: NDArray[np.uint32], clock: Clock) -> NDArray[np.int64]:
    return rescale(sync, clock.tick_ps) + rescale(fine.astype(np.int64), clock.fine_ps)
