"""What detectors register of pulses: mean numbers of photons, and slots drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.detection import Times
from drivers.emulation.bench.parameters import DETECTOR_NAMES, Receiver, transmission
from drivers.emulation.bench.polarisation import STRAIGHT, Turn, paths
from drivers.emulation.bench.states import BIT, INTENSITY_SHIFT, TEST_BASIS, PreparedStates
from drivers.emulation.bench.switch import BasisSwitch
from drivers.emulation.bench.way import Encoding

#: Detectors from here on measure the test basis.
FIRST_TEST = 2


def registered_means(
    intensities: Sequence[float],
    channel_loss_db: float,
    misalignment_error: float,
    bob: Receiver,
    turn: Turn = STRAIGHT,
) -> NDArray[np.float64]:
    """Mean number of photons that each detector registers of a slot, by prepared state and Bob's switch.

    A pulse of random phase is a Poisson mixture of photon numbers, and each photon goes its way alone:
    the numbers registered by the detectors are independent Poisson variables, whatever the loss. `turn` is
    what has become of the polarisation on the way.

    Returns
    -------
    array of float64, shape (positions, 16, 4)
        First the switch's position (a beam splitter has one), then the state (those of intensities that the
        source does not have are dark), then the detector.
    """
    shares = bob.shares()
    means = np.zeros((len(shares), 16, len(DETECTOR_NAMES)))
    ways = paths(misalignment_error, turn)
    for intensity, mu in enumerate(intensities):
        for code in range(4):
            state = code | intensity << INTENSITY_SHIFT
            way = ways[2 * bool(state & TEST_BASIS) + bool(state & BIT)]
            means[:, state] = mu * transmission(channel_loss_db) * np.repeat(shares, 2, axis=1) * way
    return means * [detector.efficiency for detector in bob.detectors]


def registered_slots(
    random: np.random.Generator,
    first: int,
    stop: int,
    means: NDArray[np.float64],
    states: PreparedStates,
    switch: BasisSwitch,
) -> NDArray[np.int64]:
    """Draw the slots in which a detector registers light.

    They are drawn as if every pulse were of the state that is brightest for the detector, and kept with the
    ratio of what its state really gives (thinning of a Poisson process): no slot without a candidate is
    ever looked at.

    Parameters
    ----------
    random : Generator
    first, stop : int
        Range of slots.
    means : array of float64, shape (positions, 16)
        Of this detector, by the switch's position and the state.
    states, switch : PreparedStates, BasisSwitch
        What Alice and Bob do in each slot.
    """
    brightest = means.max()
    candidates = random.integers(first, stop, random.poisson(brightest * (stop - first)))
    chance = means[switch.at(candidates), states.at(candidates)]
    registered = np.sort(candidates[random.random(len(candidates)) * brightest < chance])
    # A pulse makes one click of its photons, however many arrive together.
    return registered[np.diff(registered, prepend=-1) > 0]


class Means(NamedTuple):
    """Mean numbers of photons that detectors register of a slot, see `registered_means`.

    Attributes
    ----------
    sharp : array of float64
        As the states and the measurement are.
    blurred : array of float64
        As if nothing could be told of the state: what an interferometer's outer peaks are.
    """

    sharp: NDArray[np.float64]
    blurred: NDArray[np.float64]


def registered_arrivals(
    random: np.random.Generator,
    first: int,
    stop: int,
    means: Means,
    detector: int,
    states: PreparedStates,
    switch: BasisSwitch,
    encoding: Encoding,
) -> tuple[NDArray[np.int64], Times]:
    """Draw the slots in which a detector registers light, and how late in its slot each does.

    Parameters are those of `registered_slots`, with the means of all detectors.
    """
    sharp, blurred = (each[:, :, detector] for each in means)
    if encoding.kind == "polarisation":
        slots = registered_slots(random, first, stop, sharp, states, switch)
        return slots, np.zeros(len(slots), np.int64)
    if detector < FIRST_TEST:
        slots = registered_slots(random, first, stop, sharp, states, switch)
        return slots, np.full(len(slots), detector * encoding.bin_ps, np.int64)
    middle = registered_slots(random, first, stop, sharp / 2, states, switch)
    outer = registered_slots(random, first, stop, blurred / 2, states, switch)
    # An early or a late pulse alone shows on its own side; two pulses on either.
    sent = states.at(outer)
    last = np.where(sent & TEST_BASIS, random.random(len(outer)) < 0.5, (sent & BIT) > 0)
    late = np.concatenate([np.full(len(middle), encoding.bin_ps), last * 2 * encoding.bin_ps])
    return np.concatenate([middle, outer]), late.astype(np.int64)


def sharp_and_blurred(
    intensities: tuple[float, ...],
    loss_db: float,
    error: float,
    bob: Receiver,
    turn: Turn,
    encoding: Encoding,
) -> Means:
    """Give the means of a block; the blurred ones only where somebody looks at them."""
    sharp = registered_means(intensities, loss_db, error, bob, turn)
    if encoding.kind == "polarisation":
        return Means(sharp, sharp)
    return Means(sharp, registered_means(intensities, loss_db, 0.5, bob))
