"""From the TDC1's bytes to time tags: unwrapped, and found again after bytes were lost.

Old firmware may drop two bytes (pyS15 has a path for it). What is guaranteed of one, two or three lost
bytes, or any number that is no multiple of four, among clicks that come at random:

- Every tag that is given is right. A block of words is given only after the next one was found to be fine
  (:mod:`drivers.time_taggers.tdc1_alignment`); the block in which the loss was noticed and the one before
  it, in which it may lie, are dropped.
- What is missing is in a gap, whose length is told from the instrument's time modulo its wrap (268 ms).
- Where so few words come that a wrap may have passed meanwhile (less than about 1500 a second, before or
  after), the recording ends with `DataLost`. So it does not where the clicks pause for a wrap or more just
  when bytes get lost, and go on as before: tags after the gap are then early by that many wraps.

A loss of four bytes, or a multiple, leaves no trace and cannot be noticed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drivers.codecs import tdc1_words as codec
from drivers.errors import BadAnswer, DataLost
from drivers.time_taggers.tdc1_alignment import (
    BLOCK,
    BLOCK_BYTES,
    OVERHANG,
    SIZE,
    Verdict,
    first_word,
    judge,
)
from postproc.timetags.types import Gap, TagChunk

#: What it takes to find where words begin.
NEEDED = 2 * BLOCK_BYTES + OVERHANG
#: If dropped words may have taken longer than this (33 ms), a wrap may have gone with them.
SPARSE = codec.WRAP // 8
#: So many bytes without sense are no stream at all.
MAX_NONSENSE = 2**16


class Tdc1Stream:
    """One recording, fed with bytes as they come. Time zero is its first word."""

    def __init__(self) -> None:
        self._bytes = b""
        self._aligned = False
        self._last_raw: int | None = None
        self._last_units = 0
        self._slowest = 0.0
        self._missing_from_ps = 0
        self._dropped = 0
        self._nonsense = 0
        self._start_ps = 0
        self._units: list[NDArray[np.int64]] = []
        self._patterns: list[NDArray[np.uint8]] = []
        self._gaps: list[Gap] = []

    def feed(self, data: bytes) -> None:
        """Take bytes.

        Raises
        ------
        BadAnswer
            If they make no sense for too long.
        DataLost
            If bytes were lost and it cannot be told how much time they stood for.
        """
        self._bytes += data
        while len(self._bytes) >= NEEDED and (self._take_blocks() if self._aligned else self._align()):
            pass

    def settled(self) -> TagChunk:
        """Give what has become certain since the last call; its span may have no length."""
        units = np.concatenate([*self._units, np.empty(0, np.int64)])
        patterns = np.concatenate([*self._patterns, np.empty(0, np.uint8)])
        # The next word may have the same time as the last.
        done = int(np.searchsorted(units, self._last_units))
        self._units, self._patterns = [units[done:]], [patterns[done:]]
        return self._chunk(*codec.spread(units[:done], patterns[:done]))

    def _chunk(self, units: NDArray[np.int64], channel: NDArray[np.uint8]) -> TagChunk:
        start_ps, stop_ps = self._start_ps, self._last_units * codec.UNIT_PS
        gaps = tuple(gap for gap in self._gaps if gap.last_ps < stop_ps)
        self._gaps = self._gaps[len(gaps) :]
        self._start_ps = stop_ps
        return TagChunk(start_ps, stop_ps, units * codec.UNIT_PS, channel, gaps)

    def _take_blocks(self) -> bool:
        """Accept blocks that a fine one follows; true if bytes were lost and there is more to do."""
        verdicts = judge(self._bytes)
        lost = self._first_lost(verdicts)
        known = verdicts if lost is None else verdicts[:lost]
        fine = np.flatnonzero(known == Verdict.FINE)
        accepted = int(fine[-1]) if len(fine) else 0
        if accepted:
            self._accept(accepted * BLOCK)
        if lost is not None:
            self._aligned = False
            self._drop((lost + 1 - accepted) * BLOCK_BYTES)
        return lost is not None

    def _first_lost(self, verdicts: NDArray[np.int64]) -> int | None:
        """Find the first block after a loss: a bad one, or a doubtful one that no fine one follows."""
        doubtful = (verdicts[:-1] == Verdict.DOUBTFUL) & (verdicts[1:] != Verdict.FINE)
        lost = verdicts == Verdict.BAD
        lost[:-1] |= doubtful
        return int(lost.argmax()) if lost.any() else None

    def _accept(self, count: int) -> None:
        """Give so many words as tags."""
        words = np.frombuffer(self._bytes, codec.WORD, count)
        times = codec.times_of(words).astype(np.int64)
        before = times[0] if self._last_raw is None else self._last_raw
        steps = np.diff(times, prepend=before) % codec.WRAP
        units = self._last_units + np.cumsum(steps)
        self._units.append(units)
        self._patterns.append(codec.patterns_of(words))
        self._last_units, self._last_raw = int(units[-1]), int(times[-1])
        self._slowest = float(steps[-BLOCK:].mean())
        self._missing_from_ps = self._last_units * codec.UNIT_PS + 1
        self._bytes = self._bytes[count * SIZE :]

    def _align(self) -> bool:
        """Look for the byte from which on the stream makes sense; true if that is decided."""
        place = first_word(self._bytes[:NEEDED])
        if place is None:
            self._drop(BLOCK_BYTES)
            self._nonsense += BLOCK_BYTES
            if self._nonsense > MAX_NONSENSE:
                raise BadAnswer(f"{self._nonsense} bytes in a row are no event words")
            return True
        self._drop(place)
        if self._last_raw is not None:
            self._note_gap(self._last_raw)
        self._aligned, self._dropped, self._nonsense = True, 0, 0
        return True

    def _drop(self, count: int) -> None:
        self._bytes = self._bytes[count:]
        self._dropped += count

    def _note_gap(self, last_raw: int) -> None:
        times = codec.times_of(np.frombuffer(self._bytes, codec.WORD, BLOCK)).astype(np.int64)
        slowest = max(self._slowest, float((np.diff(times) % codec.WRAP).mean()))
        if slowest * self._dropped / SIZE > SPARSE:
            raise DataLost("bytes were lost while hardly any events came; start the recording again")
        self._last_units += int(times[0] - last_raw) % codec.WRAP
        self._last_raw = int(times[0])
        again_ps = self._last_units * codec.UNIT_PS
        self._gaps.append(Gap(self._missing_from_ps, max(again_ps - 1, self._missing_from_ps), "dropped"))
        self._missing_from_ps = again_ps
