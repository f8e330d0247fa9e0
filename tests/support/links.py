"""Small links for end-to-end tests: scenes on the bench, parameters that fit them, two fresh parties."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from drivers.emulation.bench import bb84, bbm92
from drivers.emulation.bench.parameters import (
    Bbm92Scene,
    DecoySource,
    PairParty,
)
from drivers.emulation.bench.parameters import (
    Clock as BenchClock,
)
from drivers.emulation.bench.parameters import (
    Detector as BenchDetector,
)
from drivers.emulation.bench.parameters import (
    Receiver as BenchReceiver,
)
from drivers.emulation.bench.scenes import Bb84Scene
from postproc.authentication.memory_pool import MemoryPool
from postproc.blocks import SecretBlock
from postproc.entropy import SeededEntropy
from postproc.outcome import BlockEnded
from postproc.parameters.receiver import Detector, Receiver
from postproc.parameters.security import DecoySecurity, Link, PairSecurity
from postproc.parameters.session import Bbm92, DecoyBb84, Intensity, Session
from postproc.parameters.stages import Clock, Reconciliation
from postproc.protocols import Party, stages
from postproc.runner import direct, run_pair
from postproc.secretsink import MemorySink

SHARED_KEY = np.random.default_rng(7).bytes(4096)
WAIVED = ("fixed-length", "active-basis-choice", "independent-detections", "silent-times")
EVERYTHING = ("alice", "bob")


def receiver() -> Receiver:
    detectors = (Detector(0, "Z", 0), Detector(1, "Z", 1), Detector(2, "X", 0), Detector(3, "X", 1))
    return Receiver(detectors, hold_off_ps=40_000, double_click_ps=2000)


def bbm92_parameters(method: str = "cascade", **changes) -> Bbm92:
    return Bbm92(
        **{
            "block_s": 0.04,
            "window_ps": 1000,
            "bin_ps": 100,
            "alice": receiver(),
            "bob": receiver(),
            "clock": Clock(preamble_s=0.01, max_offset_s=1.5),
            "security": PairSecurity(
                proof="tomamichel2012-exact",
                eps_sec=1e-6,
                eps_cor=1e-10,
                waived=(*WAIVED, "equal-detector-efficiency", "qubit-measurement"),
            ),
            "link": Link(),
            "reconciliation": Reconciliation(method=method, expected_qber=0.015),
        }
        | changes
    )


def decoy_parameters(method: str = "cascade", decoys: int = 2, **changes) -> DecoyBb84:
    two = ((0.5, 0.5), (0.15, 0.3), (0.0005, 0.2))
    one = ((0.5, 0.6), (0.15, 0.4))
    return DecoyBb84(
        **{
            "slot_hz": 50e6,
            "slots_per_block": 1_000_000,
            "gate_ps": 2000,
            "key_basis_probability": 0.7,
            "intensities": tuple(
                Intensity(mean=mean, probability=p) for mean, p in (two if decoys == 2 else one)
            ),
            "bob": receiver(),
            "clock": Clock(preamble_s=0.002, max_offset_s=1.5),
            "security": DecoySecurity(
                proof="lim2014" if decoys == 2 else "rusca2018",
                eps_sec=1e-6,
                eps_cor=1e-10,
                waived=("fixed-length", "active-basis-choice"),
            ),
            "link": Link(
                detector_efficiencies="equal",
                detections="independent",
                published_times="silent",
                pulse_phases="random",
                intensities="exact",
                prepared_states="ideal",
            ),
            "reconciliation": Reconciliation(method=method, expected_qber=0.015),
        }
        | changes
    )


def _bench_receiver(**changes) -> BenchReceiver:
    delays = (0, 700, -400, 1500)
    detectors = tuple(
        BenchDetector(**({"jitter_rms_ps": 50.0, "dead_time_ps": 30_000, "delay_ps": d} | changes))
        for d in delays
    )
    return BenchReceiver(key_basis_probability=0.7, detectors=detectors)


@cache
def decoy_recordings(seed: int, blocks: int, decoys: int, offset_ps: int, drift_ppm: float):
    parameters = decoy_parameters(decoys=decoys)
    scene = Bb84Scene(
        source=DecoySource(
            slot_rate_hz=parameters.slot_hz,
            intensities=tuple(i.mean for i in parameters.intensities),
            intensity_probabilities=tuple(i.probability for i in parameters.intensities),
            key_basis_probability=0.7,
        ),
        n_slots=blocks * parameters.slots_per_block + 200_000,
        channel_loss_db=0.5,
        misalignment_error=0.005,
        bob=_bench_receiver(),
        bob_clock=BenchClock(offset_ps=offset_ps, drift_ppm=drift_ppm),
    )
    return list(bb84.prepared_states(scene, seed)), list(bb84.detected_tags(scene, seed))


@cache
def pair_recordings(seed: int, blocks: int, offset_ps: int, drift_ppm: float):
    end = PairParty(receiver=_bench_receiver(), loss_db=1.0)
    bob = PairParty(
        receiver=_bench_receiver(), loss_db=2.0, clock=BenchClock(offset_ps=offset_ps, drift_ppm=drift_ppm)
    )
    scene = Bbm92Scene(
        pair_rate_hz=800e3,
        duration_s=0.012 + 0.04 * blocks,
        key_error=0.01,
        test_error=0.008,
        alice=end,
        bob=bob,
    )
    return [list(bbm92.detected_tags(scene, seed, role)) for role in EVERYTHING]


@dataclass
class Outcome:
    """What a run came to at one party."""

    sink: MemorySink
    pool: MemoryPool
    messages: list = field(default_factory=list)

    @property
    def ends(self) -> list[SecretBlock | BlockEnded]:
        return [m for m in self.messages if isinstance(m, SecretBlock | BlockEnded)]

    @property
    def keys(self) -> dict:
        return self.sink.confirmed


def link(
    parameters: Session,
    recordings: Iterable[list],
    wire: Callable = direct,
    seed: bytes = b"",
    bob_parameters: Session | None = None,
    shared_keys: dict | None = None,
    wrap: Callable = lambda stage: stage,
    pools: dict | None = None,
) -> dict[str, Outcome]:
    """Run a whole session of two isolated parties."""
    outcomes: dict = {}
    chains = {}
    for role in EVERYTHING:
        pool = pools[role] if pools else MemoryPool((shared_keys or {}).get(role, SHARED_KEY))
        outcomes[role] = Outcome(MemorySink(pool), pool)
        party = Party(role, SeededEntropy(seed + role.encode()), pool, outcomes[role].sink)
        mine = bob_parameters if bob_parameters and role == "bob" else parameters
        chains[role] = [wrap(stage) for stage in stages(mine, party)]
    alice, bob = recordings
    for role, message in run_pair(chains["alice"], chains["bob"], alice, bob, wire):
        outcomes[role].messages.append(message)
    return outcomes
