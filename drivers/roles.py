"""What an instrument of each kind can do. Everything above the drivers knows these and no driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from drivers.identity import Finding, Identity
from postproc.timetags.types import StateChunk, TagChunk


@runtime_checkable
class Instrument(Protocol):
    """Anything with a line to it. One thread at a time may use it; a lock sees to that."""

    name: str

    def identity(self) -> Identity:
        """Tell who it is; asked once for each line."""
        ...

    def self_test(self) -> list[Finding]:
        """Look at everything that can be wrong with it, and say so in plain words."""
        ...

    def make_safe(self) -> None:
        """Bring it where it can be left alone: lasers off, shutters closed, streams ended."""
        ...

    def close(self) -> None:
        """Make it safe and let go of it; closing twice does no harm."""
        ...


@runtime_checkable
class LightSource(Instrument, Protocol):
    """Anything that gives light."""

    @property
    def emitting(self) -> bool:
        """Whether it does."""
        ...

    @emitting.setter
    def emitting(self, value: bool) -> None: ...


@runtime_checkable
class TunableLaser(LightSource, Protocol):
    """A laser whose wavelength and power are chosen."""

    @property
    def wavelength_nm(self) -> float:
        """Wavelength."""
        ...

    @wavelength_nm.setter
    def wavelength_nm(self, value: float) -> None: ...

    @property
    def power_mw(self) -> float:
        """Set power."""
        ...

    @power_mw.setter
    def power_mw(self, value: float) -> None: ...


@runtime_checkable
class PolarisationController(Instrument, Protocol):
    """A controller of polarisation, of several stages."""

    @property
    def positions(self) -> tuple[float, ...]:
        """Where each stage stands, from 0 to 1 of its range."""
        ...

    @positions.setter
    def positions(self, value: tuple[float, ...]) -> None: ...


@runtime_checkable
class Laser(Instrument, Protocol):
    """A laser diode with its current source."""

    @property
    def current_ma(self) -> float:
        """Set current."""
        ...

    @current_ma.setter
    def current_ma(self, value: float) -> None: ...

    @property
    def emitting(self) -> bool:
        """Whether the current flows."""
        ...

    @emitting.setter
    def emitting(self, value: bool) -> None: ...


@runtime_checkable
class SinglePhotonDetectors(Instrument, Protocol):
    """One or more single-photon detectors."""

    @property
    def enabled(self) -> bool:
        """Whether the detectors are biased, and see."""
        ...

    @enabled.setter
    def enabled(self, value: bool) -> None: ...

    def count_rates_hz(self, timeout_s: float = 5.0) -> tuple[float, ...]:
        """Count rate of each detector over one measurement period."""
        ...


@runtime_checkable
class Nanowires(SinglePhotonDetectors, Protocol):
    """A system of superconducting nanowires."""

    @property
    def bias_current_ua(self) -> tuple[float, ...]:
        """Bias current of each detector."""
        ...

    @bias_current_ua.setter
    def bias_current_ua(self, value: tuple[float, ...]) -> None: ...


@runtime_checkable
class AvalancheDetector(SinglePhotonDetectors, Protocol):
    """One single-photon avalanche diode."""

    @property
    def bias_v(self) -> float:
        """Bias voltage."""
        ...

    @bias_v.setter
    def bias_v(self, value: float) -> None: ...


@runtime_checkable
class OpticalSwitch(Instrument, Protocol):
    """A switch from one fibre to one of several."""

    @property
    def output(self) -> int:
        """The fibre that the light goes to, counted from 1."""
        ...

    @output.setter
    def output(self, value: int) -> None: ...


@runtime_checkable
class Attenuator(Instrument, Protocol):
    """A variable optical attenuator with a shutter."""

    @property
    def attenuation_db(self) -> float:
        """Attenuation, settled."""
        ...

    @attenuation_db.setter
    def attenuation_db(self, value: float) -> None: ...

    @property
    def shutter_open(self) -> bool:
        """Whether light can pass."""
        ...

    @shutter_open.setter
    def shutter_open(self, value: bool) -> None: ...


@runtime_checkable
class PowerMeter(Instrument, Protocol):
    """An optical power meter."""

    @property
    def power_w(self) -> float:
        """Optical power, measured now."""
        ...

    @property
    def wavelength_nm(self) -> float:
        """Wavelength that the reading is corrected for."""
        ...

    @wavelength_nm.setter
    def wavelength_nm(self, value: float) -> None: ...


@runtime_checkable
class TimeTagger(Instrument, Protocol):
    """An instrument that gives every click its time.

    Time runs from zero at the start of a recording, in the instrument's own clock.
    """

    @property
    def resolution_ps(self) -> float:
        """Step of its time scale."""
        ...

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels that its tags may have."""
        ...

    def start(self) -> None:
        """Begin a recording at time zero.

        Raises
        ------
        DriverError
            If a recording runs already.
        """
        ...

    def read(self, timeout_s: float) -> TagChunk:
        """Give the next stretch: its span begins where the last one ended, and gaps say what is missing.

        Waiting without any click is no failure: the span moves on. A span of no length means that
        the instrument is alive and has nothing settled yet.

        Raises
        ------
        NoAnswer
            If the instrument said nothing at all for so long.
        ConnectionFailed
            If the line is dead; the recording is over.
        """
        ...

    def stop(self) -> None:
        """End the recording; what was not read is dropped. Stopping twice does no harm."""
        ...

    def count_rates_hz(self, duration_s: float = 0.1) -> tuple[float, ...]:
        """Count rate of each channel, measured while no recording runs."""
        ...


@runtime_checkable
class Discriminator(Instrument, Protocol):
    """What counts pulses that cross a threshold."""

    @property
    def threshold_v(self) -> float:
        """Level that a pulse has to cross, of all inputs; its sign is that of the pulses."""
        ...

    @threshold_v.setter
    def threshold_v(self, value: float) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """What a transmitter is to send, at random, slot by slot.

    Attributes
    ----------
    slot_hz : float
        Slots a second.
    levels : tuple of float
        Pulse energy of each intensity, brightest first, in units of the brightest.
    probabilities : tuple of float
        How often each intensity is sent.
    key_basis_probability : float
        How often the key basis is sent.
    """

    slot_hz: float
    levels: tuple[float, ...]
    probabilities: tuple[float, ...]
    key_basis_probability: float


@runtime_checkable
class StateTransmitter(Instrument, Protocol):
    """What prepares a random state in every slot, and tells which."""

    def configure(self, pattern: Pattern) -> None:
        """Set what will be sent.

        Raises
        ------
        LimitError
            If the transmitter cannot; nothing was sent to it.
        """
        ...

    def start(self) -> None:
        """Begin with slot 0."""
        ...

    def read(self, timeout_s: float) -> StateChunk:
        """Give the next states, in order, without a hole.

        Raises
        ------
        NoAnswer
            If none came in time.
        DataLost
            If the transmitter dropped states; these slots cannot make key.
        """
        ...

    def stop(self) -> int:
        """End with the block at hand, drop what was not read, and tell how many slots were sent."""
        ...


@runtime_checkable
class RandomSource(Instrument, Protocol):
    """A source of random bytes that watches over itself (NIST SP 800-90B, section 4.4)."""

    def bytes(self, n: int) -> bytes:
        """Give fresh random bytes.

        Raises
        ------
        RandomnessFailed
            If a health test fails, now or ever before.
        """
        ...
