import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.conversation.messages import encode
from postproc.parameters.receiver import Bases
from postproc.parameters.stages import Clock
from postproc.synchronisation.buffer import StateBuffer, TagBuffer
from postproc.synchronisation.messages import StatePreamble
from postproc.synchronisation.prepare_measure import PrepareMeasureLock
from postproc.synchronisation.stage import ClockLocked
from postproc.timetags.types import StateChunk
from tests.support.hostile import Liar, altered
from tests.support.profiles import SHARED_FIXTURE
from tests.support.streams import SECOND, SlotScene, TwoClocks, chunked, lock, receiver, states_of

FAR, BACK = TwoClocks(1_999_999_999_999, 25e-6), TwoClocks(-1_234_567_890_123, -25e-6)
SPREAD = (-12_000, 0, 3000, 9000)


def script(scene, preamble_s, **clock) -> PrepareMeasureLock:
    return PrepareMeasureLock(receiver(), Bases(), Clock(preamble_s=preamble_s, **clock), scene.period_ps)


def run(scene, preamble_s, *, seed=1, pieces=5, first=0, slots=None, clicks=None, wire=None, **clock):
    """Lock on a scene; Alice's recording begins with slot `first`."""
    time, channel, _ = clicks or scene.clicks(seed)
    length = round(preamble_s * scene.slot_hz)
    slots = slots or 4 * length
    edges = np.linspace(first, first + slots, 6).astype(int)
    states = [StateChunk(int(a), states_of(np.arange(a, b))) for a, b in itertools.pairwise(edges)]
    wires = {"wire": wire} if wire else {}
    by = script(scene, preamble_s, **clock)
    return lock(by, (StateBuffer(), TagBuffer()), states, chunked(time, channel, pieces), **wires)


CASES = {
    "10 MHz, 10 kcps": (SlotScene(slot_hz=10e6, clicks_hz=1e4, duration_s=0.6), 0.1),
    "10 MHz, late": (SlotScene(slot_hz=10e6, clicks_hz=1e4, duration_s=0.6, clocks=FAR), 0.1),
    "50 MHz": (SlotScene(slot_hz=50e6, clocks=BACK), 0.004),
    "50 MHz, delays": (SlotScene(slot_hz=50e6, clocks=BACK, delays_ps=SPREAD), 0.004),
    "100 MHz, unequal": (SlotScene(clocks=FAR, delays_ps=SPREAD, shares=(0.5, 0.3, 0.12, 0.08)), 0.01),
    "300 MHz, no whole period": (SlotScene(slot_hz=3e8, clocks=BACK, delays_ps=SPREAD, clicks_hz=3e5), 0.005),
    "1 GHz": (SlotScene(slot_hz=1e9, clicks_hz=3e5, clocks=FAR, delays_ps=SPREAD), 0.004),
    "errors": (SlotScene(clocks=BACK, error=0.11, delays_ps=SPREAD), 0.004),
    "stray clicks": (SlotScene(clocks=FAR, error=0.11, background=0.8, delays_ps=SPREAD), 0.02),
    "steady light, 80 % stray": (SlotScene(slot_hz=10e6, clicks_hz=1e5, background=0.8, duration_s=0.5), 0.1),
    "many clicks": (SlotScene(slot_hz=50e6, clicks_hz=5e6, duration_s=0.03, clocks=BACK), 0.004),
}


@pytest.mark.parametrize("name", CASES)
def test_every_click_ends_up_in_its_slot(name):
    scene, preamble_s = CASES[name]
    result = run(scene, preamble_s)
    assert result.locked, result.refusals
    assert {locked.first_block for locked in result.locked} == {round(preamble_s * scene.slot_hz)}
    assert_in_their_slots(scene, result, 1)


def assert_in_their_slots(scene, result, seed, preambles=1):
    converted = np.concatenate([chunk.time_ps for chunk in result.chunks()])
    time, channel, slot = scene.clicks(seed)
    undelayed = time - np.asarray(scene.delays_ps)[channel]
    slot = slot[np.argsort(undelayed, kind="stable")][len(slot) - len(converted) :]
    block = slot >= result.locked[0].first_block
    assert block.sum() > 100
    assert (np.rint(converted[block] / scene.period_ps) != slot[block]).mean() < 1e-4
    figures = result.figures
    assert abs(figures["drift_ppb"] - scene.clocks.drift * 1e9) < 6 * figures["drift_error_ppb"]
    common_ps = scene.clocks.offset_ps + np.mean(scene.delays_ps)
    # the drift's error reaches back to time zero; a stray phase of 80 % adds its own
    reach_ps = 5 * figures["drift_error_ppb"] * 1e-9 * 0.3 * SECOND
    assert abs(figures["offset_ps"] - common_ps) < 100 + reach_ps
    # stray clicks far from the slots' centres do not count
    uncertain = 4 / np.sqrt(figures["preamble_detections"])
    ungated = scene.background / 2 + (1 - scene.background) * scene.error
    assert scene.error - uncertain < figures["preamble_qber"] < ungated + uncertain


@pytest.mark.parametrize("ramp", [-1e-7, 1e-7])
def test_a_drift_that_changes_is_followed_from_the_preamble_on(ramp):
    scene = SlotScene(slot_hz=50e6, clicks_hz=2e5, duration_s=2.0, clocks=TwoClocks(10**11, 2e-5, ramp))
    result = run(scene, 0.02, max_offset_s=0.2)
    converted = np.concatenate([chunk.time_ps for chunk in result.chunks()])
    slot = scene.clicks(1)[2][-len(converted) :]
    block = slot >= result.locked[0].first_block
    assert not result.alarms()
    assert (np.rint(converted[block] / scene.period_ps) == slot[block]).all()


@given(offset_ps=st.integers(-(2 * 10**12), 2 * 10**12), ppm=st.floats(-25, 25), seed=st.integers(0, 10**6))
@settings(max_examples=12)
def test_any_clock_within_bounds_is_found(offset_ps, ppm, seed):
    scene = SlotScene(duration_s=0.02, clocks=TwoClocks(offset_ps, ppm * 1e-6), delays_ps=SPREAD)
    result = run(scene, 0.003, seed=seed)
    assert result.locked, result.refusals
    assert_in_their_slots(scene, result, seed)


def test_calibrated_delays_are_enough():
    detectors = receiver().detectors
    scene = SlotScene(clocks=FAR)
    result = run(scene, 0.004, estimate_delays=False)
    assert len(detectors) == 4
    assert_in_their_slots(scene, result, 1)


def test_bob_may_start_long_before_the_light():
    scene = SlotScene(clocks=BACK, dark_s=(0.0, 0.05), background=0.3, clicks_hz=5e5)
    result = run(scene, 0.004, first=5_000_000)
    assert result.locked, result.refusals
    assert_in_their_slots(scene, result, 1)


@pytest.mark.parametrize(("late_s", "preambles"), [(0.0005, 1), (0.012, 2), (0.0225, 3)])
def test_where_bob_starts_late_a_later_preamble_fits(late_s, preambles):
    scene = SlotScene(clocks=FAR)
    time, channel, slot = scene.clicks(1)
    here = time >= FAR.offset_ps + late_s * SECOND
    result = run(scene, 0.01, clicks=(time[here], channel[here], slot[here]))
    assert result.locked[0].first_block == preambles * 1_000_000
    assert_in_their_slots(scene, result, 1)


def other_times(scene):
    time, channel, slot = scene.clicks(1)
    return np.sort(np.random.default_rng(0).integers(time[0], time[-1], len(time))), channel, slot


def backwards(scene):
    time, channel, slot = scene.clicks(1)
    return (time[-1] - time)[::-1].copy(), channel[::-1].copy(), slot


REFUSED = {
    "dark counts": (other_times, "keep the beat"),
    "backwards": (backwards, "fit nowhere"),
    "another rate": (lambda scene: SlotScene(slot_hz=50.01e6).clicks(1), "keep the beat"),
    "another transmission": (
        lambda scene: (scene.clicks(1)[0], scene.clicks(2)[1][: len(scene.clicks(1)[0])], None),
        "fit nowhere",
    ),
    "five clicks": (lambda scene: tuple(part[:5] for part in scene.clicks(1)), "keep the beat"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_belong_together_is_refused_in_a_sentence(name):
    scene = SlotScene(slot_hz=50e6, duration_s=0.05)
    clicks, words = REFUSED[name]
    time, channel, slot = clicks(scene)
    size = min(len(time), len(channel))
    result = run(scene, 0.004, clicks=(time[:size], channel[:size], slot), attempts=2)
    assert not result.locked
    assert len(result.refusals) == 2
    assert all(words in reason for reason in result.refusals)
    assert not result.chunks()


def test_a_dead_detector_is_named():
    scene = SlotScene()
    alive = scene.clicks(1)[1] != 2
    result = run(scene, 0.004, clicks=tuple(part[alive] for part in scene.clicks(1)))
    assert "detector 2 of Bob shows no beat of its own" in result.refusals[0]


def test_a_detector_with_too_few_clicks_to_place_is_named():
    scene = SlotScene(slot_hz=1e9, clicks_hz=3e5)
    time, channel, slot = scene.clicks(1)
    kept = (channel != 3) | (np.arange(len(time)) % 12 == 0)
    result = run(scene, 0.004, clicks=(time[kept], channel[kept], slot[kept]), attempts=1)
    assert "detector 3 of Bob has too few clicks in the preamble to tell by how many" in result.refusals[0]


def test_alice_says_when_her_states_are_too_few():
    result = run(SlotScene(duration_s=0.01), 0.004, slots=399_999)
    assert all(
        "preamble 1 takes 400000 slots, and Alice's recording ends after 399999" in r for r in result.refusals
    )


SMALL = SlotScene(duration_s=0.008, clocks=TwoClocks(10**9, 5e-6), clicks_hz=2e6)


@given(data=st.data())
@settings(suppress_health_check=SHARED_FIXTURE, max_examples=50)
def test_no_message_upsets_the_other_party(data):
    """Whatever one message becomes, both parties end in a lock or in a sentence."""
    sender, frame = data.draw(st.sampled_from([("alice", 0), ("bob", 0), ("alice", 1)]))
    liar = Liar(sender, frame, lambda payload: data.draw(altered(payload)))
    result = run(SMALL, 0.001, wire=liar, max_offset_s=0.02, attempts=2)
    for party in (result.alice, result.bob):
        assert len([m for m in party if isinstance(m, ClockLocked) or hasattr(m, "outcome")]) == 1


STATES = states_of(np.arange(100_000))
LIES = {
    "shorter": StatePreamble(0, STATES[:-1]),
    "empty": StatePreamble(0, STATES[:0]),
    "longer": StatePreamble(0, np.append(STATES, STATES[:1])),
    "no states": StatePreamble(0, STATES | np.uint8(16)),
    "beyond time": StatePreamble(2**61, STATES),
}


@pytest.mark.parametrize("name", LIES)
def test_a_preamble_that_is_none_ends_the_session(name):
    liar = Liar("alice", 0, lambda payload: encode(LIES[name]))
    result = run(SMALL, 0.001, wire=liar)
    assert all(
        "Alice's preamble is not the states of the 100000 slots" in reason for reason in result.refusals
    )


def test_other_states_of_the_right_length_are_no_lock():
    other = StatePreamble(0, states_of(np.arange(10**6, 10**6 + 100_000)))
    result = run(SMALL, 0.001, wire=Liar("alice", 0, lambda payload: encode(other)), attempts=1)
    assert all("fit nowhere" in reason for reason in result.refusals)


@pytest.mark.parametrize("pieces", [1, 7, 60])
def test_how_the_recording_is_cut_makes_no_difference(pieces):
    scene = SlotScene(duration_s=0.03, clocks=FAR, delays_ps=SPREAD)
    results = [run(scene, 0.004, pieces=p) for p in (5, pieces)]
    assert results[0].figures == results[1].figures
    joined = [np.concatenate([c.time_ps for c in r.chunks()]) for r in results]
    # detectors' delays reorder clicks at the edges of chunks, which moves the ends of batches
    assert np.abs(np.sort(joined[0]) - np.sort(joined[1])).max() <= 20
