"""PicoQuant MultiHarp 150/160 and HydraHarp 400, through PicoQuant's C libraries, in T2 mode.

Sources: PicoQuant's header ``mhlib.h`` of versions 1.0 and 4.0 and its demos for both families (order of calls, 0.2 s
after ``Initialize``, T2 records); QMI's wrapper of MHLib 3.1 and HHLib 3.0 (all signatures, flags). The library is
loaded only when such an instrument is named.

Unverified: everything on hardware. It was tested against a stand-in library of the same interface. The sync input and
the marker lines are not recorded. What was set cannot be asked for: the driver tells what it set.
"""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from drivers.errors import AddressError, BadAnswer, DataLost, InstrumentError, NoAnswer
from drivers.identity import Finding, Identity, fine, wrong
from drivers.instrument import BaseInstrument, Connect
from drivers.parameters import Parameter
from drivers.time_taggers.picoquant_library import HYDRAHARP, MULTIHARP, Harp, Kind
from drivers.time_taggers.t2_stream import T2Stream
from drivers.transport.base import Transport
from drivers.transport.sdk import SdkTransport
from postproc.timetags.types import TagChunk

T2_MODE = 2
CLOCKS = ("internal", "external")
#: 100 hours, the longest measurement.
LONGEST_MS = 360_000_000
#: Count rates are right so long after the device was set up, and after an input's threshold was set.
SETTLE_S = 0.2
FIFO_FULL, REFERENCE_LOST, SYSTEM_ERROR, ACTIVE, COUNTS_DROPPED = 0x02, 0x08, 0x10, 0x20, 0x40
LOOK_S = 0.002
#: A stream tells at least every wrap of its time, 2.7 ms at 80 ps.
STALLED_S = 5.0


class PicoQuant(BaseInstrument):
    """Either of them, recording on inputs 1 to N as channels 0 to N - 1."""

    KIND: ClassVar[Kind]

    clock = Parameter[str](
        "Which clock is used: its own, or the external 10 MHz.",
        unit="",
        get="clock",
        put="clock {}",
        kind=str,
        choices=CLOCKS,
        parse=str,
    )

    def __init__(self, name: str, connect: Connect) -> None:
        super().__init__(name, connect)
        self._place = connect("main")
        self._harp = Harp(name, self.KIND, *_serial_and_file(name, self._place))
        self._clock, self._threshold_v = "internal", self.default_v()
        self._stream: T2Stream | None = None
        self._heard_s = 0.0
        try:
            self._set_up()
            self.identity()
        except BaseException:
            self._harp.close()
            raise

    @property
    def resolution_ps(self) -> float:
        """See :class:`drivers.roles.TimeTagger`."""
        return self._harp.base_resolution_ps()

    @property
    def channels(self) -> tuple[int, ...]:
        """See :class:`drivers.roles.TimeTagger`."""
        return tuple(range(int(self._harp.number("GetNumOfInputChannels"))))

    def default_v(self) -> float:
        """Give the threshold that it begins with."""
        raise NotImplementedError

    def set_level(self, channel: int, level_v: float) -> None:
        """Set the threshold of one input."""
        raise NotImplementedError

    def identify(self) -> Identity:
        """Ask the library."""
        model, _, version = self._harp.text("GetHardwareInfo", 3)
        (serial,) = self._harp.text("GetSerialNumber")
        return Identity("PicoQuant", model, serial, version)

    def ask(self, command: str) -> str:
        """Tell what was set."""
        return {"clock": self._clock, "threshold": repr(self._threshold_v)}[command]

    def tell(self, command: str) -> None:
        """Set the clock, with all else anew, or the threshold of all inputs."""
        what, _, value = command.partition(" ")
        with self.lock:
            if self._stream is not None:
                raise InstrumentError(f"{self.name}: records; stop it first, then set its {what}")
            if what == "clock":
                self._clock = value
                self._set_up()
            else:
                self._threshold_v = float(value)
                self._set_levels()

    def settle(self) -> None:
        """It takes effect at once."""

    def start(self) -> None:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            if self._stream is not None:
                raise InstrumentError(f"{self.name}: a recording runs already; stop it first")
            self._harp.call("StartMeas", LONGEST_MS)
            self._stream = T2Stream(Fraction(str(self._harp.base_resolution_ps())), len(self.channels))
            self._heard_s = self._place.now_s()

    def read(self, timeout_s: float) -> TagChunk:
        """See :class:`drivers.roles.TimeTagger`.

        Raises
        ------
        DataLost
            If its buffer was full: what comes after that has lost its place in time.
        """
        with self.lock:
            if self._stream is None:
                raise InstrumentError(f"{self.name}: no recording runs; start one first")
            deadline = self._place.now_s() + timeout_s
            while (chunk := self._look(self._stream)).stop_ps == chunk.start_ps:
                if self._place.now_s() >= deadline:
                    self._check_alive()
                    return chunk
                self._place.pause(LOOK_S)
            self._heard_s = self._place.now_s()
            return chunk

    def stop(self) -> None:
        """See :class:`drivers.roles.TimeTagger`."""
        with self.lock:
            if self._stream is not None:
                self._stream = None
                self._harp.call("StopMeas")

    def count_rates_hz(self, duration_s: float = 0.1) -> tuple[float, ...]:
        """See :class:`drivers.roles.TimeTagger`; it counts by itself, over 0.1 s or more."""
        with self.lock:
            self._place.pause(max(duration_s, SETTLE_S))
            return tuple(float(self._harp.number("GetCountRate", channel)) for channel in self.channels)

    def make_safe(self) -> None:
        """End the recording."""
        self.stop()

    def hang_up(self) -> None:
        """Give the device back to the library."""
        self._harp.close()

    def self_test(self) -> list[Finding]:
        """Look at the clock, and at what the library warns of."""
        flags = int(self._harp.number("GetFlags"))
        warnings = int(self._harp.number("GetWarnings"))
        # T2 needs no sync, so the low bits, which are about it, do not matter.
        text = self._harp.text("GetWarningsText", 1, warnings)[0] if warnings & ~0xF else ""
        found = [fine(f"inputs trigger at {self._threshold_v:g} V, clock {self._clock}")]
        if flags & REFERENCE_LOST:
            found.append(wrong("its external reference is lost", "connect 10 MHz, or set clock = internal"))
        if flags & SYSTEM_ERROR:
            found.append(wrong("it reports a system error", "switch it off and on; then ask PicoQuant"))
        return [*found, wrong(f"it warns: {' '.join(text.split())}", "see its manual")] if text else found

    def _set_up(self) -> None:
        self._harp.call("Initialize", T2_MODE, CLOCKS.index(self._clock))
        self._calibrate()
        self._harp.call("SetSyncDiv", 1)
        for channel in self.channels:
            self._harp.call("SetInputChannelOffset", channel, 0)
            self._harp.call("SetInputChannelEnable", channel, 1)
        self._set_levels()
        self._place.pause(SETTLE_S)

    def _calibrate(self) -> None:
        """Do what only one of them needs."""

    def _set_levels(self) -> None:
        for channel in self.channels:
            self.set_level(channel, self._threshold_v)

    def _look(self, stream: T2Stream) -> TagChunk:
        records = self._harp.records()
        flags = int(self._harp.number("GetFlags"))
        if flags & FIFO_FULL:
            self.stop()
            raise DataLost(
                f"{self.name}: its buffer was full; send it fewer clicks a second, and start again"
            )
        if flags & (REFERENCE_LOST | SYSTEM_ERROR) or not flags & ACTIVE:
            self.stop()
            raise InstrumentError(f"{self.name}: the recording is over: {_what(flags)}")
        try:
            return stream.take(records, dropped=bool(flags & COUNTS_DROPPED))
        except BadAnswer as error:
            self.stop()
            raise BadAnswer(f"{self.name}: {error}; start again") from None

    def _check_alive(self) -> None:
        if self._place.now_s() - self._heard_s > STALLED_S:
            self.stop()
            raise NoAnswer(f"{self.name}: its stream stands still; check its cable and power")


class MultiHarp(PicoQuant):
    """A MultiHarp 150 or 160."""

    KIND = MULTIHARP

    threshold_v = Parameter[float](
        "Level that a pulse has to cross, of all inputs; its sign is that of the pulses.",
        unit="V",
        get="threshold",
        put="threshold {}",
        low=-1.2,
        high=1.2,
        tolerance=0.001,
    )

    def default_v(self) -> float:
        """See :class:`PicoQuant`."""
        return 0.5

    def set_level(self, channel: int, level_v: float) -> None:
        """See :class:`PicoQuant`: in mV, and on the edge that a pulse begins with."""
        self._harp.call("SetInputEdgeTrg", channel, round(level_v * 1000), 1 if level_v > 0 else 0)


class HydraHarp(PicoQuant):
    """A HydraHarp 400, whose inputs take negative pulses."""

    KIND = HYDRAHARP
    ZERO_CROSSING_MV = 10

    threshold_v = Parameter[float](
        "Level that a pulse has to cross, of all inputs; pulses are negative.",
        unit="V",
        get="threshold",
        put="threshold {}",
        low=-1.0,
        high=0.0,
        tolerance=0.001,
    )

    def default_v(self) -> float:
        """See :class:`PicoQuant`."""
        return -0.1

    def set_level(self, channel: int, level_v: float) -> None:
        """See :class:`PicoQuant`: its discriminator takes the depth of a pulse in mV."""
        self._harp.call("SetInputCFD", channel, round(-level_v * 1000), self.ZERO_CROSSING_MV)

    def _calibrate(self) -> None:
        self._harp.call("Calibrate")


def _serial_and_file(name: str, place: Transport) -> tuple[str, str]:
    if not isinstance(place, SdkTransport):
        raise AddressError(
            f"{name}: {place.address!r} should be sdk:SERIAL or sdk:SERIAL@FILE, for the vendor's library"
        )
    serial, _, file = place.name.partition("@")
    return serial, file


def _what(flags: int) -> str:
    if flags & REFERENCE_LOST:
        return "its external reference is lost; connect 10 MHz, or set clock = internal"
    if flags & SYSTEM_ERROR:
        return "it reports a system error; switch it off and on"
    return "it measures no longer than 100 hours, or somebody stopped it"
