"""A recording that is played again, at its own pace or any other: a time tagger without an instrument.

Source: the file itself, in any format that :mod:`postproc.timetags` reads. The address is ``recording:FILE``.
Nothing in it is unverified, and nothing tells whether the clicks were real, so it cannot say whether it is emulated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from drivers.errors import AddressError, BadAnswer, InstrumentError
from drivers.identity import Finding, Identity, fine
from drivers.instrument import BaseInstrument, Connect
from drivers.parameters import Parameter
from drivers.transport.sdk import RecordingPlace
from postproc.errors import InputError
from postproc.timetags.recording import TagRecording, open_tags
from postproc.timetags.types import PICOSECONDS_PER_SECOND, Gap, TagChunk

MAX_TAGS = 2**14
#: How much of a recording is read to tell its count rates.
SAMPLE_CHUNKS = 16


class ReplayTagger(BaseInstrument):
    """A recording."""

    pace = Parameter[float](
        "How many seconds of the recording pass in one second; 0 for as fast as it can be read.",
        unit="",
        get="pace",
        put="{}",
        low=0,
        high=1e6,
    )

    def __init__(self, name: str, connect: Connect) -> None:
        super().__init__(name, connect)
        place = connect("main")
        if not isinstance(place, RecordingPlace):
            raise AddressError(f"{name}: {place.address!r} should be recording:FILE")
        self._place, self._pace = place, 1.0
        self._chunks: Iterator[TagChunk] | None = None
        self._next: TagChunk | None = None
        self._begun_s, self._zero_ps, self._stop_ps = 0.0, 0, 0
        try:
            self._recording: TagRecording = open_tags(place.name)
        except InputError as error:
            raise AddressError(f"{name}: {error}") from None
        self.resolution_ps = float(self._recording.header.resolution_ps or 1.0)
        self.channels = tuple(sorted(self._recording.header.channels)) or (0, 1, 2, 3)

    def identify(self) -> Identity:
        """Name it by its file."""
        return Identity("", f"recording {self._recording.path.name}")

    def ask(self, command: str) -> str:
        """Tell the pace."""
        return repr(self._pace)

    def tell(self, command: str) -> None:
        """Set the pace; it counts from the next recording on."""
        self._pace = float(command)

    def settle(self) -> None:
        """It takes effect at once."""

    def start(self) -> None:
        """See :class:`drivers.roles.TimeTagger`: from the beginning of the file."""
        with self.lock:
            if self._chunks is not None:
                raise InstrumentError(f"{self.name}: a recording runs already; stop it first")
            chunks = iter(self._recording.chunks(MAX_TAGS))
            self._next = self._advance(chunks)
            self._chunks = chunks
            self._zero_ps, self._stop_ps = self._next.start_ps, 0
            self._begun_s = self._place.now_s()

    def read(self, timeout_s: float) -> TagChunk:
        """See :class:`drivers.roles.TimeTagger`.

        Raises
        ------
        InstrumentError
            At the end of the file.
        """
        with self.lock:
            if self._chunks is None:
                raise InstrumentError(f"{self.name}: no recording runs; start one first")
            if self._next is None:
                self._next = self._advance(self._chunks)
            wait_s = self._due_s(self._next) - self._place.now_s()
            if wait_s > timeout_s:
                self._place.pause(timeout_s)
                return TagChunk(self._stop_ps, self._stop_ps, np.empty(0, np.int64), np.empty(0, np.uint8))
            self._place.pause(max(wait_s, 0.0))
            chunk, self._next = self._from_zero(self._next), None
            self._stop_ps = chunk.stop_ps
            return chunk

    def stop(self) -> None:
        """See :class:`drivers.roles.TimeTagger`."""
        self._chunks = self._next = None

    def count_rates_hz(self, duration_s: float = 0.1) -> tuple[float, ...]:
        """See :class:`drivers.roles.TimeTagger`: of the beginning of the file."""
        counts: Counter[int] = Counter()
        length_ps = 0
        for _, chunk in zip(range(SAMPLE_CHUNKS), self._recording.chunks(MAX_TAGS), strict=False):
            counts.update(chunk.channel.tolist())
            length_ps += chunk.stop_ps - chunk.start_ps
        length_s = max(length_ps, 1) / PICOSECONDS_PER_SECOND
        return tuple(counts[channel] / length_s for channel in self.channels)

    def make_safe(self) -> None:
        """End the recording."""
        self.stop()

    def hang_up(self) -> None:
        """Close the file."""
        self._recording.close()

    def self_test(self) -> list[Finding]:
        """Tell what is played."""
        return [fine(f"plays {self._recording.path.name} at {self._pace:g} times its pace")]

    def _due_s(self, chunk: TagChunk) -> float:
        if not self._pace:
            return self._begun_s
        return self._begun_s + (chunk.stop_ps - self._zero_ps) / PICOSECONDS_PER_SECOND / self._pace

    def _advance(self, chunks: Iterator[TagChunk]) -> TagChunk:
        try:
            chunk = next(chunks, None)
        except InputError as error:
            raise BadAnswer(f"{self.name}: {error}") from None
        if chunk is None:
            self.stop()
            raise InstrumentError(f"{self.name}: the recording has come to its end")
        return chunk

    def _from_zero(self, chunk: TagChunk) -> TagChunk:
        """Let time begin at zero."""
        zero = self._zero_ps
        gaps = tuple(Gap(gap.first_ps - zero, gap.last_ps - zero, gap.reason, gap.lost) for gap in chunk.gaps)
        return TagChunk(
            chunk.start_ps - zero, chunk.stop_ps - zero, chunk.time_ps - zero, chunk.channel, gaps
        )
