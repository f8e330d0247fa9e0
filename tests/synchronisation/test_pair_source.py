import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.conversation.messages import encode
from postproc.parameters.receiver import Bases
from postproc.parameters.stages import Clock
from postproc.synchronisation import coarse
from postproc.synchronisation.buffer import TagBuffer
from postproc.synchronisation.messages import LockReply, TagPreamble
from postproc.synchronisation.pair_source import PairSourceLock
from postproc.synchronisation.stage import ClockLocked
from tests.support.hostile import Liar, altered
from tests.support.profiles import SHARED_FIXTURE
from tests.support.streams import PairScene, TwoClocks, chunked, lock, receiver

SPREAD = {"alice_delays_ps": (-12_000, 0, 3000, 9000), "bob_delays_ps": (12_000, -5000, -7000, 0)}
FAR, BACK = TwoClocks(1_999_999_999_999, 25e-6), TwoClocks(-1_234_567_890_123, -25e-6)
RANDOM = settings(suppress_health_check=SHARED_FIXTURE, max_examples=60)


def script(preamble_s=0.02, **clock) -> PairSourceLock:
    clock = Clock(preamble_s=preamble_s, **clock)
    return PairSourceLock(receiver(0), receiver(4), Bases(), clock, window_ps=1000, bin_ps=100)


def run(alice, bob, *, by=None, pieces=(3, 4), **more):
    buffers = TagBuffer(), TagBuffer()
    chunks = chunked(*alice, pieces[0]), chunked(bob[0], bob[1] + np.uint8(4), pieces[1])
    return lock(by or script(), buffers, *chunks, **more)


@pytest.fixture
def impatient(monkeypatch):
    """Refusals after a short search."""
    monkeypatch.setattr(coarse, "MAX_WORK", 2**20)


SCENES = {
    "plain": PairScene(),
    "two seconds late": PairScene(clocks=FAR),
    "early and slow": PairScene(clocks=BACK),
    "delays": PairScene(clocks=FAR, **SPREAD),
    "echo": PairScene(clocks=BACK, echo=0.5, **SPREAD),
    "unequal": PairScene(clocks=FAR, alice_hz=3e6, bob_hz=2e5, shares=(0.5, 0.3, 0.15, 0.05), **SPREAD),
    "negative times": PairScene(clocks=BACK, start_ps=-(10**15), **SPREAD),
    "far from zero": PairScene(clocks=TwoClocks(-1_500_000_000_000, 25e-6), start_ps=10**17, **SPREAD),
    "seconds long": PairScene(duration_s=3.0, pairs_hz=50e3, alice_hz=150e3, bob_hz=100e3, clocks=FAR),
    "noisy clicks": PairScene(clocks=FAR, jitter_ps=250.0, error=0.11, **SPREAD),
}


@pytest.mark.parametrize("name", SCENES)
def test_offset_drift_and_delays_are_found(name):
    scene = SCENES[name]
    result = run(*scene.clicks(1))
    assert result.locked, result.refusals
    first = {locked.first_block for locked in result.locked}
    assert len(first) == 1
    assert_on_alices_clock(scene, result, first.pop())


def assert_on_alices_clock(scene, result, instant_ps):
    """Offset and drift against the truth, where blocks begin; the mean of delays belongs to the offset."""
    figures = result.figures
    drift_ppb = scene.clocks.drift * 1e9
    assert abs(figures["drift_ppb"] - drift_ppb) < 5 * figures["drift_error_ppb"]
    assert figures["drift_error_ppb"] < 2
    common = np.mean(scene.bob_delays_ps) - np.mean(scene.alice_delays_ps)
    true_ps = scene.clocks.offset_ps + common + scene.clocks.drift * instant_ps
    got_ps = figures["offset_ps"] + figures["drift_ppb"] * 1e-9 * instant_ps
    assert abs(got_ps - true_ps) < (100 if abs(instant_ps) < 1e16 else 1e4)  # a double's steps at 1e17


@pytest.mark.parametrize("seed", range(6))
def test_converted_coincidences_fall_together_whatever_the_detectors(seed):
    scene = PairScene(pairs_hz=400e3, clocks=FAR, **SPREAD)
    result = run(*scene.clicks(seed))
    times = [np.concatenate([c.time_ps for c in result.chunks(party)]) for party in ("alice", "bob")]
    channel = [np.concatenate([c.channel for c in result.chunks(party)]) for party in ("alice", "bob")]
    place = np.clip(np.searchsorted(times[0], times[1]), 1, len(times[0]) - 1)
    nearest = np.where(
        np.abs(times[0][place] - times[1]) < np.abs(times[0][place - 1] - times[1]), place, place - 1
    )
    apart = times[1] - times[0][nearest]
    # soon after the preamble, before its drift's error moves anything
    soon = np.abs(times[1] - result.locked[0].first_block) < 10_000_000_000
    close = soon & (np.abs(apart) < 1000)
    assert close.sum() > 0.95 * 0.02 * 400e3
    for alice in range(4):
        for bob in range(4, 8):
            these = close & (channel[0][nearest] == alice) & (channel[1] == bob)
            if these.sum() > 100:
                # 212 ps of jitter over 100 and more, a delay's error of some ps
                assert abs(np.median(apart[these])) < 5 * 1.25 * 250 / np.sqrt(these.sum()) + 60


@given(offset_ps=st.integers(-(2 * 10**12), 2 * 10**12), ppm=st.floats(-25, 25), seed=st.integers(0, 10**6))
@settings(max_examples=15)
def test_any_clock_within_bounds_is_found(offset_ps, ppm, seed):
    scene = PairScene(duration_s=0.03, clocks=TwoClocks(offset_ps, ppm * 1e-6), **SPREAD)
    result = run(*scene.clicks(seed))
    assert result.locked, result.refusals
    assert_on_alices_clock(scene, result, result.locked[0].first_block)


@pytest.mark.parametrize(
    ("bob_from_s", "preambles"), [(0.0, 1), (0.003, 1), (0.008, 2), (0.019, 2), (0.027, 3)]
)
def test_where_bob_starts_late_a_later_preamble_fits(bob_from_s, preambles, impatient):
    scene = PairScene(duration_s=0.2, clocks=FAR, bob_from_s=bob_from_s)
    result = run(*scene.clicks(2))
    assert result.locked[0].first_block // 20_000_000_000 == preambles
    assert result.figures["preamble_s"] == pytest.approx(0.02 * preambles)
    assert_on_alices_clock(scene, result, result.locked[0].first_block)


def test_a_recording_that_ends_within_the_preamble_is_refused(impatient):
    result = run(*PairScene(bob_until_s=0.012).clicks(2))
    assert not result.locked
    assert "0 coincidences" in result.refusals[0] or "no common lag" in result.refusals[0]


def test_a_preamble_that_is_covered_in_part_is_not_enough():
    result = run(*PairScene(bob_until_s=0.012).clicks(2), by=script(attempts=1))
    assert "span only 12 ms of the preamble's 20 ms" in result.refusals[0]


UNRELATED = {
    "other source": lambda alice, bob: (PairScene().clicks(77)[0], bob),
    "backwards": lambda alice, bob: (alice, ((bob[0][-1] - bob[0])[::-1].copy(), bob[1][::-1].copy())),
    "dark": lambda alice, bob: (PairScene(pairs_hz=0).clicks(5)[0], PairScene(pairs_hz=0).clicks(6)[1]),
    "almost nothing": lambda alice, bob: (alice, (bob[0][:5], bob[1][:5])),
    "other time": lambda alice, bob: (alice, (bob[0] + 5 * 10**12, bob[1])),
}


@pytest.mark.parametrize("name", UNRELATED)
def test_what_does_not_belong_together_is_refused_in_a_sentence(name, impatient):
    result = run(*UNRELATED[name](*PairScene().clicks(1)))
    assert not result.locked
    assert len(result.refusals) == 2
    assert all("no common lag that chance does not explain" in reason for reason in result.refusals)
    assert not result.chunks("alice")
    assert not result.chunks("bob")


def test_a_dead_detector_is_named():
    alice, bob = PairScene().clicks(1)
    result = run(alice, tuple(part[bob[1] != 2] for part in bob))
    assert "detector 6 of Bob shows no coincidences" in result.refusals[0]


def test_delays_beyond_what_was_agreed_are_named():
    scene = PairScene(alice_delays_ps=(0, 0, 0, 12_000))
    result = run(*scene.clicks(1), by=script(max_delay_ps=10_000))
    assert "delays of Alice's detectors seem to lie 12.0 ns apart" in result.refusals[0]


def test_calibrated_delays_are_enough():
    result = run(*PairScene(clocks=FAR).clicks(1), by=script(estimate_delays=False))
    assert result.locked
    assert_on_alices_clock(PairScene(clocks=FAR), result, result.locked[0].first_block)


def test_a_common_delay_beside_calibrated_ones_belongs_to_the_offset():
    scene = PairScene(clocks=FAR, bob_delays_ps=(700, 700, 700, 700))
    result = run(*scene.clicks(1), by=script(estimate_delays=False))
    assert_on_alices_clock(scene, result, result.locked[0].first_block)


def test_no_published_click_ends_up_in_a_block():
    """A detector whose delay carries its clicks across the preamble's end."""
    scene = PairScene(clocks=BACK, **SPREAD)
    alice, bob = scene.clicks(3)
    sent = []
    result = run(alice, bob, wire=lambda sender, data: sent.append((sender, data)) or (data,))
    published = set(alice[0][alice[0] < alice[0][0] + 20_000_000_000].tolist())
    first = result.locked[0].first_block
    kept = sum(np.count_nonzero(c.time_ps >= first) for c in result.chunks("alice"))
    assert kept <= len(alice[0]) - len(published)


def test_the_timing_leak_of_the_preamble_is_reported():
    assert run(*PairScene().clicks(1)).alarms()["timing-leak"].severity == "info"
    skewed = PairScene(bob_delays_ps=(0, 400, 0, 0))
    result = run(*skewed.clicks(1), by=script(estimate_delays=False))
    alarm = result.alarms()["timing-leak"]
    assert alarm.severity == "warning"
    assert alarm.figures["bits_per_bit"] > 0.1


@pytest.mark.parametrize("cut", [(1, 1), (40, 1), (1, 60)])
def test_how_the_recordings_are_cut_makes_no_difference(cut):
    scene = PairScene(clocks=FAR, **SPREAD)
    reference, other = (run(*scene.clicks(4), pieces=pieces) for pieces in ((3, 4), cut))
    assert other.figures == reference.figures
    for party in ("alice", "bob"):
        joined = [np.sort(np.concatenate([c.time_ps for c in r.chunks(party)])) for r in (reference, other)]
        assert np.array_equal(*joined)


SMALL = PairScene(duration_s=0.012, pairs_hz=200e3, clocks=TwoClocks(10**10, 5e-6))


@given(data=st.data())
@RANDOM
def test_no_message_upsets_the_other_party(data, impatient):
    """Whatever one message becomes, both parties end in a lock or in a sentence."""
    sender, frame = data.draw(st.sampled_from([("alice", 0), ("alice", 1), ("bob", 0)]))
    liar = Liar(sender, frame, lambda payload: data.draw(altered(payload)))
    result = run(*SMALL.clicks(1), by=script(0.005, attempts=2, max_offset_s=0.1), wire=liar)
    for party in (result.alice, result.bob):
        ends = [m for m in party if isinstance(m, ClockLocked) or hasattr(m, "outcome")]
        assert len(ends) == 1


TIMES, CHANNELS = np.arange(10, dtype=np.int64), np.zeros(10, np.uint8)
WRAPPED = np.array([0, 2**63 - 1, -(2**63), -1, 5], np.int64)  # every difference, modulo 2**64, is positive
LIES = {
    "another length": TagPreamble(0, 10**9, TIMES, CHANNELS),
    "unsorted": TagPreamble(0, 5 * 10**9, TIMES[::-1].copy(), CHANNELS),
    "wrapped around": TagPreamble(0, 5 * 10**9, WRAPPED, CHANNELS[:5]),
    "too early": TagPreamble(0, 5 * 10**9, TIMES - 5_000_000, CHANNELS),
    "too late": TagPreamble(0, 5 * 10**9, TIMES + 5_004_000_000, CHANNELS),
    "unequal": TagPreamble(0, 5 * 10**9, TIMES, CHANNELS[:9]),
    "others' channels": TagPreamble(0, 5 * 10**9, TIMES, CHANNELS + np.uint8(4)),
    "closer than the hold-off": TagPreamble(0, 5 * 10**9, TIMES, CHANNELS),
}


@pytest.mark.parametrize("name", LIES)
def test_a_preamble_that_is_none_ends_the_session(name):
    liar = Liar("alice", 0, lambda payload: encode(LIES[name]))
    result = run(*SMALL.clicks(1), by=script(0.005, attempts=1), wire=liar)
    assert all("Alice's preamble is not a list of ascending clicks" in reason for reason in result.refusals)


def test_a_preamble_at_the_end_of_time_costs_neither_memory_nor_time():
    """Bob waits for its time to come, and keeps nothing of what came before."""
    late = TagPreamble(2**60, 2**60 + 5 * 10**9, TIMES[:0], CHANNELS[:0])
    liar = Liar("alice", 0, lambda payload: encode(late))
    buffers = TagBuffer(), TagBuffer()
    alice, bob = SMALL.clicks(1)
    kept = []

    def watched():
        for chunk in chunked(bob[0], bob[1] + np.uint8(4), 50):
            yield chunk
            kept.append(len(buffers[1]._chunks))

    result = lock(script(0.005, attempts=1), buffers, chunked(*alice, 1), watched(), liar)
    assert kept[-1] <= 1
    assert "no common lag" in result.refusals[0]


def test_preambles_that_do_not_follow_each_other_end_the_session(impatient):
    again = TagPreamble(0, 5 * 10**9, TIMES[:0], CHANNELS[:0])
    liar = Liar("alice", 0, lambda payload: encode(again))
    result = run(*SMALL.clicks(1), by=script(0.005, attempts=2), wire=liar)
    assert all("within the stretch that is due" in reason for reason in result.refusals)


REPLIES = {
    "too far": LockReply(True, "", np.arange(4, dtype=np.uint8), np.array([0, 0, 0, 25_001])),
    "furthest": LockReply(True, "", np.arange(4, dtype=np.uint8), np.array([0, 0, 0, -(2**63)])),
    "missing": LockReply(True, "", np.arange(3, dtype=np.uint8), np.zeros(3, np.int64)),
    "twice": LockReply(True, "", np.array([0, 1, 2, 2], np.uint8), np.zeros(4, np.int64)),
    "Bob's own": LockReply(True, "", np.arange(4, 8, dtype=np.uint8), np.zeros(4, np.int64)),
    "unequal": LockReply(True, "", np.arange(4, dtype=np.uint8), np.zeros(5, np.int64)),
}


@pytest.mark.parametrize("name", REPLIES)
def test_delays_that_cannot_be_end_the_session(name):
    liar = Liar("bob", 0, lambda payload: encode(REPLIES[name]))
    result = run(*SMALL.clicks(1), by=script(0.005), wire=liar)
    assert "Bob's reply does not give one delay" in result.refusals[0]
