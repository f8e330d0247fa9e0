"""Where an emulated instrument meets the light: what its model asks of the bench, and nothing else.

All times are seconds of bench time, and what is set takes effect a moment after `now_s`. A model never sees
the physics, and the physics never sees a wire.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from drivers.roles import Pattern


class LaserSeam(Protocol):
    """A laser diode's two wires, and its monitor photodiode's."""

    def drive(self, now_s: float, current_ma: float) -> None:
        """Send a current through the diode; 0 for none."""
        ...

    def shine(self, now_s: float, relative_power: float) -> None:
        """Give so much light, in units of what it gives at its nominal current, whatever current that takes."""
        ...

    def photodiode_ma(self, now_s: float) -> float:
        """Give the monitor's current."""
        ...


class AttenuatorSeam(Protocol):
    """The fibres into and out of an attenuator."""

    def attenuate(self, now_s: float, loss_db: float, shutter_open: bool) -> None:
        """Let less light through."""
        ...


class PowerSeam(Protocol):
    """The fibre into a power meter."""

    def power_w(self, now_s: float) -> float:
        """Give the optical power."""
        ...


class DetectorSeam(Protocol):
    """The wires to a set of superconducting nanowires."""

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    @property
    def nominal_bias_ua(self) -> float:
        """Bias current at which they are what their data sheet says."""
        ...

    def bias(self, now_s: float, currents_ua: Sequence[float]) -> None:
        """Send currents through the nanowires; 0 for none."""
        ...

    def resistances_kohm(self, now_s: float) -> tuple[float, ...]:
        """Tell what each nanowire and its line oppose to the bias: hot, it is many times what it is cold."""
        ...

    def latch(self, now_s: float, detector: int) -> None:
        """Make one of them latch, as a flash of light would; only its bias brings it back."""
        ...

    def counts(self, begin_s: float, end_s: float) -> tuple[int, ...]:
        """Count each detector's pulses in a stretch of time."""
        ...


class AvalancheSeam(Protocol):
    """The wires to one avalanche diode."""

    def set(self, now_s: float, excess_v: float, temperature_c: float, dead_time_ns: float | None) -> None:
        """Bias it so far above its breakdown, and cool it; below 0 V it sees nothing.

        Without a dead time it has the one of the bench's detector.
        """
        ...

    def counts(self, begin_s: float, end_s: float) -> int:
        """Count its pulses in a stretch of time."""
        ...


class SwitchSeam(Protocol):
    """The fibres at an optical switch."""

    def route(self, now_s: float, output: int) -> None:
        """Send the light to a fibre: the link hangs on fibre 1."""
        ...


class Clicks(NamedTuple):
    """A stretch of clicks.

    Attributes
    ----------
    time_ps : array of int64, shape (n,)
        Ascending, on the tagger's own clock.
    input : array of uint8, shape (n,)
        Inputs of the tagger, counted from 0.
    until_ps : int
        No later click comes before this instant of the tagger's clock.
    """

    time_ps: NDArray[np.int64]
    input: NDArray[np.uint8]
    until_ps: int


class Plate(NamedTuple):
    """A wave plate, or what acts like one.

    Attributes
    ----------
    axis_deg : float
        Angle of its fast axis in the laboratory.
    retardance_deg : float
    """

    axis_deg: float
    retardance_deg: float


class PolarisationSeam(Protocol):
    """The fibres into and out of a polarisation controller."""

    def retard(self, now_s: float, plates: Sequence[Plate]) -> None:
        """Have the light pass wave plates, one after the other."""
        ...


class TaggerSeam(Protocol):
    """The cables into a time tagger, and its clock."""

    @property
    def pulse_v(self) -> float:
        """Height of the pulses."""
        ...

    def trigger(self, now_s: float, level_v: float) -> None:
        """Count pulses that cross so high a level, on all inputs; its sign is that of the pulses."""
        ...

    def begin(self, now_s: float) -> None:
        """Begin to look at clicks from now on."""
        ...

    def clicks(self, now_s: float) -> Clicks:
        """Give the clicks since the last look."""
        ...

    def pulses(self, begin_s: float, end_s: float) -> tuple[int, ...]:
        """Count what crosses the threshold on each input in a stretch of time."""
        ...

    def next_s(self) -> float:
        """Tell when there will be something new to look at."""
        ...


class ModulatorSeam(Protocol):
    """The modulators that a state transmitter drives, and its randomness."""

    @property
    def extinction_db(self) -> float:
        """Lowest level they reach, below the brightest."""
        ...

    def begin(self, now_s: float, pattern: Pattern) -> float:
        """Begin to send; gives the time of slot 0."""
        ...

    def states(self, first_slot: int, n_slots: int) -> NDArray[np.uint8]:
        """Give the states of slots of the current run."""
        ...

    def end(self, n_slots: int) -> None:
        """Stop sending after so many slots."""
        ...
