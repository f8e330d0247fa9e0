"""Hundreds of links drawn at random: a lock is right, or it is refused in a sentence; it is never wrong."""

import numpy as np
import pytest

from postproc.parameters.receiver import Bases
from postproc.parameters.stages import Clock
from postproc.synchronisation import coarse
from postproc.synchronisation.buffer import StateBuffer, TagBuffer
from postproc.synchronisation.pair_source import PairSourceLock
from postproc.synchronisation.prepare_measure import PrepareMeasureLock
from postproc.timetags.types import StateChunk
from tests.support.streams import SECOND, PairScene, SlotScene, TwoClocks, chunked, lock, receiver, states_of

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(1200)]

LINKS = 200


def clocks(rng, ramp=0.0):
    return TwoClocks(int(rng.integers(-2 * SECOND, 2 * SECOND)), rng.uniform(-25e-6, 25e-6), ramp)


def delays(rng):
    return tuple(int(d) for d in rng.integers(-12_000, 12_000, 4))


def pair_scene(rng):
    return PairScene(
        duration_s=float(rng.choice([0.05, 0.3])),
        pairs_hz=10 ** rng.uniform(3, 5.5),
        alice_hz=10 ** rng.uniform(4, 6.3),
        bob_hz=10 ** rng.uniform(4, 6.3),
        clocks=clocks(rng),
        alice_delays_ps=delays(rng),
        bob_delays_ps=delays(rng),
        shares=tuple(rng.dirichlet([5, 5, 5, 5])),
        jitter_ps=rng.uniform(20, 250),
        error=rng.uniform(0, 0.11),
        echo=float(rng.choice([0.0, 0.5])),
        start_ps=int(rng.integers(-(10**15), 10**15)),
        bob_from_s=float(rng.choice([0.0, 0.007, 0.025])),
    )


def test_pair_sources(monkeypatch):
    monkeypatch.setattr(coarse, "MAX_WORK", 2**22)
    locked = 0
    for seed in range(LINKS):
        rng = np.random.default_rng(seed)
        scene = pair_scene(rng)
        by = PairSourceLock(
            receiver(0), receiver(4), Bases(), Clock(preamble_s=0.02, max_offset_s=4.0), 1000, 100
        )
        alice, bob = scene.clicks(seed)
        chunks = chunked(*alice, 3), chunked(bob[0], bob[1] + np.uint8(4), 4)
        result = lock(by, (TagBuffer(), TagBuffer()), *chunks)
        assert result.locked or len(result.refusals) == 2
        if result.locked:
            locked += 1
            figures, start = result.figures, result.locked[0].first_block
            assert abs(figures["drift_ppb"] - scene.clocks.drift * 1e9) < 6 * figures["drift_error_ppb"], (
                seed,
                scene,
            )
            common = np.mean(scene.bob_delays_ps) - np.mean(scene.alice_delays_ps)
            true_ps = scene.clocks.offset_ps + common + scene.clocks.drift * start
            got_ps = figures["offset_ps"] + figures["drift_ppb"] * 1e-9 * start
            assert abs(got_ps - true_ps) < 300, (seed, scene)
    assert locked > LINKS / 2


def slot_scene(rng):
    return SlotScene(
        slot_hz=float(rng.choice([10e6, 50e6, 77e6, 100e6, 3e8, 1e9])),
        duration_s=0.04,
        clicks_hz=10 ** rng.uniform(5.2, 6.7),
        background=float(rng.choice([0.0, 0.1, 0.5, 0.8])),
        error=rng.uniform(0, 0.11),
        clocks=clocks(rng, rng.uniform(-1e-7, 1e-7)),
        delays_ps=delays(rng),
        jitter_ps=rng.uniform(20, 100),
        dark_s=(0.0, float(rng.choice([0.0, 0.008]))),
    )


def test_prepare_and_measure():
    locked = 0
    for seed in range(LINKS):
        rng = np.random.default_rng(seed)
        scene = slot_scene(rng)
        time, channel, slot = scene.clicks(seed)
        first = round(scene.dark_s[1] * scene.slot_hz)
        preamble_s = 0.005 if scene.slot_hz < 2e8 else 0.001
        length = round(preamble_s * scene.slot_hz)
        by = PrepareMeasureLock(
            receiver(), Bases(), Clock(preamble_s=preamble_s, attempts=2), scene.period_ps
        )
        states = [StateChunk(first, states_of(np.arange(first, first + 4 * length)))]
        result = lock(by, (StateBuffer(), TagBuffer()), states, chunked(time, channel, 5))
        assert result.locked or len(result.refusals) == 2
        if result.locked:
            locked += 1
            converted = np.concatenate([chunk.time_ps for chunk in result.chunks()])
            order = np.argsort(time - np.asarray(scene.delays_ps)[channel], kind="stable")
            true = slot[order][len(slot) - len(converted) :]
            block = true >= result.locked[0].first_block
            assert not result.alarms(), (seed, scene)
            # jitter alone passes half a slot of 1 ns at 5 sigma
            assert np.mean(np.rint(converted[block] / scene.period_ps) != true[block]) < 1e-5, (seed, scene)
    assert locked > LINKS / 2
