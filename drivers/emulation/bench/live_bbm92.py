"""The live bench of BBM92: a pumped source of photon pairs between two receivers with taggers of their own."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.bbm92 import LOST, PARTIES, PairOutcomes, outcome_probabilities, switches
from drivers.emulation.bench.detection import Gate, Times
from drivers.emulation.bench.knobs import channel_knobs, detector_knobs
from drivers.emulation.bench.live_alice import LiveLaser
from drivers.emulation.bench.live_bb84 import Channel, switch_in
from drivers.emulation.bench.live_parameters import LiveBbm92Scene
from drivers.emulation.bench.live_receiver import LiveReceiver
from drivers.emulation.bench.parameters import PairParty
from drivers.emulation.bench.polarisation import LivePolarisation, Turn, joined, paths, through_fibre
from drivers.emulation.bench.seeds import stream
from drivers.emulation.bench.timeline import BLOCK_PS, Timeline, begin_ps
from postproc.timetags.types import PICOSECONDS_PER_SECOND


class LiveBbm92Bench:
    """The bench.

    Parameters
    ----------
    scene : LiveBbm92Scene
    seed : int

    Attributes
    ----------
    laser : LiveLaser
        The pump.
    alice, bob : LiveReceiver
    polarisation : dict of str to LivePolarisation
        Each party's controller, ahead of its receiver.
    channels : dict of str to Timeline of Channel
        From the source to each party; the error there is the one of the pairs in either basis, added to
        the scene's.
    knobs : dict of str to Knob
        What a hand can change.
    """

    def __init__(self, scene: LiveBbm92Scene, seed: int) -> None:
        self._scene, self._seed = scene, seed
        self._places = (scene.alice, scene.bob)
        self._switches = switches(scene.alice.receiver, scene.bob.receiver, seed)
        self.laser = LiveLaser(scene.pump)
        self._fibre = through_fibre(scene.fibre_turn_deg)
        self.polarisation = {party: LivePolarisation() for party in PARTIES}
        self.channels = {
            party: Timeline(Channel(place.loss_db, 0.0))
            for party, place in zip(PARTIES, self._places, strict=True)
        }
        self.alice, self.bob = self._receiver(0), self._receiver(1)
        self.knobs = {
            **channel_knobs("alice.channel", self.channels["alice"]),
            **channel_knobs("bob.channel", self.channels["bob"]),
            **detector_knobs("alice", self.alice),
            **detector_knobs("bob", self.bob),
        }

    def seams(self, party: str) -> dict[str, Any]:
        """Give what instruments of a party can be plugged into; the pump laser belongs to either."""
        receivers = dict(zip(PARTIES, (self.alice, self.bob), strict=True))
        found: dict[str, Any] = {"laser": self.laser}
        for name, receiver in receivers.items():
            if name == party:
                own = {"polarisation": self.polarisation[name], "switch": switch_in(self.channels[name])}
                found |= own | receiver.seams()
        return found

    def _receiver(self, own: int) -> LiveReceiver:
        place, party = self._places[own], PARTIES[own]
        period = Fraction(place.receiver.switch_period_ps)
        gates: tuple[Gate, ...] = tuple(
            self._switches[own].gate(detector, period) for detector in range(LOST)
        )
        return LiveReceiver(
            place.receiver,
            self._scene.nanowire,
            place.clock,
            self._seed,
            party,
            lambda block, _: self._arrivals(block, own),
            lambda block, _: self._rates(block, own),
            lambda _: gates,
            self._scene.pulse_v,
        )

    def _arrivals(self, block: int, own: int) -> list[Times]:
        begin = begin_ps(block)
        random = stream(self._seed, "pairs", block)
        mean = self._pairs_hz(block) * BLOCK_PS / PICOSECONDS_PER_SECOND
        times, *detectors = self._outcomes(block).draw(random, mean, begin, begin + BLOCK_PS)
        return [times[detectors[own] == detector] for detector in range(LOST)]

    def _rates(self, block: int, own: int) -> list[float]:
        """Whatever the other party's switch does, it does not change what comes here."""
        table = self._probabilities(block)
        shares = [place.receiver.positions() for place in self._places]
        outcomes = np.einsum("abij,a,b->ij", table, *shares)
        registered = outcomes.sum(axis=1 - own)[:LOST] * self._pairs_hz(block)
        return [float(rate) for rate in registered]

    def _pairs_hz(self, block: int) -> float:
        return self._scene.pair_rate_hz * self.laser.relative_power(block)

    def _outcomes(self, block: int) -> PairOutcomes:
        alice, bob = (place.receiver.switch_period_ps for place in self._places)
        return PairOutcomes(self._probabilities(block), self._switches, (alice, bob))

    def _probabilities(self, block: int) -> NDArray[np.float64]:
        channels = [self.channels[party].at(block) for party in PARTIES]
        ends = [
            replace(place, receiver=receiver.biased(block), loss_db=channel.total_loss_db)
            for place, receiver, channel in zip(self._places, (self.alice, self.bob), channels, strict=True)
        ]
        more = sum(channel.misalignment_error for channel in channels)
        return _cached_probabilities(*self._errors(block, more), *ends)

    def _errors(self, block: int, more: float) -> tuple[float, float]:
        """Error rates of the pairs, after what fibres and controllers do."""
        turn = self._turn(block)
        key, test = (
            paths(min(error + more, 0.5), turn)[state, state + 1]
            for error, state in ((self._scene.key_error, 0), (self._scene.test_error, 2))
        )
        return float(key), float(test)

    def _turn(self, block: int) -> Turn:
        """Whoever turns either photon turns the pair."""
        turn = self._fibre
        for party in PARTIES:
            turn = joined(turn, self.polarisation[party].turn(block))
        return turn


@lru_cache(maxsize=64)
def _cached_probabilities(
    key_error: float, test_error: float, alice: PairParty, bob: PairParty
) -> NDArray[np.float64]:
    return outcome_probabilities(key_error, test_error, alice, bob)
