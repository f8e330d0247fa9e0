import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.entropy import SeededEntropy
from postproc.parameters.receiver import Bases, Detector, Receiver
from postproc.sifting.events import events, separate
from postproc.timetags.types import Gap
from tests.support.sifting import click_block

BASES = Bases()
OUTCOMES = {3: (0, 0), 4: (0, 1), 7: (1, 0), 9: (1, 1)}
DETECTORS = tuple(Detector(c, "ZX"[basis], bit) for c, (basis, bit) in OUTCOMES.items())

clicks = st.lists(st.tuples(st.integers(0, 300), st.sampled_from([3, 4, 7, 9, 5])), max_size=40).map(sorted)
gaps = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 40)), max_size=2)


def receiver(hold_off_ps, double_click_ps):
    return Receiver(DETECTORS, hold_off_ps, double_click_ps)


def stream(seed=b"x"):
    return SeededEntropy(seed).stream("sift", 1)


def oracle(clicks, gaps, span, hold_off, double):
    """Events as the docstring tells them: time, and the detectors that clicked. One click after another."""
    hold_off = max(hold_off, double)
    own = [(time, channel) for time, channel in clicks if channel in OUTCOMES]
    found = []
    for i, (time, _) in enumerate(own):
        earlier = [t for t, _ in own[:i]]
        # Whatever may have clicked unseen: before the block, inside a gap; and after it, inside the next.
        if any(time - t <= hold_off for t in [*earlier, span[0] - 1]):
            continue
        if time + double >= span[1]:
            continue
        if any(first - double <= time <= last + hold_off for first, last in gaps):
            continue
        found.append((time, {channel for t, channel in own[i:] if t - time <= double}))
    return found


def allowed(detectors):
    """Outcomes that a draw may give."""
    return {OUTCOMES[channel] for channel in detectors}


@given(clicks, gaps, st.integers(0, 30), st.integers(0, 30), st.integers(0, 50), st.integers(250, 320))
def test_events_are_those_of_the_rule(clicks, gaps, hold_off, double, start, stop):
    spans = [(first, first + length) for first, length in gaps]
    inside = [(t, c) for t, c in clicks if start <= t < stop]
    block = click_block(
        [t for t, _ in inside],
        [c for _, c in inside],
        start,
        stop,
        gaps=[Gap(*span, "overflow") for span in spans],
    )
    seen = events(block, receiver(hold_off, double), BASES, stream())
    expected = oracle(inside, spans, (start, stop), hold_off, double)
    assert seen.time_ps.tolist() == [time for time, _ in expected]
    assert seen.doubles == sum(len(detectors) > 1 for _, detectors in expected)
    for basis, bit, (_, detectors) in zip(seen.basis, seen.bit, expected, strict=True):
        assert (basis, bit) in allowed(detectors)


@pytest.mark.parametrize(
    ("detectors", "chances"),
    [
        ({3, 4}, {(0, 0): 1 / 2, (0, 1): 1 / 2}),
        ({3, 7}, {(0, 0): 1 / 2, (1, 0): 1 / 2}),
        ({3, 7, 9}, {(0, 0): 1 / 2, (1, 0): 1 / 4, (1, 1): 1 / 4}),
        ({3, 4, 7, 9}, {(0, 0): 1 / 4, (0, 1): 1 / 4, (1, 0): 1 / 4, (1, 1): 1 / 4}),
    ],
)
def test_a_double_click_draws_the_basis_then_the_bit(detectors, chances):
    n = 4000
    times = np.repeat(np.arange(1, n + 1) * 1000, len(detectors)) + np.tile(range(len(detectors)), n)
    block = click_block(times, np.tile(sorted(detectors), n), 0, 10**7)
    seen = events(block, receiver(100, 10), BASES, stream())
    assert seen.doubles == len(seen) == n
    for outcome, chance in chances.items():
        count = int(np.count_nonzero((seen.basis == outcome[0]) & (seen.bit == outcome[1])))
        assert abs(count - n * chance) < 5 * np.sqrt(n * chance * (1 - chance))
    assert sum(chances.values()) == 1
    # and one event's draw tells nothing of the next one's
    together = np.mean(seen.bit[1:] == seen.bit[:-1])
    share = np.mean(seen.bit)
    assert abs(together - share**2 - (1 - share) ** 2) < 5 * 0.5 / np.sqrt(n)


def test_the_hold_off_does_not_ask_which_detector_clicked():
    """The dead time of one detector blinds all others, so that missing clicks tell nothing."""
    block = click_block([1000, 1050, 1101, 1202], [3, 7, 4, 9], 0, 2000)
    seen = events(block, receiver(100, 10), BASES, stream())
    assert seen.time_ps.tolist() == [1000, 1202]


@pytest.mark.parametrize(
    ("time", "live"),
    [
        (99, False),
        (100, True),
        (489, True),
        (490, False),
        (500, False),
        (520, False),
        (620, False),
        (621, True),
        (989, True),
        (990, False),
    ],
)
def test_where_something_may_have_been_missed_no_event_starts(time, live):
    """A hold-off after the block's start and a gap's last instant, a double click before the next of them."""
    block = click_block([time], [3], 0, 1000, gaps=[Gap(500, 520, "overflow")])
    assert len(events(block, receiver(100, 10), BASES, stream())) == live


def test_nothing_comes_of_no_clicks():
    seen = events(click_block([], []), receiver(100, 10), BASES, stream())
    assert len(seen) == seen.doubles == 0
    assert len(events(click_block([500_000], [5]), receiver(100, 10), BASES, stream())) == 0


@given(clicks, st.integers(0, 30))
def test_separate_leaves_out_what_follows_its_own_kind_too_soon(clicks, hold_off):
    times = np.array([t for t, _ in clicks], np.int64)
    channels = np.array([c for _, c in clicks], np.uint8)
    expected = [
        not any(c == channel and time - t <= hold_off for t, c in clicks[:i])
        for i, (time, channel) in enumerate(clicks)
    ]
    assert separate(times, channels, hold_off).tolist() == expected
