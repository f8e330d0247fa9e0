"""Swabian Instruments Time Tagger (20, Ultra, X): 1 ps, through the vendor's library.

Source: the library's documentation (package ``Swabian-TimeTagger``, version 2.22: ``createTimeTagger``,
``setTriggerLevel``, ``TimeTagStream`` and its buffers, types of events). Its protocol is closed, so the library
must be installed: ``pip install Swabian-TimeTagger``; it is loaded when this driver is named. The address is
``sdk:SERIAL``, or ``sdk:`` for the only one there is.

Unverified: everything on real hardware; that ``tStart`` and ``tGetData`` of a buffer tell where the stream began
and how far it has come; that an overflow's ``MissedEvents`` come between its begin and its end.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.errors import AddressError, ConnectionFailed, DriverError, InstrumentError, NoAnswer, UnknownName
from drivers.identity import Finding, Identity, fine, wrong
from drivers.instrument import BaseInstrument, Connect
from drivers.parameters import Parameter
from drivers.transport.sdk import SdkTransport
from postproc.timetags.types import Gap, TagChunk

LIBRARY = "Swabian.TimeTagger"
INPUTS = (1, 2, 3, 4)
#: Tags that the library keeps for us at most: two seconds at its highest rate.
MAX_EVENTS = 16_000_000
LOOK_S = 0.02
TIME_TAG, ERROR, OVERFLOW_BEGIN, OVERFLOW_END, MISSED = range(5)


class SwabianTimeTagger(BaseInstrument):
    """A Time Tagger, recording on inputs 1 to 4 as channels 0 to 3."""

    resolution_ps = 1.0
    channels = (0, 1, 2, 3)

    threshold_v = Parameter[float](
        "Level that a pulse has to cross, of all inputs.",
        unit="V",
        get="threshold",
        put="{}",
        low=-2.5,
        high=2.5,
        tolerance=0.01,
    )

    def __init__(self, name: str, connect: Connect) -> None:
        super().__init__(name, connect)
        self._place = connect("main")
        self._library = self._load()
        self._tagger = self._open(self._place)
        self._stream: Any = None
        self._zero_ps: int | None = None
        self._stop_ps = 0
        self._overflow: tuple[int, int] | None = None

    def identify(self) -> Identity:
        """Ask the library."""
        return Identity("Swabian Instruments", str(self._tagger.getModel()), str(self._tagger.getSerial()))

    def ask(self, command: str) -> str:
        """Give the threshold; inputs are set together."""
        with self.lock:
            levels = {float(self._tagger.getTriggerLevel(channel)) for channel in INPUTS}
        if max(levels) - min(levels) > 0.01:
            raise InstrumentError(
                f"{self.name}: its inputs have different thresholds, {sorted(levels)} V; set one"
            )
        return repr(levels.pop())

    def tell(self, command: str) -> None:
        """Set the threshold of all inputs."""
        with self.lock:
            for channel in INPUTS:
                self._tagger.setTriggerLevel(channel, float(command))

    def settle(self) -> None:
        """It takes effect at once."""

    def start(self) -> None:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            if self._stream is not None:
                raise InstrumentError(f"{self.name}: a recording runs already; stop it first")
            self._stream = self._library.TimeTagStream(self._tagger, MAX_EVENTS, list(INPUTS))
            self._zero_ps, self._stop_ps, self._overflow = None, 0, None

    def read(self, timeout_s: float) -> TagChunk:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            if self._stream is None:
                raise InstrumentError(f"{self.name}: no recording runs; start one first")
            deadline = self._place.now_s() + timeout_s
            while (chunk := self._look()).stop_ps == chunk.start_ps:
                if self._place.now_s() >= deadline:
                    self.stop()
                    raise NoAnswer(f"{self.name}: its stream stands still; check its cable and its clock")
                self._place.pause(LOOK_S)
            return chunk

    def stop(self) -> None:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            if self._stream is not None:
                self._stream.stop()
            self._stream = None

    def count_rates_hz(self, duration_s: float = 0.1) -> tuple[float, ...]:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            counter = self._library.Countrate(self._tagger, list(INPUTS))
            counter.startFor(round(duration_s * 1e12))
            counter.waitUntilFinished()
            return tuple(float(rate) for rate in counter.getData())

    def make_safe(self) -> None:
        """End the recording."""
        self.stop()

    def hang_up(self) -> None:
        """Give the instrument back to the library."""
        self._library.freeTimeTagger(self._tagger)

    def self_test(self) -> list[Finding]:
        """Look at its buffer."""
        found = [fine(f"inputs trigger at {self.threshold_v:g} V")]
        if lost := int(self._tagger.getOverflows()):
            found.append(wrong(f"its buffer has overflowed {lost} times", "send it fewer clicks a second"))
        return found

    def _load(self) -> Any:
        try:
            return import_module(LIBRARY)
        except ImportError as error:
            raise UnknownName(
                f"{self.name}: the vendor's library is not installed ({error}); pip install Swabian-TimeTagger"
            ) from None

    def _open(self, place: Any) -> Any:
        if not isinstance(place, SdkTransport):
            raise AddressError(
                f"{self.name}: {place.address!r} should be sdk:SERIAL, for the vendor's library"
            )
        try:
            return self._library.createTimeTagger(place.name)
        except RuntimeError as error:
            raise ConnectionFailed(f"{self.name}: the vendor's library does not reach it ({error})") from None

    def _look(self) -> TagChunk:
        """Take what the library has, and make a chunk of it."""
        try:
            buffer = self._stream.getData()
        except RuntimeError as error:
            raise DriverError(f"{self.name}: the vendor's library fails ({error}); start again") from None
        if self._zero_ps is None:
            self._zero_ps = int(buffer.tStart)
        start_ps = self._stop_ps
        times = np.asarray(buffer.getTimestamps(), np.int64) - self._zero_ps
        kinds = np.asarray(buffer.getEventTypes())
        last_ps = int(times[-1]) + 1 if len(times) else start_ps
        self._stop_ps = max(int(buffer.tGetData) - self._zero_ps, last_ps, start_ps)
        gaps = self._gaps(times, kinds, np.asarray(buffer.getMissedEvents()), start_ps)
        good = kinds == TIME_TAG
        channel = (np.asarray(buffer.getChannels())[good] - 1).astype(np.uint8)
        return TagChunk(start_ps, self._stop_ps, times[good], channel, gaps)

    def _gaps(
        self, times: NDArray[np.int64], kinds: NDArray[Any], missed: NDArray[Any], start_ps: int
    ) -> tuple[Gap, ...]:
        """An overflow is a gap from its begin to its end; one that is not over yet goes on in the next chunk."""
        gaps = []
        for place in np.flatnonzero(kinds != TIME_TAG):
            time_ps, kind = int(times[place]), int(kinds[place])
            if kind == ERROR:
                gaps.append(Gap(time_ps, time_ps, "unknown"))
            elif kind == OVERFLOW_BEGIN:
                self._overflow = (time_ps, 0)
            elif kind == MISSED:
                begun_ps, lost = self._overflow or (time_ps, 0)
                self._overflow = (begun_ps, lost + int(missed[place]))
            elif kind == OVERFLOW_END and self._overflow is not None:
                begun_ps, lost = self._overflow
                gaps.append(Gap(max(begun_ps, start_ps), time_ps, "overflow", lost or None))
                self._overflow = None
        if self._overflow is not None and self._stop_ps > start_ps:
            gaps.append(Gap(max(self._overflow[0], start_ps), self._stop_ps - 1, "overflow"))
        return tuple(gaps)
