"""The live bench of decoy-state BB84: Alice's optics, a fibre, Bob's receiver."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.bb84 import unless_blinded
from drivers.emulation.bench.detection import Gate, Times
from drivers.emulation.bench.eavesdropping import Eavesdropper, Line
from drivers.emulation.bench.knobs import channel_knobs, clock_knobs, detector_knobs, eve_knobs
from drivers.emulation.bench.live_alice import LiveAlice, Run
from drivers.emulation.bench.live_diode import LiveSwitch
from drivers.emulation.bench.live_parameters import LiveBb84Scene
from drivers.emulation.bench.live_receiver import LiveReceiver
from drivers.emulation.bench.parameters import DETECTOR_NAMES, Eve, Receiver, transmission
from drivers.emulation.bench.polarisation import LivePolarisation, Turn, joined, mean_error, through_fibre
from drivers.emulation.bench.receiver import NO_GATES
from drivers.emulation.bench.registration import Means, registered_arrivals, sharp_and_blurred
from drivers.emulation.bench.seeds import stream
from drivers.emulation.bench.switch import BasisSwitch
from drivers.emulation.bench.timeline import Timeline, middle_ps
from drivers.emulation.bench.way import Way, spread


@dataclass(frozen=True)
class Channel:
    """The fibre between the parties, as it is now.

    Attributes
    ----------
    loss_db : float
    misalignment_error : float
        Probability that light in the measured basis goes to the wrong detector.
    cut : bool
        Whether the fibre is cut.
    diverted : bool
        Whether an optical switch sends the light elsewhere.
    """

    loss_db: float
    misalignment_error: float
    cut: bool = False
    diverted: bool = False

    @property
    def total_loss_db(self) -> float:
        """Loss, infinite where no light gets through."""
        return inf if self.cut or self.diverted else self.loss_db


def switch_in(channel: Timeline[Channel]) -> LiveSwitch:
    """Put an optical switch into a channel."""
    return LiveSwitch(lambda now_s, off: channel.set(now_s, replace(channel.latest, diverted=off)))


class LiveBb84Bench:
    """The bench.

    Parameters
    ----------
    scene : LiveBb84Scene
    seed : int
        Whoever knows it knows every state and every choice of a basis.

    Attributes
    ----------
    alice : LiveAlice
        With `laser`, `attenuator`, `modulators`.
    bob : LiveReceiver
    polarisation : LivePolarisation
        Bob's controller, ahead of his receiver.
    channel : Timeline of Channel
        Set it to change the fibre.
    eve : Timeline of Eve
        Who else is on the line, and how much she does.
    knobs : dict of str to Knob
        What a hand can change.
    """

    def __init__(self, scene: LiveBb84Scene, seed: int) -> None:
        self._scene, self._seed = scene, seed
        self.alice = LiveAlice(scene.alice, seed)
        self._fibre = through_fibre(scene.fibre_turn_deg)
        self.polarisation = LivePolarisation()
        self.channel = Timeline(Channel(scene.channel_loss_db, scene.misalignment_error))
        self.eve: Timeline[Eve] = Timeline(Eve())
        self._way = Way(scene.fibre, scene.satellite, seed)
        self.bob = LiveReceiver(
            spread(scene.bob, scene.fibre),
            scene.nanowire,
            scene.bob_clock,
            seed,
            "bob",
            self._arrivals,
            self._rates,
            self._gates,
            scene.pulse_v,
            lambda block: self.eve.at(block).blinding,
        )
        self.knobs = (
            channel_knobs("channel", self.channel)
            | detector_knobs("bob", self.bob)
            | clock_knobs("bob", self.bob)
        )
        if scene.encoding.kind != "time-bin":
            # What she measures and sends on knows no bins; recordings refuse her there, too.
            self.knobs |= eve_knobs("eve", self.eve)

    def seams(self, party: str) -> dict[str, Any]:
        """Give what instruments of a party can be plugged into, by the kind of instrument."""
        switch = switch_in(self.channel)
        alice: dict[str, Any] = {
            "switch": switch,
            "laser": self.alice.laser,
            "attenuator": self.alice.attenuator,
            "power meter": self.alice,
            "transmitter": self.alice.modulators,
        }
        bob = {"polarisation": self.polarisation, "switch": switch, **self.bob.seams()}
        return {"alice": alice, "bob": bob}.get(party, {})

    def _arrivals(self, block: int, receiver: Receiver) -> list[Times]:
        run = self.alice.modulators.run_in(block)
        if run is None:
            return [np.empty(0, np.int64)] * len(DETECTOR_NAMES)
        first, stop = run.slots_in(block)
        switch = self._switch(run)
        if any(self.eve.at(block).strengths):
            random = stream(self._seed, "watched light", block)
            watched = self._eavesdropper(block, run).arrivals(
                random, first, stop, self._line(block), receiver, switch
            )
            return [self._way.arrivals(run.departures(slots) + late_ps) for slots, late_ps in watched]
        means = self._means(block, receiver)
        arrivals = []
        for number, name in enumerate(DETECTOR_NAMES):
            random = stream(self._seed, "light", name, block)
            slots, late_ps = registered_arrivals(
                random, first, stop, means, number, run.states, switch, self._scene.encoding
            )
            arrivals.append(self._way.arrivals(run.departures(slots) + late_ps))
        return arrivals

    def _rates(self, block: int, receiver: Receiver) -> list[float]:
        run = self.alice.modulators.run_in(block)
        if run is None:
            return [0.0] * len(DETECTOR_NAMES)
        seen = -np.expm1(-self._means(block, receiver).sharp)
        rates = np.einsum("psd,p,s->d", seen, receiver.positions(), _state_shares(run)) * run.pattern.slot_hz
        return [float(rate) for rate in rates]

    def _gates(self, block: int) -> tuple[Gate, ...]:
        run = self.alice.modulators.run_in(block)
        if run is None:
            return NO_GATES
        switch = self._switch(run)
        gates = tuple(
            switch.gate(detector, run.period_ps, run.start_ps) for detector in range(len(DETECTOR_NAMES))
        )
        if not self.eve.at(block).blinding:
            return gates
        eavesdropper = self._eavesdropper(block, run)
        return tuple(unless_blinded(gate, eavesdropper, run.period_ps, run.start_ps) for gate in gates)

    def _eavesdropper(self, block: int, run: Run) -> Eavesdropper:
        key_basis = self._scene.bob.key_basis_probability
        return Eavesdropper(self.eve.at(block), run.states, key_basis, self._seed, run.number)

    def _line(self, block: int) -> Line:
        channel = self.channel.at(block)
        error = mean_error(channel.misalignment_error, self._turn(block))
        return Line(self.alice.means(block), transmission(self._loss_db(block)), min(error, 0.5))

    def _loss_db(self, block: int) -> float:
        return self.channel.at(block).total_loss_db + self._way.loss_db(block, middle_ps(block))

    def _turn(self, block: int) -> Turn:
        """What becomes of the polarisation between Alice and Bob's receiver."""
        drifted = joined(self._fibre, self._way.turn(middle_ps(block)))
        return joined(drifted, self.polarisation.turn(block))

    def _means(self, block: int, receiver: Receiver) -> Means:
        error = self.channel.at(block).misalignment_error
        return _cached_means(
            self.alice.means(block),
            self._loss_db(block),
            error,
            receiver,
            self._turn(block),
            self._scene.encoding,
        )

    def _switch(self, run: Run) -> BasisSwitch:
        return BasisSwitch(self._scene.bob, self._seed, "bob", run.number)


def _state_shares(run: Run) -> NDArray[np.float64]:
    """How often each of the sixteen states is sent."""
    key = run.pattern.key_basis_probability
    shares = np.zeros((4, 2, 2))
    for intensity, probability in enumerate(run.pattern.probabilities):
        shares[intensity] = probability * np.array([key, 1 - key]) / 2
    return shares.reshape(16)


_cached_means = lru_cache(maxsize=64)(sharp_and_blurred)
