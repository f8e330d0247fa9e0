"""Alice's optics on the live bench, from the current in her laser to the photons that leave her."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.constants import c, h

from drivers.emulation.bench.detection import Times
from drivers.emulation.bench.live_parameters import DecoyAlice, LaserDiode
from drivers.emulation.bench.parameters import transmission
from drivers.emulation.bench.seeds import stream, word
from drivers.emulation.bench.states import PreparedStates
from drivers.emulation.bench.timeline import BLOCK_PS, Timeline, begin_ps, block_at
from drivers.roles import Pattern
from postproc.timetags.scaling import as_ratio, rescale
from postproc.timetags.types import PICOSECONDS_PER_SECOND


class LiveLaser:
    """A laser diode, at its nominal current until told otherwise; see :class:`~drivers.emulation.seams.LaserSeam`."""

    def __init__(self, diode: LaserDiode) -> None:
        self._diode = diode
        self._current_ma = Timeline(diode.nominal_ma)

    def drive(self, now_s: float, current_ma: float) -> None:
        """See :class:`~drivers.emulation.seams.LaserSeam`."""
        self._current_ma.set(now_s, current_ma)

    def shine(self, now_s: float, relative_power: float) -> None:
        """See :class:`~drivers.emulation.seams.LaserSeam`."""
        diode = self._diode
        current_ma = diode.threshold_ma + relative_power * (diode.nominal_ma - diode.threshold_ma)
        self._current_ma.set(now_s, current_ma if relative_power > 0 else 0.0)

    def photodiode_ma(self, now_s: float) -> float:
        """See :class:`~drivers.emulation.seams.LaserSeam`."""
        current_ma = self._current_ma.at(block_at(now_s))
        return max(current_ma - self._diode.threshold_ma, 0.0) * self._diode.photodiode_ma_per_ma

    def relative_power(self, block: int) -> float:
        """Power in a block, in units of the nominal one."""
        return self._diode.relative_power(self._current_ma.at(block))


class LiveAttenuator:
    """A variable attenuator, open until told otherwise; see :class:`~drivers.emulation.seams.AttenuatorSeam`."""

    def __init__(self, loss_db: float) -> None:
        self._transmission = Timeline(transmission(loss_db))

    def attenuate(self, now_s: float, loss_db: float, shutter_open: bool) -> None:
        """See :class:`~drivers.emulation.seams.AttenuatorSeam`."""
        self._transmission.set(now_s, transmission(loss_db) if shutter_open else 0.0)

    def transmission(self, block: int) -> float:
        """Share of the light that passes in a block."""
        return self._transmission.at(block)


@dataclass
class Run:
    """One run of the transmitter.

    Attributes
    ----------
    number : int
        Of the run.
    start_ps : int
        When slot 0 leaves.
    pattern : Pattern
    states : PreparedStates
    stop_slot : int or None
        How many slots are sent, once that is known.
    """

    number: int
    start_ps: int
    pattern: Pattern
    states: PreparedStates
    stop_slot: int | None = None

    @property
    def period_ps(self) -> Fraction:
        """Time from one slot to the next."""
        return as_ratio(10**12 / Fraction(str(self.pattern.slot_hz)), "the slot period in ps")

    def slots_in(self, block: int) -> tuple[int, int]:
        """Give the range of slots that leave in a block."""
        edges = (begin_ps(block) - self.start_ps, begin_ps(block) + BLOCK_PS - self.start_ps)
        first, stop = (max(ceil(edge / self.period_ps), 0) for edge in edges)
        last = stop if self.stop_slot is None else min(stop, self.stop_slot)
        return min(first, last), last

    def departures(self, slots: NDArray[np.int64]) -> Times:
        """Tell when slots leave."""
        return rescale(slots, self.period_ps) + np.int64(self.start_ps)

    def over_ps(self) -> int:
        """Tell when the last slot is over, if the run has an end."""
        return self.start_ps + ceil((self.stop_slot or 0) * self.period_ps)


class LiveModulators:
    """Alice's modulators; see :class:`~drivers.emulation.seams.ModulatorSeam`."""

    def __init__(self, alice: DecoyAlice, seed: int) -> None:
        self.extinction_db = alice.extinction_db
        self._seed = seed
        self.runs: list[Run] = []

    def begin(self, now_s: float, pattern: Pattern) -> float:
        """See :class:`~drivers.emulation.seams.ModulatorSeam`: slot 0 leaves with the next free block."""
        after = self.runs[-1].over_ps() if self.runs else 0
        start_ps = max(begin_ps(block_at(now_s) + 1), -(-after // BLOCK_PS) * BLOCK_PS)
        number = len(self.runs)
        key = word(self._seed, "alice", "states", number)
        states = PreparedStates(pattern.probabilities, pattern.key_basis_probability, key)
        self.runs.append(Run(number, start_ps, pattern, states))
        return start_ps / PICOSECONDS_PER_SECOND

    def states(self, first_slot: int, n_slots: int) -> NDArray[np.uint8]:
        """See :class:`~drivers.emulation.seams.ModulatorSeam`."""
        return self.runs[-1].states.run(first_slot, n_slots)

    def end(self, n_slots: int) -> None:
        """See :class:`~drivers.emulation.seams.ModulatorSeam`."""
        self.runs[-1].stop_slot = n_slots

    def run_in(self, block: int) -> Run | None:
        """Give the run that sends slots in a block."""
        for run in reversed(self.runs):
            first, stop = run.slots_in(block)
            if first < stop:
                return run
        return None

    def levels(self, pattern: Pattern) -> tuple[float, ...]:
        """What the modulators make of the levels that they are asked for."""
        floor = transmission(self.extinction_db)
        return tuple(max(level, floor) for level in pattern.levels)


class LiveAlice:
    """All of Alice's optics.

    Parameters
    ----------
    alice : DecoyAlice
    seed : int
    """

    def __init__(self, alice: DecoyAlice, seed: int) -> None:
        self._alice, self._seed = alice, seed
        self.laser = LiveLaser(alice.laser)
        self.attenuator = LiveAttenuator(alice.nominal_attenuation_db)
        self.modulators = LiveModulators(alice, seed)

    def means(self, block: int) -> tuple[float, ...]:
        """Mean photon number of each intensity at Alice's output in a block; empty while nothing is sent."""
        run = self.modulators.run_in(block)
        if run is None:
            return ()
        brightest = self._photons(block) * self.attenuator.transmission(block)
        return tuple(brightest * level for level in self.modulators.levels(run.pattern))

    def power_w(self, now_s: float) -> float:
        """See :class:`~drivers.emulation.seams.PowerSeam`: the monitor tap, ahead of the attenuator."""
        block = block_at(now_s)
        run = self.modulators.run_in(block)
        if run is None:
            return 0.0
        levels = self.modulators.levels(run.pattern)
        average = float(np.dot(levels, run.pattern.probabilities)) * self._photons(block)
        share = self._alice.monitor_share
        power_w = average * run.pattern.slot_hz * self._photon_energy_j() * share / (1 - share)
        noise = stream(self._seed, "monitor", round(now_s * 1e6)).normal(1, self._alice.monitor_noise)
        return power_w * max(noise, 0.0)

    def _photons(self, block: int) -> float:
        """Photons in the brightest pulse, ahead of the attenuator and after the tap."""
        nominal = self._alice.nominal_mean / transmission(self._alice.nominal_attenuation_db)
        return nominal * self.laser.relative_power(block) * self._fluctuation(block)

    def _fluctuation(self, block: int) -> float:
        if not self._alice.intensity_fluctuation:
            return 1.0
        random = stream(self._seed, "fluctuation", block)
        return float(max(random.normal(1, self._alice.intensity_fluctuation), 0.0))

    def _photon_energy_j(self) -> float:
        return float(h * c / (self._alice.wavelength_nm * 1e-9))
