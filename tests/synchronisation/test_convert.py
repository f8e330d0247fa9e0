import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from postproc.parameters.receiver import Detector, Receiver
from postproc.synchronisation.buffer import Tags
from postproc.synchronisation.clock import DriftingClock
from postproc.synchronisation.convert import Converter, known_delays, prepared
from postproc.timetags.types import Gap, TagChunk
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
    edges = clock.to_alice(np.array([-2000, 2001, -5, 7])).tolist()
    assert [out.start_ps, out.stop_ps, out.gaps[0].first_ps, out.gaps[0].last_ps] == edges
    assert out.gaps[0].reason == "overflow"
    assert out.gaps[0].lost == 3


def test_at_alice_only_delays_come_off():
    chunk = TagChunk(0, 100, np.array([10, 20], np.int64), np.array([0, 1], np.uint8))
    out = Converter(np.where(np.arange(256) == 0, 15, 0))(chunk)
    assert out.time_ps.tolist() == [-5, 20]
    assert (out.start_ps, out.stop_ps) == (0, 100)


def test_a_receiver_without_calibration_has_no_delays():
    assert not known_delays(receiver()).any()
