"""Sessions drawn from a seed: loss, dark counts, dead time, offset, drift, Doppler and gaps; how their locks end.

Whether the statistics suffice is judged from the scene alone, by formulas that know nothing of the code under test.
"""

from __future__ import annotations

import time as timer
from dataclasses import asdict, dataclass
from math import exp, pi, sqrt

import numpy as np

from postproc.errors import SynchronisationFailed
from postproc.parameters.receiver import Bases
from postproc.parameters.stages import Clock
from postproc.sifting.following import Follower
from postproc.synchronisation.alignment import Aligner
from postproc.synchronisation.buffer import Tags
from postproc.synchronisation.slotlock import SlotLocker
from tests.support.streams import SECOND, PairScene, SlotScene, TwoClocks, chunked, receiver, states_of

WINDOW_PS, JITTER_PS = 1000, 60.0
AFTER_S = 0.4
"""So long a session goes on after its preamble."""

RAMPS = (0.0, 1e-7, -4e-7, 4e-7)
CERTAIN = 11.0
"""Standard deviations with which a lock must be found: its false alarms, of 1e-9 in 10**9 places, lie at 8.6."""


@dataclass(frozen=True)
class Ending:
    """What became of a session.

    `state` is "right", "refused", "false", or "lost" (locked, then given up with an alarm); `should` says whether
    the statistics sufficed for a lock, `cpu_s` how long it took, `residual_ps` how far the clock was off in the
    rest of the session (95 % of all moments).
    """

    seed: int
    kind: str
    scene: dict
    should: bool
    state: str
    cpu_s: float
    residual_ps: float

    def line(self) -> dict:
        return asdict(self)


def session(seed: int) -> Ending:
    """Draw a session and run it: every other one prepares and measures, the others share pairs."""
    rng = np.random.default_rng([4, seed])
    return slots(seed, rng) if seed % 2 == 0 else pairs(seed, rng)


def _clocks(rng: np.random.Generator, offset_s: float) -> TwoClocks:
    """Offsets anywhere, and on whole microseconds, where bins of any round width have their edges."""
    offset = int(rng.uniform(-offset_s, offset_s) * SECOND)
    offset = offset if rng.random() < 0.5 else round(offset, -6)
    return TwoClocks(offset, float(rng.uniform(-45e-6, 45e-6)), float(rng.choice(RAMPS)))


def slots(seed: int, rng: np.random.Generator) -> Ending:
    """Prepare and measure, calibrated detectors: mean photon number 0.4, efficiency 20 %."""
    slot_hz, preamble_s = ((1e9, 0.004), (1e8, 0.02), (2.5e7, 0.08))[int(rng.integers(3))]
    loss_db, dark_hz = float(rng.choice([5, 10, 20, 30, 40])), float(10 ** rng.uniform(2, 5.5))
    dead_ps = int(rng.choice([0, 50_000, 1_000_000]))
    signal_hz = min(slot_hz * 0.08 * 10 ** (-loss_db / 10), 2e6)
    clicks_hz = signal_hz + 4 * dark_hz
    reach_s = float(rng.choice([0.002, 0.005]))
    gap_s = float(rng.choice([0.0, 0.0, 0.05]))
    middle_s = preamble_s + AFTER_S / 2
    scene = SlotScene(
        slot_hz=slot_hz,
        duration_s=preamble_s + AFTER_S,
        clicks_hz=clicks_hz,
        background=4 * dark_hz / clicks_hz,
        error=float(rng.choice([0.01, 0.05, 0.11])),
        clocks=_clocks(rng, reach_s * 0.9),
        jitter_ps=JITTER_PS,
        dark_s=(middle_s, middle_s + gap_s),
    )
    drawn = {"slot_hz": slot_hz, "loss_db": loss_db, "dark_hz": dark_hz, "dead_ps": dead_ps, "gap_s": gap_s}
    drawn |= {"ramp": scene.clocks.ramp_per_s, "drift": scene.clocks.drift, "error": scene.error}
    time, channel, slot = _after_dead_time(scene.clicks(seed), dead_ps)
    clock = Clock(
        preamble_s=preamble_s, max_offset_s=reach_s, max_drift_ppm=50.0, estimate_delays=False, attempts=1
    )
    locker = SlotLocker(receiver(hold_off_ps=0), Bases(), clock, scene.period_ps)
    near = Tags(*(part[: np.searchsorted(time, (preamble_s + reach_s) * SECOND)] for part in (time, channel)))
    states = states_of(np.arange(round(preamble_s * slot_hz)))
    begin = timer.process_time()
    try:
        found = locker.lock(0, states, near)
    except SynchronisationFailed:
        cpu_s = timer.process_time() - begin
        return Ending(seed, "slots", drawn, slots_suffice(scene, preamble_s, dead_ps), "refused", cpu_s, 0.0)
    cpu_s = timer.process_time() - begin
    out = [found.tracker(chunk) for chunk in chunked(time, channel, 6)]
    converted = np.concatenate([chunk.time_ps for chunk in out])
    true = slot[np.searchsorted(time, found.tracker._begin_ps) :][: len(converted)]
    lit = true >= 0
    beyond = converted[lit] - true[lit] * scene.period_ps
    state = "false" if np.mean(np.abs(beyond) > scene.period_ps / 2) > 1e-3 else "right"
    if state == "right" and found.tracker.watch():
        state = "lost"
    suffices = slots_suffice(scene, preamble_s, dead_ps)
    return Ending(seed, "slots", drawn, suffices, state, cpu_s, _residual(beyond))


def _after_dead_time(clicks: tuple, dead_ps: int) -> tuple:
    """Drop what comes within the dead time of a detector's click before."""
    time, channel, _ = clicks
    keep = np.ones(len(time), bool)
    for one in range(4):
        own = np.flatnonzero(channel == one)
        ready = -(2**62)
        for i in own[np.diff(time[own], prepend=-(2**62)) < dead_ps]:
            place = np.searchsorted(own, i)
            before = own[place - 1]
            ready = time[before] + dead_ps if keep[before] else ready
            keep[i] = time[i] >= ready
    return tuple(part[keep] for part in clicks)


def slots_suffice(scene: SlotScene, preamble_s: float, dead_ps: int) -> bool:
    """Whether beat and place must both stand out, of clicks within two sigmas of jitter."""
    per_detector = scene.clicks_hz / 4
    kept = 1 / (1 + per_detector * dead_ps * 1e-12)
    clicks = scene.clicks_hz * preamble_s * kept
    signal = (1 - scene.background) * clicks
    sharp = exp(-2 * (pi * JITTER_PS / scene.period_ps) ** 2)
    beat = (signal * sharp) ** 2 / clicks
    gate = min(4 * JITTER_PS / scene.period_ps, 1.0)
    matched, stray = 0.477 * signal, scene.background * clicks * gate / 2
    place = matched * (1 - 2 * scene.error) / sqrt(max(matched + stray, 1e-9))
    return beat > 100 and place > CERTAIN


def pairs(seed: int, rng: np.random.Generator) -> Ending:
    """A pair source: singles as they are, pairs as the loss leaves them."""
    pairs_hz = float(rng.choice([1e3, 3e3, 1e4, 3e4, 1e5]))
    lone_hz = float(rng.choice([2e4, 1e5, 3e5]))
    preamble_s = float(rng.choice([0.1, 0.2]))
    reach_s = 1.0 if rng.random() < 0.1 else 0.1
    scene = PairScene(
        duration_s=2 * reach_s + preamble_s + AFTER_S,
        pairs_hz=pairs_hz,
        alice_hz=lone_hz,
        bob_hz=lone_hz,
        clocks=_clocks(rng, reach_s),
        jitter_ps=120.0,
        error=0.02,
    )
    drawn = {"pairs_hz": pairs_hz, "lone_hz": lone_hz, "preamble_s": preamble_s, "drift": scene.clocks.drift}
    drawn |= {"ramp": scene.clocks.ramp_per_s, "offset_ps": scene.clocks.offset_ps, "reach_s": reach_s}
    (alice, a), (bob, b) = scene.clicks(seed)
    reach_ps = round(reach_s * SECOND)
    begin_ps = reach_ps
    end_ps = begin_ps + round(preamble_s * SECOND)
    mine = slice(*np.searchsorted(alice, (begin_ps, end_ps)))
    theirs = slice(*np.searchsorted(bob, (begin_ps - reach_ps, end_ps + reach_ps)))
    clock = Clock(
        preamble_s=preamble_s, max_offset_s=reach_s, max_drift_ppm=50.0, estimate_delays=False, attempts=1
    )
    aligner = Aligner(receiver(0), receiver(0), clock, WINDOW_PS)
    should = pairs_suffice(scene, preamble_s)
    begin = timer.process_time()
    try:
        found = aligner.align(Tags(alice[mine], a[mine]), Tags(bob[theirs], b[theirs]), end_ps - begin_ps)
    except SynchronisationFailed:
        return Ending(seed, "pairs", drawn, should, "refused", timer.process_time() - begin, 0.0)
    cpu_s = timer.process_time() - begin
    middle_ps = (begin_ps + end_ps) // 2
    true_ps = float(scene.clocks.bob(np.array([middle_ps]))[0] - middle_ps)
    if abs(found.clock.offset_at(middle_ps) - true_ps) > WINDOW_PS:
        return Ending(seed, "pairs", drawn, should, "false", cpu_s, 0.0)
    beyond = _followed(scene, found.clock, alice, bob, end_ps)
    wrong = np.abs(beyond) > WINDOW_PS / 2
    return Ending(
        seed, "pairs", drawn, should, "lost" if wrong.mean() > 0.2 else "right", cpu_s, _residual(beyond)
    )


def _followed(scene: PairScene, clock, alice: np.ndarray, bob: np.ndarray, from_ps: int) -> np.ndarray:
    """Deviations of Bob's clicks, in blocks of a tenth of a second after the preamble."""
    follower, parts = Follower(), []
    converted = clock.to_alice(bob)
    for block in range(round(AFTER_S * 10)):
        edges = from_ps + (SECOND // 10) * np.array([block, block + 1])
        mine = alice[slice(*np.searchsorted(alice, edges))]
        here = slice(*np.searchsorted(converted, edges))
        steady = follower.steady(mine, converted[here], WINDOW_PS)
        # What the clicks' times would be on Alice's clock, had they been converted without error.
        parts.append(steady - _alice_of(scene.clocks, bob[here]))
    return np.concatenate(parts)


def _alice_of(clocks: TwoClocks, bob_ps: np.ndarray) -> np.ndarray:
    """Invert Bob's clock by going back and forth."""
    alice_ps = bob_ps - clocks.offset_ps
    for _ in range(4):
        alice_ps = alice_ps - (clocks.bob(alice_ps) - bob_ps)
    return alice_ps


def pairs_suffice(scene: PairScene, preamble_s: float) -> bool:
    """Whether the lag must stand out of the accidental coincidences while the drift is unknown, and the line after."""
    singles = [scene.pairs_hz + lone for lone in (scene.alice_hz, scene.bob_hz)]
    found = scene.pairs_hz * preamble_s
    smeared_s = 3 * 50e-6 * preamble_s
    accidental = singles[0] * singles[1] * smeared_s * preamble_s
    return found > CERTAIN * sqrt(accidental) and found > 100


def _residual(beyond: np.ndarray) -> float:
    """Medians of a hundred clicks each; 95 % lie within this of zero."""
    if len(beyond) < 100:
        return 0.0
    medians = [np.median(part) for part in np.array_split(beyond, len(beyond) // 100)]
    return float(np.percentile(np.abs(medians), 95))
