"""The real recording: one tagger saw both parties, so what was put into Bob's clock must come out again."""

from pathlib import Path

import numpy as np
import pytest

from postproc.parameters.receiver import Bases, Detector, Receiver
from postproc.parameters.stages import Clock
from postproc.synchronisation.buffer import TagBuffer
from postproc.synchronisation.pair_source import PairSourceLock
from postproc.timetags.recording import open_tags
from tests.support.streams import TwoClocks, chunked, lock

pytestmark = pytest.mark.recording

RECORDING = Path(__file__).parents[2].parent / "shared" / "data" / "kwiat_bbm92.txt.gz"

#: As its description and earlier fits have them, in ns, relative to each party's mean.
DELAYS_NS = {0: -6.55, 1: -0.24, 2: 1.19, 3: 5.6, 4: -6.72, 5: -0.18, 6: 1.25, 7: 5.65}
PREAMBLE_S = 0.012


def receiver(first):
    names = (("HV", 0), ("HV", 1), ("DA", 0), ("DA", 1))
    return Receiver(tuple(Detector(first + i, *name) for i, name in enumerate(names)), 25_000, 1000)


@pytest.fixture(scope="module")
def tags():
    if not RECORDING.exists():
        pytest.skip(f"{RECORDING} is not here")
    chunks = list(open_tags(RECORDING).chunks())
    return np.concatenate([c.time_ps for c in chunks]), np.concatenate([c.channel for c in chunks])


SAME = TwoClocks()


def run(tags, clocks=SAME, **clock):
    time, channel = tags
    alice, bob = channel < 4, channel >= 4
    by = PairSourceLock(
        receiver(0), receiver(4), Bases("HV", "DA"), Clock(**{"preamble_s": PREAMBLE_S} | clock), 1000, 156
    )
    buffers = TagBuffer(), TagBuffer()
    chunks = chunked(time[alice], channel[alice], 3), chunked(clocks.bob(time[bob]), channel[bob], 4)
    return lock(by, buffers, *chunks)


def delays_ns(result, time, channel, party):
    """What the party's converter took off, by channel: from the chunks that it gave."""
    out = [
        np.concatenate([getattr(c, name) for c in result.chunks(party)]) for name in ("time_ps", "channel")
    ]
    return {
        c: np.median(np.sort(time[channel == c]) - np.sort(out[0][out[1] == c])) / 1000
        for c in np.unique(out[1])
    }


@pytest.mark.parametrize(
    ("offset_ps", "ppm"),
    [
        (0, 0.0),
        (10**12, 20.0),
        (-(10**12), -20.0),
        (-700_000_000_001, 18.3),
        (1_999_999_999_999, -24.9),
        (78, 3.3),
    ],
)
def test_any_clock_put_in_comes_out(tags, offset_ps, ppm):
    straight = run(tags).figures
    result = run(tags, TwoClocks(offset_ps, ppm * 1e-6))
    figures = result.figures
    assert abs(figures["drift_ppb"] - ppm * 1000) < 5 * figures["drift_error_ppb"]
    assert figures["drift_error_ppb"] < 2
    # the detectors' common delay is the recording's own: under a tenth of a ns, and always the same
    assert abs(straight["offset_ps"]) < 200
    assert abs(figures["offset_ps"] - offset_ps - straight["offset_ps"]) < 30
    assert figures["preamble_pairs"] > 2000
    assert figures["preamble_s"] == PREAMBLE_S


def test_the_detectors_delays_are_those_of_its_description(tags):
    result = run(tags)
    time, channel = tags
    alice = delays_ns(result, time, channel, "alice")
    assert all(abs(alice[c] - DELAYS_NS[c]) < 0.15 for c in range(4))
    bob = delays_ns(result, time, channel, "bob")
    common = np.mean(list(bob.values()))
    # on a clock that drifts by a few ppb only by the fit's error, over 0.1 s
    assert all(abs(bob[c] - common - DELAYS_NS[c]) < 0.3 for c in range(4, 8))


def test_the_times_tell_something_of_the_bits(tags):
    alarm = run(tags).alarms()["timing-leak"]
    assert alarm.severity == "warning"
    assert 0.02 < alarm.figures["bits_per_bit"] < 0.15


def test_bobs_half_backwards_is_refused(tags, monkeypatch):
    from postproc.synchronisation import coarse

    monkeypatch.setattr(coarse, "MAX_WORK", 2**20)
    time, channel = tags
    bob = channel >= 4
    turned = np.where(bob, time[-1] - time, time)
    order = np.argsort(turned, kind="stable")
    result = run((turned[order], channel[order]))
    assert not result.locked
    assert "no common lag" in result.refusals[0]


@pytest.mark.parametrize("preamble_s", [0.004, 0.008, 0.03])
def test_other_preambles_lock_as_well(tags, preamble_s):
    result = run(tags, TwoClocks(5 * 10**11, -7e-6), preamble_s=preamble_s)
    assert result.locked, result.refusals
    figures = result.figures
    assert abs(figures["drift_ppb"] + 7000) < 5 * figures["drift_error_ppb"]
