"""A small decoy-state link with Eve on it, and what she holds of the sifted key."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from drivers.emulation.bench import bb84
from drivers.emulation.bench.bb84 import WatchedLight
from drivers.emulation.bench.parameters import Clock, DecoySource, Detector, Eve, Receiver
from drivers.emulation.bench.scenes import Bb84Scene
from postproc.blocks import SecretBlock
from postproc.conversation.frames import unpack
from postproc.conversation.messages import decode
from postproc.parameters.session import DecoyBb84
from postproc.sifting.slots import Matches, SlotAnnouncement
from tests.support import links

SEED = 5


def scene(parameters: DecoyBb84, eve: Eve, blocks: int = 1, loss_db: float = 3.0) -> Bb84Scene:
    detector = Detector(jitter_rms_ps=50.0, dead_time_ps=30_000, dark_count_rate_hz=1000.0)
    return Bb84Scene(
        source=DecoySource(
            slot_rate_hz=parameters.slot_hz,
            intensities=tuple(i.mean for i in parameters.intensities),
            intensity_probabilities=tuple(i.probability for i in parameters.intensities),
            key_basis_probability=parameters.key_basis_probability,
        ),
        n_slots=blocks * parameters.slots_per_block + 200_000,
        channel_loss_db=loss_db,
        misalignment_error=0.005,
        bob=Receiver(
            key_basis_probability=0.7,
            detectors=tuple(replace(detector, delay_ps=d) for d in (0, 700, -400, 1500)),
        ),
        bob_clock=Clock(offset_ps=10**11, drift_ppm=5.0),
        eve=eve,
    )


@dataclass
class Attacked:
    """What became of a block, and what Eve holds.

    Attributes
    ----------
    end : SecretBlock or BlockEnded
    key_slots : array of int64
        Slots of the sifted key.
    photons : array
        Photons that Alice sent in each of them.
    test_photons : array
        The same of the test bits.
    known_bits : float
        What Eve holds of the sifted key.
    """

    end: object
    key_slots: np.ndarray
    photons: np.ndarray
    test_photons: np.ndarray
    known_bits: float

    @property
    def secret_bits(self) -> int:
        return self.end.secret_bits if isinstance(self.end, SecretBlock) else 0

    @property
    def figures(self) -> dict:
        return self.end.record.figures


def attacked(parameters: DecoyBb84, eve: Eve, *, loss_db: float = 3.0, seed: int = SEED) -> Attacked:
    """Run one block of a link and look up what she did to it."""
    place = scene(parameters, eve, loss_db=loss_db)
    said: dict[str, list] = {"sift": []}

    def wire(sender, frame):
        parsed = unpack(frame)
        if parsed.stage == "sift" and parsed.block == 1:
            said["sift"].append((sender, parsed.payload))
        return (frame,)

    recordings = list(bb84.prepared_states(place, seed)), list(bb84.detected_tags(place, seed))
    outcome = links.link(parameters, recordings, wire, seed=b"%d" % seed)["alice"]
    (end,) = (end for end in outcome.ends if end.record.block == 1)
    key, test = _sifted(said["sift"], end.record, parameters)
    light = WatchedLight(place, seed)
    known = light.eavesdropper.known_bits(key, place.source.intensities)
    key_photons, test_photons = (
        light.eavesdropper.photons(slots, place.source.intensities) for slots in (key, test)
    )
    return Attacked(end, key, key_photons, test_photons, float(known.sum()))


def _sifted(said, record, parameters):
    """Slots of the sifted key and of the test, from what was said in the open."""
    payloads = dict(said)
    if "alice" not in payloads:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    announced = decode(payloads["bob"], SlotAnnouncement)
    match = decode(payloads["alice"], Matches).match.to_array().astype(bool)
    slots = announced.slot[match].astype(np.int64)
    basis = announced.basis.to_array()[match]
    first = round(parameters.clock.preamble_s * parameters.slot_hz)
    return first + slots[basis == 0], first + slots[basis == 1]
