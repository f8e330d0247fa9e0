import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from postproc.entropy import SeededEntropy
from postproc.parameters.receiver import Bases, Detector, Receiver
from postproc.sifting.events import events
from postproc.synchronisation.buffer import Tags
from postproc.synchronisation.clock import DriftingClock
from postproc.synchronisation.convert import Converter, known_delays, prepared
from postproc.timetags.types import Gap, TagChunk
from tests.support.sifting import click_block
from tests.support.streams import receiver

DELAYED = Receiver(
    (Detector(0, "Z", 0, 700), Detector(1, "Z", 1, -300), Detector(2, "X", 0), Detector(9, "X", 1, 5)),
    100,
    10,
)

clicks = st.lists(st.tuples(st.integers(-2000, 2000), st.integers(0, 10)), max_size=40).map(
    lambda pairs: Tags(
        np.array(sorted(t for t, _ in pairs), np.int64), np.array([c for _, c in pairs], np.uint8)
    )
)


@given(clicks)
def test_prepared_clicks_are_the_receivers_own_undelayed_and_a_hold_off_apart(tags):
    delay = {0: 700, 1: -300, 2: 0, 9: 5}
    expected, last = [], {}
    own = [
        (t - delay[c], c)
        for t, c in zip(tags.time_ps.tolist(), tags.channel.tolist(), strict=True)
        if c in delay
    ]
    for time, channel in sorted(own, key=lambda click: click[0]):
        if time - last.get(channel, -(10**9)) > 100:
            expected.append((time, channel))
        last[channel] = time
    got = prepared(tags, DELAYED)
    assert sorted(zip(got.time_ps.tolist(), got.channel.tolist(), strict=True)) == sorted(expected)
    assert (np.diff(got.time_ps) >= 0).all()


@given(clicks, st.integers(-(10**12), 10**12), st.floats(-3e-5, 3e-5))
def test_a_converted_chunk_is_undelayed_on_alices_clock_and_ascending(tags, offset, drift):
    chunk = TagChunk(-2000, 2001, *tags, (Gap(-5, 7, "overflow", 3),))
    clock = DriftingClock(17, float(offset), drift)
    out = Converter(known_delays(DELAYED), clock)(chunk)
    delays = known_delays(DELAYED)[tags.channel]
    expected = sorted(zip(clock.to_alice(tags.time_ps - delays).tolist(), tags.channel.tolist(), strict=True))
    assert sorted(zip(out.time_ps.tolist(), out.channel.tolist(), strict=True)) == expected
    assert (np.diff(out.time_ps) >= 0).all()
    edges = clock.to_alice(np.array([-2000, 2001, -5 - 700, 7 + 300])).tolist()
    assert [out.start_ps, out.stop_ps, out.gaps[0].first_ps, out.gaps[0].last_ps] == edges
    assert out.gaps[0].reason == "overflow"
    assert out.gaps[0].lost == 3


@given(
    st.lists(st.integers(-400_000, 400_000), min_size=4, max_size=4),
    st.integers(900_000, 1_500_000),
    st.integers(0, 300_000),
)
@example([0, 0, 300_000, 0], 1_000_000, 200_000)
@example([0, -300_000, 0, 0], 1_000_000, 200_000)
def test_no_event_starts_where_one_of_the_detectors_was_blind(delays, first, length):
    """A gap blinds all detectors at once, but each of them elsewhere among clicks without their delays."""
    gap = Gap(first, first + length, "dropped")
    time = np.arange(0, 3_000_000, 12_500)
    time = time[(time < gap.first_ps) | (time > gap.last_ps)]
    channel = (time // 12_500 % 4).astype(np.uint8)
    table = np.zeros(256, np.int64)
    table[:4] = delays
    chunk = Converter(table)(TagChunk(0, 3_000_000, time, channel, (gap,)))
    block = click_block(chunk.time_ps, chunk.channel, 0, 3_000_000, gaps=chunk.gaps)
    own = receiver(hold_off_ps=1000, double_click_ps=100)
    seen = events(block, own, Bases(), SeededEntropy(b"x").stream("sift", 1))
    blind = seen.time_ps[:, None] + np.array(delays)
    assert not ((blind >= gap.first_ps - 100) & (blind <= gap.last_ps + 1000)).any()


def test_at_alice_only_delays_come_off():
    chunk = TagChunk(0, 100, np.array([10, 20], np.int64), np.array([0, 1], np.uint8))
    out = Converter(np.where(np.arange(256) == 0, 15, 0))(chunk)
    assert out.time_ps.tolist() == [-5, 20]
    assert (out.start_ps, out.stop_ps) == (0, 100)


def test_a_receiver_without_calibration_has_no_delays():
    assert not known_delays(receiver()).any()
