"""What Eve does to each pulse, photon by photon; a function of the slot's number, like all the bench.

Models: intercept-resend as in C. H. Bennett et al., J. Cryptology 5, 3 (1992); photon-number splitting as in
G. Brassard et al., PRL 85, 1330 (2000), with a channel that loses nothing for what she sends on; blinding as in
L. Lydersen et al., Nature Photonics 4, 686 (2010), where a click needs all of her bright pulse on one detector;
time shift as in B. Qi et al., Quant. Inf. Comput. 7, 73 (2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, factorial, log2
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.detection import Times
from drivers.emulation.bench.parameters import DETECTOR_NAMES, Eve, Receiver
from drivers.emulation.bench.seeds import word
from drivers.emulation.bench.split_mix import SplitMix
from drivers.emulation.bench.states import BIT, INTENSITY_SHIFT, TEST_BASIS, PreparedStates, States
from drivers.emulation.bench.switch import BasisSwitch

INTERCEPT, SPLIT, BLIND, SHIFT, NONE = range(5)
"""What she does to a pulse."""

_STRETCH_BITS = 12
"""She blinds for 4096 slots at a time."""

_MOST_PHOTONS = 16
_WHOLE = 2**32

Slots = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Line(NamedTuple):
    """The line as it is without her.

    Attributes
    ----------
    means : tuple of float
        Mean photon number of each intensity at Alice's output, brightest first.
    transmission : float
        From there to Bob's receiver.
    misalignment_error : float
    """

    means: tuple[float, ...]
    transmission: float
    misalignment_error: float


class Arrivals(NamedTuple):
    """Pulses that one detector registers: their slots, ascending, and by how much they are late."""

    slots: Slots
    late_ps: Times


class Eavesdropper:
    """Eve at work on one run of slots.

    Parameters
    ----------
    eve : Eve
    states : PreparedStates
        What Alice sends.
    key_basis_probability : float
        How often Bob measures in the key basis; she does as he does.
    seed : int
    *name : str or int
        Key of the randomness, for one run of slots.
    """

    def __init__(
        self, eve: Eve, states: PreparedStates, key_basis_probability: float, seed: int, *name: str | int
    ) -> None:
        self.eve = eve
        self._states = states
        self._key_below = round(key_basis_probability * 2**16)
        self._photons, self._choice, self._stretch, self._coins, self._trigger = (
            SplitMix(word(seed, "eve", what, *name))
            for what in ("photons", "choice", "blind", "coins", "fire")
        )

    def photons(self, slots: Slots, means: Sequence[float]) -> NDArray[np.uint8]:
        """Give the number of photons that leave Alice in slots, shape (n,): Poisson, by inversion."""
        intensity = self._states.at(slots) >> INTENSITY_SHIFT
        uniform = self._photons.at(slots)
        number = np.zeros(len(slots), np.uint8)
        for edges in _poisson_edges(tuple(means)):
            number += uniform >= edges[intensity]
        return number

    def attack(self, slots: Slots) -> NDArray[np.uint8]:
        """Give what she does in slots, shape (n,)."""
        intercept, split, blind, shift = self.eve.strengths
        free = 1 - blind
        edges = np.cumsum([intercept, split, shift]) / free if free > 0 else np.zeros(3)
        place = np.searchsorted(edges * _WHOLE, self._choice.at(slots), side="right")
        what = np.array([INTERCEPT, SPLIT, SHIFT, NONE], np.uint8)[place]
        what[self.blinded(slots)] = BLIND
        return what

    def blinded(self, slots: Slots) -> Mask:
        """Tell whether Bob's detectors are blinded in slots."""
        return self._stretch.at(slots >> _STRETCH_BITS) < self.eve.blinding * _WHOLE

    def measured(self, slots: Slots) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Give the basis that she measures in and the bit that she finds, where she measures."""
        coins, sent = self._coins.at(slots), self._states.at(slots)
        basis = ((coins & 0xFFFF) >= self._key_below).astype(np.uint8)
        drawn = (coins >> np.uint32(16) & np.uint32(1)).astype(np.uint8)
        return basis, np.where(basis == (sent & TEST_BASIS), (sent & BIT) >> 1, drawn)

    def known_bits(self, slots: Slots, means: Sequence[float]) -> NDArray[np.float64]:
        """Give what she knows of Alice's bit in slots that Bob detected, in bits, once bases are announced."""
        basis, _ = self.measured(slots)
        what, same = self.attack(slots), basis == (self._states.at(slots) & TEST_BASIS)
        several = self.photons(slots, means) > 1
        sure = np.isin(what, (INTERCEPT, BLIND)) & same | (what == SPLIT) & several
        guessed = (what == SHIFT) * _information(self.eve.shift_contrast)
        known: NDArray[np.float64] = np.where(sure, 1.0, guessed)
        return known

    def arrivals(
        self,
        random: np.random.Generator,
        first: int,
        stop: int,
        line: Line,
        receiver: Receiver,
        switch: BasisSwitch,
    ) -> list[Arrivals]:
        """Give what each of Bob's detectors registers in a range of slots."""
        slots = np.arange(first, stop)
        photons = self.photons(slots, line.means)
        slots, photons = slots[photons > 0], photons[photons > 0]
        what = self.attack(slots)
        states = self._resent(slots, what)
        arriving = self._arriving(random, photons, what, line)
        pulse = np.repeat(np.arange(len(slots)), arriving)
        detector = _measure(random, states[pulse], switch, slots[pulse], receiver, line.misalignment_error)
        late_ps = self._late_ps(slots, what)
        seen = random.random(len(pulse)) < self._efficiency(detector, late_ps[pulse], receiver)
        fired, fired_detector = self._fired(slots[what == BLIND], line, receiver, switch)
        pulse_slots = np.concatenate([slots[pulse[seen]], fired])
        late = np.concatenate([late_ps[pulse[seen]], np.zeros(len(fired), np.int64)])
        which = np.concatenate([detector[seen], fired_detector])
        return [_once(pulse_slots[which == d], late[which == d]) for d in range(len(DETECTOR_NAMES))]

    def _resent(self, slots: Slots, what: NDArray[np.uint8]) -> States:
        states = self._states.at(slots)
        basis, bit = self.measured(slots)
        own = basis * np.uint8(TEST_BASIS) + bit * np.uint8(BIT)
        replaced: States = np.where(what == INTERCEPT, own, states)
        return replaced

    def _arriving(
        self, random: np.random.Generator, photons: NDArray[np.uint8], what: NDArray[np.uint8], line: Line
    ) -> NDArray[np.int64]:
        """Photons that come to Bob's receiver."""
        from_single, from_several = _split_rates(line)
        several = photons > 1
        sent = np.where((what == SPLIT) & several, photons - 1, photons).astype(np.int64)
        sent[what == BLIND] = 0
        passes = np.full(len(photons), line.transmission)
        passes[(what == SPLIT) & several] = from_several
        passes[(what == SPLIT) & ~several] = from_single
        arriving: NDArray[np.int64] = random.binomial(sent, passes)
        return arriving

    def _late_ps(self, slots: Slots, what: NDArray[np.uint8]) -> Times:
        late = (self._coins.at(slots) >> np.uint32(17) & np.uint32(1)).astype(np.int64)
        late_ps: Times = np.where(what == SHIFT, (2 * late - 1) * self.eve.shift_ps, 0)
        return late_ps

    def _efficiency(
        self, detector: NDArray[np.intp], late_ps: Times, receiver: Receiver
    ) -> NDArray[np.float64]:
        """Early, the detectors of bit 1 see worse; late, those of bit 0."""
        efficiency = np.array([each.efficiency for each in receiver.detectors])[detector]
        worse = (late_ps < 0) & (detector % 2 == 1) | (late_ps > 0) & (detector % 2 == 0)
        worsened: NDArray[np.float64] = efficiency * np.where(worse, 1 - self.eve.shift_contrast, 1.0)
        return worsened

    def _fired(
        self, slots: Slots, line: Line, receiver: Receiver, switch: BasisSwitch
    ) -> tuple[Slots, NDArray[np.intp]]:
        """Clicks that she makes in blinded detectors: as many as Bob is used to, where his basis is hers."""
        slots = slots[self._trigger.at(slots) < _trigger_rate(line, receiver) * _WHOLE]
        basis, bit = self.measured(slots)
        if switch.active:
            agree = switch.at(slots) == basis
            slots, basis, bit = slots[agree], basis[agree], bit[agree]
        return slots, (2 * basis + bit).astype(np.intp)


def _measure(
    random: np.random.Generator,
    states: States,
    switch: BasisSwitch,
    slots: Slots,
    receiver: Receiver,
    error: float,
) -> NDArray[np.intp]:
    """Send photons through Bob's receiver: the detector that each one comes to."""
    shares = np.array(receiver.shares())[switch.at(slots), 0]
    basis = (random.random(len(slots)) >= shares).astype(np.intp)
    flipped = random.random(len(slots)) < np.where(basis == (states & TEST_BASIS), error, 0.5)
    bit = (states & BIT) >> 1 ^ flipped
    detector: NDArray[np.intp] = 2 * basis + bit.astype(np.intp)
    return detector


def _once(slots: Slots, late_ps: Times) -> Arrivals:
    """A pulse makes one click of its photons, however many arrive together."""
    unique, first = np.unique(slots, return_index=True)
    return Arrivals(unique, late_ps[first])


def _poisson_edges(means: tuple[float, ...]) -> list[NDArray[np.uint64]]:
    """Where the number of photons grows by one, as 32-bit numbers: by number, then intensity (four of them)."""
    four = np.array([*means, *[0.0] * (4 - len(means))])
    below, edges = np.zeros(4), []
    for number in range(_MOST_PHOTONS):
        below = below + np.exp(-four) * four**number / factorial(number)
        edges.append(np.minimum(np.rint(below * _WHOLE), _WHOLE).astype(np.uint64))
    return edges


def _split_rates(line: Line) -> tuple[float, float]:
    """How much of single photons and of split pulses she passes on, that the brightest count as before."""
    brightest = line.means[0]
    wanted = brightest * line.transmission
    singles, several = brightest * exp(-brightest), brightest - 1 + exp(-brightest)
    from_several = min(wanted / several, 1.0) if several > 0 else 1.0
    left = max(wanted - several * from_several, 0.0)
    return (min(left / singles, 1.0) if singles > 0 else 0.0), from_several


def _trigger_rate(line: Line, receiver: Receiver) -> float:
    """How often she fires, of the pulses that had photons, for the count that Bob is used to."""
    efficiency = sum(detector.efficiency for detector in receiver.detectors) / len(receiver.detectors)
    usual = 1 - exp(-line.means[0] * line.transmission * efficiency)
    agree = sum(share**2 for share in receiver.positions()) if receiver.basis_choice == "active" else 1.0
    return min(usual / ((1 - exp(-line.means[0])) * agree), 1.0) if line.means[0] > 0 else 0.0


def _information(contrast: float) -> float:
    """What a detector that sees worse tells of a bit that was detected."""
    p = 1 / (2 - contrast)
    return 1.0 if p == 1 else 1 + p * log2(p) + (1 - p) * log2(1 - p)
