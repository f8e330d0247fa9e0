"""Decoy-state BB84 on the bench: phase-randomised pulses through loss, a beam splitter and four detectors."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.detection import Gate, Times
from drivers.emulation.bench.eavesdropping import Eavesdropper, Line
from drivers.emulation.bench.parameters import DETECTOR_NAMES, transmission
from drivers.emulation.bench.receiver import record
from drivers.emulation.bench.registration import Means, registered_arrivals, sharp_and_blurred
from drivers.emulation.bench.scenes import Bb84Scene
from drivers.emulation.bench.seeds import stream
from drivers.emulation.bench.states import PreparedStates
from drivers.emulation.bench.switch import BasisSwitch
from drivers.emulation.bench.way import Way, spread
from postproc.timetags.scaling import as_ratio, rescale
from postproc.timetags.types import StateChunk, TagChunk

_SLOTS_PER_BLOCK = 2**20


def prepared_states(scene: Bb84Scene, seed: int) -> Iterator[StateChunk]:
    """Give what Alice sends, slot by slot; this is the one part whose cost grows with the slots."""
    return PreparedStates.of(scene.source, seed).chunks(scene.n_slots)


def detected_tags(scene: Bb84Scene, seed: int) -> Iterator[TagChunk]:
    """Give what Bob's tagger records of it, on Bob's clock."""
    edges = [*range(0, scene.n_slots, _SLOTS_PER_BLOCK), scene.n_slots]
    light: Bb84Light | WatchedLight = WatchedLight(scene, seed) if scene.eve else Bb84Light(scene, seed)
    edges_ps = light.departures(np.array(edges)).tolist()
    bob = spread(scene.bob, scene.fibre)
    return record(bob, scene.bob_clock, seed, "bob", light, edges_ps, light.gates)


class Bb84Light:
    """The photons that Bob's detectors register, block by block."""

    def __init__(self, scene: Bb84Scene, seed: int) -> None:
        self._scene, self._n_slots = scene, scene.n_slots
        self._period_ps = as_ratio(scene.source.slot_period_ps, "the slot period in ps")
        self._way = Way(scene.fibre, scene.satellite, seed)
        self._states = PreparedStates.of(scene.source, seed)
        self._switch = BasisSwitch(scene.bob, seed, "bob")
        self._seed = seed
        detectors = range(len(DETECTOR_NAMES))
        self.gates = tuple(self._switch.gate(detector, self._period_ps) for detector in detectors)

    def __call__(self, block: int) -> list[Times]:
        """Give the arrivals on each detector in a block."""
        means = self._means(block)
        return [self._arrivals(block, means, detector) for detector in range(len(DETECTOR_NAMES))]

    def departures(self, slots: NDArray[np.int64]) -> Times:
        """Tell when slots leave Alice; the time of flight stands in Bob's clock."""
        return rescale(slots, self._period_ps)

    def _means(self, block: int) -> Means:
        """As the way is in the middle of the block."""
        scene = self._scene
        middle_ps = int((block * _SLOTS_PER_BLOCK + _SLOTS_PER_BLOCK // 2) * self._period_ps)
        loss_db, turn = scene.channel_loss_db + self._way.loss_db(block, middle_ps), self._way.turn(middle_ps)
        return sharp_and_blurred(
            scene.source.intensities, loss_db, scene.misalignment_error, scene.bob, turn, scene.encoding
        )

    def _arrivals(self, block: int, means: Means, detector: int) -> Times:
        random = stream(self._seed, "light", DETECTOR_NAMES[detector], block)
        first = block * _SLOTS_PER_BLOCK
        stop = min(first + _SLOTS_PER_BLOCK, self._n_slots)
        slots, late_ps = registered_arrivals(
            random, first, stop, means, detector, self._states, self._switch, self._scene.encoding
        )
        return self._way.arrivals(self.departures(slots) + late_ps)


class WatchedLight:
    """The same with Eve on the line: photons are followed one by one.

    Attributes
    ----------
    eavesdropper : Eavesdropper
        Who knows what she did in each slot.
    """

    def __init__(self, scene: Bb84Scene, seed: int) -> None:
        assert scene.eve is not None
        self._scene, self._seed = scene, seed
        self._period_ps = as_ratio(scene.source.slot_period_ps, "the slot period in ps")
        self._switch = BasisSwitch(scene.bob, seed, "bob")
        states = PreparedStates.of(scene.source, seed)
        self.eavesdropper = Eavesdropper(scene.eve, states, scene.bob.key_basis_probability, seed)
        self.line = Line(
            scene.source.intensities, transmission(scene.channel_loss_db), scene.misalignment_error
        )
        self.gates = tuple(self._gate(detector) for detector in range(len(DETECTOR_NAMES)))

    def __call__(self, block: int) -> list[Times]:
        """Give the arrivals on each detector in a block."""
        random = stream(self._seed, "watched light", block)
        first = block * _SLOTS_PER_BLOCK
        stop = min(first + _SLOTS_PER_BLOCK, self._scene.n_slots)
        arrivals = self.eavesdropper.arrivals(random, first, stop, self.line, self._scene.bob, self._switch)
        return [self.departures(slots) + late_ps for slots, late_ps in arrivals]

    def departures(self, slots: NDArray[np.int64]) -> Times:
        """Tell when slots leave Alice; the time of flight stands in Bob's clock."""
        return rescale(slots, self._period_ps)

    def _gate(self, detector: int) -> Gate:
        """Blinded, a detector sees nothing dark."""
        return unless_blinded(
            self._switch.gate(detector, self._period_ps), self.eavesdropper, self._period_ps, 0
        )


def unless_blinded(gate: Gate, eavesdropper: Eavesdropper, period_ps: Fraction, start_ps: int) -> Gate:
    """Shut a detector's gate where Eve has blinded it."""

    def is_open(times: Times) -> NDArray[np.bool_]:
        slots = np.rint((times - start_ps) / float(period_ps)).astype(np.int64)
        seen: NDArray[np.bool_] = gate(times) & ~eavesdropper.blinded(np.maximum(slots, 0))
        return seen

    return is_open
