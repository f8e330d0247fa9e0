"""What sees single photons, and gives their clicks times."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from drivers.roles.instrument import Instrument
from postproc.timetags.types import TagChunk


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

    @property
    def measurement_period_ms(self) -> float:
        """How long clicks are counted for one count rate."""
        ...


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
class Discriminator(Instrument, Protocol):
    """What counts pulses that cross a threshold."""

    @property
    def threshold_v(self) -> float:
        """Level that a pulse has to cross, of all inputs; its sign is that of the pulses."""
        ...

    @threshold_v.setter
    def threshold_v(self, value: float) -> None: ...


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
