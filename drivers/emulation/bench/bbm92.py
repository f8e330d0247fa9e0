"""BBM92 on the bench: a continuously pumped source of photon pairs between two receivers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.detection import Times
from drivers.emulation.bench.parameters import DETECTOR_NAMES, Bbm92Scene, PairParty, Receiver, transmission
from drivers.emulation.bench.receiver import record
from drivers.emulation.bench.seeds import stream
from drivers.emulation.bench.switch import BasisSwitch
from postproc.timetags.types import PICOSECONDS_PER_SECOND, TagChunk

PartyName = Literal["alice", "bob"]
PARTIES: tuple[PartyName, PartyName] = ("alice", "bob")

#: An outcome is the detector at Alice and the one at Bob; this index stands for a photon that is lost.
LOST = len(DETECTOR_NAMES)

#: Blocks are as long as it takes for so many registered pairs, within bounds.
_PAIRS_PER_BLOCK = 2**17
_BLOCK_PS = (2**30, 2**40)


def detected_tags(scene: Bbm92Scene, seed: int, party: PartyName) -> Iterator[TagChunk]:
    """Give what one party's tagger records, on its own clock.

    Both parties' recordings under the same seed come from the same pairs.
    """
    light = Bbm92Light(scene, seed, party)
    place: PairParty = getattr(scene, party)
    return record(place.receiver, place.clock, seed, party, light, light.edges_ps, light.gates)


def outcome_probabilities(
    key_error: float, test_error: float, alice: PairParty, bob: PairParty
) -> NDArray[np.float64]:
    """Probability of each outcome of a pair.

    In the same basis the parties find the same bit but for that basis's error rate; in different bases
    their bits are independent. Loss and efficiency act on each photon alone.

    Returns
    -------
    array of float64, shape (positions, positions, 5, 5)
        First the positions of Alice's and of Bob's switch (a beam splitter has one), then the detector at
        Alice, or `LOST`, and the same at Bob.
    """
    different = np.full((2, 2), 0.25)
    ideal = np.block([[_same(key_error), different], [different, _same(test_error)]])
    with_loss = [np.vstack([np.diag(share), 1 - share]) for share in map(_registered, (alice, bob))]
    tables = [
        [with_loss[0] @ (ideal * np.outer(one, other)) @ with_loss[1].T for other in _basis_shares(bob)]
        for one in _basis_shares(alice)
    ]
    return np.array(tables)


def _same(error: float) -> NDArray[np.float64]:
    return np.array([[1 - error, error], [error, 1 - error]]) / 2


def _basis_shares(place: PairParty) -> NDArray[np.float64]:
    return np.repeat(place.receiver.shares(), 2, axis=1)


def _registered(place: PairParty) -> NDArray[np.float64]:
    return transmission(place.loss_db) * np.array([d.efficiency for d in place.receiver.detectors])


class PairOutcomes:
    """The outcomes of pairs that at least one party registers, and how often there are any.

    Pairs whose outcome is that both photons are lost are never drawn: outcomes split the Poisson process
    of pairs into independent ones.

    Parameters
    ----------
    probabilities : array of float64
        As `outcome_probabilities` gives them.
    switches : pair of BasisSwitch
        Alice's and Bob's.
    periods_ps : pair of int
        How long each of them stays.
    """

    def __init__(
        self,
        probabilities: NDArray[np.float64],
        switches: tuple[BasisSwitch, BasisSwitch],
        periods_ps: tuple[int, int],
    ) -> None:
        chances = probabilities.reshape(*probabilities.shape[:2], -1)[:, :, :-1]
        self._registered = chances.sum(axis=2)
        self.most = float(self._registered.max())
        self._cumulative = np.cumsum(chances, axis=2) / np.maximum(self._registered, 1e-300)[:, :, None]
        self._switches, self._periods_ps = switches, periods_ps

    def draw(
        self, random: np.random.Generator, mean: float, begin_ps: int, end_ps: int
    ) -> tuple[Times, NDArray[np.intp], NDArray[np.intp]]:
        """Draw pairs in a stretch of time; `mean` of them are made.

        Returns
        -------
        array of int64, array of int, array of int
            When, and each party's detector.
        """
        times = np.sort(random.integers(begin_ps, end_ps, random.poisson(mean * self.most)))
        one, other = (
            switch.at(np.rint(times / period).astype(np.int64))
            for switch, period in zip(self._switches, self._periods_ps, strict=True)
        )
        if self._registered.size > 1:
            kept = random.random(len(times)) * self.most < self._registered[one, other]
            times, one, other = times[kept], one[kept], other[kept]
        outcome = self._outcomes(random.random(len(times)), one, other)
        alice, bob = np.divmod(outcome, LOST + 1)
        return times, alice, bob

    def _outcomes(
        self, uniform: NDArray[np.float64], one: NDArray[np.intp], other: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        outcome = np.empty(len(uniform), np.intp)
        for positions in np.ndindex(*self._registered.shape):
            here = (one == positions[0]) & (other == positions[1])
            outcome[here] = np.searchsorted(self._cumulative[positions], uniform[here], side="right")
        # Rounding may leave the last sum below 1.
        last: NDArray[np.intp] = np.minimum(outcome, self._cumulative.shape[2] - 1)
        return last


def switches(alice: Receiver, bob: Receiver, seed: int) -> tuple[BasisSwitch, BasisSwitch]:
    """Give both parties' switches."""
    return BasisSwitch(alice, seed, "alice"), BasisSwitch(bob, seed, "bob")


class Bbm92Light:
    """The photons that one party's detectors register, block by block."""

    def __init__(self, scene: Bbm92Scene, seed: int, party: PartyName) -> None:
        places = (scene.alice, scene.bob)
        both = switches(scene.alice.receiver, scene.bob.receiver, seed)
        self._seed = seed
        self._own = PARTIES.index(party)
        receiver = places[self._own].receiver
        periods = (scene.alice.receiver.switch_period_ps, scene.bob.receiver.switch_period_ps)
        table = outcome_probabilities(scene.key_error, scene.test_error, *places)
        self._outcomes = PairOutcomes(table, both, periods)
        self._rate_per_ps = scene.pair_rate_hz / PICOSECONDS_PER_SECOND
        self.edges_ps = self._edges(round(scene.duration_s * PICOSECONDS_PER_SECOND))
        period = Fraction(receiver.switch_period_ps)
        self.gates = tuple(both[self._own].gate(detector, period) for detector in range(LOST))

    def __call__(self, block: int) -> list[Times]:
        """Give the arrivals on each detector in a block."""
        begin, end = self.edges_ps[block], self.edges_ps[block + 1]
        random = stream(self._seed, "pairs", block)
        times, *detectors = self._outcomes.draw(random, self._rate_per_ps * (end - begin), begin, end)
        return [times[detectors[self._own] == detector] for detector in range(LOST)]

    def _edges(self, duration_ps: int) -> list[int]:
        registered_per_ps = self._rate_per_ps * self._outcomes.most
        wanted = ceil(_PAIRS_PER_BLOCK / registered_per_ps) if registered_per_ps else _BLOCK_PS[1]
        length = min(max(wanted, _BLOCK_PS[0]), _BLOCK_PS[1])
        return [*range(0, duration_ps, length), duration_ps]
