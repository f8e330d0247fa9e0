import numpy as np
import pytest

from postproc.timetags.types import TagChunk
from qkdctl.node.counts import CountWatch


def chunk(*counts, span_s=1.0):
    channel = np.repeat(np.arange(len(counts), dtype=np.uint8), counts)
    time_ps = np.sort(np.random.default_rng(1).integers(0, int(span_s * 1e12), len(channel)))
    return TagChunk(0, int(span_s * 1e12), time_ps, channel)


def looks(*seconds):
    """Names and subjects of the alarms, second by second."""
    watch = CountWatch("Bob")
    for counts in seconds:
        watch.add(chunk(*counts))
        yield [(alarm.name, alarm.subject) for alarm in watch.look()]


WELL = (1000, 2000, 1000)


def test_one_detector_that_falls_silent_is_named_while_it_lasts():
    quiet = [("detector-drop", "Bob's detector on channel 1")]
    assert list(looks(WELL, (1000, 10, 1000), (1000, 0, 1000), WELL)) == [[], quiet, quiet, []]


def test_where_all_fall_it_is_not_the_detectors():
    assert list(looks(WELL, (10, 20, 10), WELL)) == [[], [("count-drop", "Bob's detectors")], []]


@pytest.mark.parametrize("share", [0.9, 0.25])
def test_less_light_is_no_drop(share):
    assert list(looks(WELL, tuple(int(share * count) for count in WELL))) == [[], []]


def test_a_detector_that_hardly_counts_is_not_judged():
    assert list(looks((50, 2000, 2000), (0, 2000, 2000))) == [[], []]


def test_without_time_there_is_no_judgement():
    assert list(CountWatch("Bob").look()) == []


def test_a_flash_of_light_is_forgotten():
    flash = tuple(10 * count for count in WELL)
    assert list(looks(*[WELL] * 5, flash, *[WELL] * 5)) == [[]] * 11


def test_a_satellite_that_sets_is_no_drop():
    """18 dB in four minutes."""
    setting = [tuple(round(20 * count * 10 ** (-1.8 * t / 240)) for count in WELL) for t in range(240)]
    assert list(looks(*setting)) == [[]] * 240


def test_a_detector_that_stays_silent_stays_named():
    quiet = [("detector-drop", "Bob's detector on channel 1")]
    assert list(looks(*[WELL] * 10, *[(1000, 0, 1000)] * 300)) == [[]] * 10 + [quiet] * 300
