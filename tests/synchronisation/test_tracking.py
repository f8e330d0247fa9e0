import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.synchronisation.slotclock import SlotClock
from postproc.synchronisation.tracking import SlotTracker
from postproc.synchronisation.uncertainty import Uncertainty
from postproc.timetags.types import Gap, TagChunk
from tests.support.streams import SECOND, SlotScene, TwoClocks, chunked

RAMPS = (-4e-7, 1e-7)


def tracker(scene, *, phase_error_ps=50.0, drift_error=1e-9, phase_off_ps=0.0, drift_off=0.0):
    """A tracker that knows the scene's clock at its beginning but for its errors."""
    clocks = scene.clocks
    clock = SlotClock(0, clocks.offset_ps, phase_off_ps, scene.period_ps * (1 + clocks.drift + drift_off))
    delays = np.zeros(256, np.int64)
    delays[:4] = scene.delays_ps
    return SlotTracker(delays, clock, Uncertainty.of(phase_error_ps, drift_error), scene.period_ps)


def follow(scene, seed=1, pieces=5, **known):
    """All converted chunks, the alarms, and the true slot of each click that came out (-1: a stray one)."""
    time, channel, slot = scene.clicks(seed)
    undelayed = time - np.asarray(scene.delays_ps)[channel]
    order = np.argsort(undelayed, kind="stable")
    track = tracker(scene, **known)
    out = [track(chunk) for chunk in chunked(time, channel, pieces)]
    first = np.searchsorted(undelayed[order], scene.clocks.offset_ps - round(scene.period_ps / 2))
    converted = np.concatenate([chunk.time_ps for chunk in out])
    return out, track.watch(), converted, slot[order][first : first + len(converted)]


def wrong_slots(scene, converted, slot):
    known = slot >= 0
    return np.count_nonzero(np.rint(converted[known] / scene.period_ps) != slot[known])


SCENES = {
    "10 MHz, 10 kcps": SlotScene(slot_hz=10e6, clicks_hz=1e4, duration_s=4.0),
    "50 MHz, 100 kcps": SlotScene(slot_hz=50e6, clicks_hz=1e5, duration_s=3.0),
    "100 MHz, 1 Mcps": SlotScene(slot_hz=100e6, clicks_hz=1e6, duration_s=1.0),
    "1 GHz, 100 kcps": SlotScene(slot_hz=1e9, clicks_hz=1e5, duration_s=3.0),
    "1 GHz, jitter": SlotScene(slot_hz=1e9, clicks_hz=1e5, duration_s=2.0, jitter_ps=100.0, background=0.2),
    "300 MHz, no whole period": SlotScene(slot_hz=3e8, clicks_hz=1e5, duration_s=2.0),
    "50 MHz, 80 % stray": SlotScene(slot_hz=50e6, clicks_hz=5e5, duration_s=2.0, background=0.8),
}


@pytest.mark.parametrize("ramp", RAMPS)
@pytest.mark.parametrize("name", SCENES)
def test_no_click_ends_up_in_a_wrong_slot_though_the_drift_changes(name, ramp):
    scene = SlotScene(**{**vars(SCENES[name]), "clocks": TwoClocks(10**11, -24e-6, ramp)})
    _, alarms, converted, slot = follow(scene)
    assert not alarms
    assert len(converted) == len(slot) > 0.98 * scene.clicks_hz * scene.duration_s
    # jitter itself reaches half a slot of 1 ns at 5 sigma of 100 ps
    assert wrong_slots(scene, converted, slot) <= 1e-5 * len(slot)


def test_what_a_lock_left_wrong_is_taken_off():
    scene = SlotScene(slot_hz=50e6, clicks_hz=1e5, duration_s=0.3)
    _, alarms, converted, slot = follow(
        scene, phase_error_ps=800.0, drift_error=5e-8, phase_off_ps=1500.0, drift_off=4e-8
    )
    late = len(slot) // 2
    left = converted[late:] - slot[late:] * scene.period_ps
    assert not alarms
    assert abs(np.median(left[slot[late:] >= 0])) < 15


def test_the_clock_is_told_as_it_is_followed():
    clocks = TwoClocks(10**11, -24e-6, 4e-7)
    scene = SlotScene(slot_hz=50e6, clicks_hz=1e5, duration_s=2.0, clocks=clocks)
    time, channel, _ = scene.clicks(1)
    track = tracker(scene)
    for chunk in chunked(time, channel, 5):
        track(chunk)
    told = track.clock_at(2 * SECOND)
    assert told["offset_ps"] == pytest.approx(float(clocks.bob(2 * SECOND) - 2 * SECOND), abs=1000)
    assert told["drift_ppb"] == pytest.approx(-24e3 + 2 * 4e-7 * 1e9, abs=50)
    track._lose(0, "it jumped")
    assert track.clock_at(2 * SECOND) == {}


@given(st.lists(st.integers(0, 40_000), max_size=30), st.integers(0, 3))
@settings(max_examples=25)
def test_how_the_recording_is_cut_makes_no_difference(cuts, seed):
    scene = SlotScene(slot_hz=50e6, clicks_hz=4e5, duration_s=0.1, clocks=TwoClocks(10**9, 1e-5, 1e-7))
    time, channel, _ = scene.clicks(seed)
    edges = [0, *sorted(min(cut, len(time)) for cut in cuts), len(time)]
    start, stop = int(time[0]), int(time[-1]) + 1
    spans = [start, *(int(time[edge - 1]) + 1 if edge else start for edge in edges[1:-1]), stop]
    track = tracker(scene)
    pieces = [
        track(
            TagChunk(spans[i], spans[i + 1], time[edges[i] : edges[i + 1]], channel[edges[i] : edges[i + 1]])
        )
        for i in range(len(edges) - 1)
    ]
    whole = tracker(scene)(TagChunk(start, stop, time, channel))
    assert np.array_equal(np.concatenate([p.time_ps for p in pieces]), whole.time_ps)
    assert np.array_equal(np.concatenate([p.channel for p in pieces]), whole.channel)
    assert all(one.stop_ps == other.start_ps for one, other in itertools.pairwise(pieces))


def test_delays_come_off_and_clicks_ascend():
    scene = SlotScene(slot_hz=50e6, clicks_hz=1e6, duration_s=0.05, delays_ps=(9000, -9000, 0, 3000))
    out, _, converted, slot = follow(scene)
    assert wrong_slots(scene, converted, slot) == 0
    assert all((np.diff(chunk.time_ps) >= 0).all() for chunk in out)


@pytest.mark.parametrize("kind", ["blind_s", "dark_s"])
@pytest.mark.parametrize("ramp", RAMPS)
def test_a_tenth_of_a_second_without_light_is_bridged(kind, ramp):
    scene = SlotScene(
        slot_hz=50e6, clicks_hz=1e5, duration_s=1.0, clocks=TwoClocks(0, 1e-5, ramp), **{kind: (0.4, 0.5)}
    )
    _, alarms, converted, slot = follow(scene)
    assert not alarms
    assert len(converted) > 0.85e5
    assert wrong_slots(scene, converted, slot) == 0


@pytest.mark.parametrize("kind", ["blind_s", "dark_s"])
@pytest.mark.parametrize(("slot_hz", "length_s"), [(1e9, 0.6), (50e6, 3.0)])
def test_after_too_long_without_light_slots_are_lost_and_nothing_is_pretended(kind, slot_hz, length_s):
    scene = SlotScene(
        slot_hz=slot_hz,
        clicks_hz=3e4,
        duration_s=0.7 + length_s,
        clocks=TwoClocks(0, 1e-5, 1e-7),
        **{kind: (0.3, 0.3 + length_s)},
    )
    out, alarms, converted, slot = follow(scene, pieces=20)
    assert [alarm.name for alarm in alarms] == ["slots-lost"]
    assert alarms[0].severity == "error"
    lost_s = alarms[0].figures["bob_clock_s"]
    assert 0.3 < lost_s < 0.3 + length_s + 0.001
    assert wrong_slots(scene, converted, slot) == 0
    assert converted[-1] < (0.3 + length_s) * SECOND
    gaps = [gap for chunk in out for gap in chunk.gaps]
    assert gaps[0].first_ps == pytest.approx(lost_s * SECOND / (1 + 1e-5), abs=1e8)
    assert gaps[-1].last_ps == out[-1].stop_ps
    # the chunks go on to tile the time, so that blocks end where Alice's do
    assert all(one.stop_ps == other.start_ps for one, other in itertools.pairwise(out))
    assert out[-1].stop_ps == pytest.approx((0.7 + length_s) * SECOND, rel=1e-3)


@pytest.mark.parametrize("jump_slots", [0.12, 0.3, 0.5, 7.4])
def test_a_clock_that_jumps_is_noticed(jump_slots):
    scene = SlotScene(slot_hz=50e6, clicks_hz=1e5, duration_s=0.4)
    time, channel, _ = scene.clicks(3)
    jumped = np.where(time > 0.2 * SECOND, time + round(jump_slots * scene.period_ps), time)
    track = tracker(scene)
    out = track(TagChunk(0, int(jumped[-1]) + 1, jumped, channel))
    (alarm,) = track.watch()
    assert "jumped" in alarm.figures["reason"]
    assert np.count_nonzero(out.time_ps > 0.2 * SECOND) < 2000
    assert track.watch() == ()


def test_stray_clicks_alone_do_not_move_the_clock():
    """Without a beat the tracker waits; it does not follow noise until it gives up."""
    scene = SlotScene(slot_hz=10e6, clicks_hz=2e5, duration_s=0.3, background=1.0)
    time, channel, _ = scene.clicks(1)
    out = tracker(scene)(TagChunk(0, int(time[-1]) + 1, time, channel))
    assert len(out.time_ps) > 0.5 * len(time)
    assert np.abs(out.time_ps - time[-len(time) :][: len(out.time_ps)]).max() < 5


def test_gaps_travel_along_and_what_precedes_the_clock_is_left_out():
    scene = SlotScene(slot_hz=50e6, duration_s=0.01, clocks=TwoClocks(1000, 0.0))
    time = np.array([-50_000, 980, 1000, 21_010], np.int64)
    chunk = TagChunk(-60_000, 50_000, time, np.zeros(4, np.uint8), (Gap(31_000, 33_000, "overflow", 4),))
    out = tracker(scene)(chunk)
    assert out.time_ps.tolist() == [-20, 0, 20_010]
    assert out.gaps == (Gap(30_000, 32_000, "overflow", 4),)
    assert (out.start_ps, out.stop_ps) == (-61_000, 49_000)


def test_a_gap_is_as_wide_as_detectors_were_blind_at_different_times():
    scene = SlotScene(slot_hz=50e6, clocks=TwoClocks(1000, 0.0), delays_ps=(9000, -4000, 0, 3000))
    empty = np.empty(0, np.int64), np.empty(0, np.uint8)
    out = tracker(scene)(TagChunk(0, 50_000, *empty, (Gap(31_000, 33_000, "overflow", 4),)))
    assert out.gaps == (Gap(21_000, 36_000, "overflow", 4),)


def test_a_gap_in_which_slots_are_lost_begins_where_it_did():
    track = tracker(SlotScene(slot_hz=50e6, clocks=TwoClocks(1000, 0.0)))
    track._lose(32_000, "it jumped")
    empty = np.empty(0, np.int64), np.empty(0, np.uint8)
    out = track(TagChunk(0, 50_000, *empty, (Gap(31_000, 33_000, "overflow", 4),)))
    assert out.gaps == (Gap(30_000, 30_999, "overflow", 4), Gap(31_000, 49_000, "unknown"))


def test_an_empty_chunk_is_nothing_special():
    out = tracker(SlotScene())(TagChunk(0, 100, np.empty(0, np.int64), np.empty(0, np.uint8)))
    assert len(out) == 0
