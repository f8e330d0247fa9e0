"""Rates, waiting times and correlations do not depend on how a recording is cut into chunks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.reference.coincidences import correlate
from postproc.timetags import pictures as module
from postproc.timetags.cutting import cut
from postproc.timetags.pictures import Pictures, draw
from postproc.timetags.types import TagChunk
from tests.timetags.recordings import as_blocks, whole_recordings


def picture(whole: TagChunk, max_tags: int = 10**6, reach_ps: int = 100, bins: int = 20) -> Pictures:
    channels = tuple(np.unique(whole.channel).tolist())
    pair = (channels[0], channels[-1]) if channels else (0, 1)
    chunks = cut(as_blocks(whole), "it", max_tags)
    return draw(chunks, Pictures(whole.start_ps, whole.stop_ps, channels, pair, reach_ps, bins))


@given(whole_recordings(), st.integers(1, 30))
@settings(max_examples=60)
def test_any_cut_gives_the_same(whole: TagChunk, max_tags: int) -> None:
    one, other = picture(whole), picture(whole, max_tags)
    first, second = (whole.time_ps[whole.channel == channel].tolist() for channel in one.pair)
    expected = correlate(first, second, -100, one.bin_ps, 20)
    for found in (one, other):
        assert found.correlation.tolist() == expected
        assert found.complete
        for channel, rates in found.rates.items():
            mine = whole.time_ps[whole.channel == channel]
            assert rates.sum() == len(mine)
            assert found.waits[channel].sum() == len(mine) - 1
            assert rates.tolist() == one.rates[channel].tolist()
            assert found.waits[channel].tolist() == one.waits[channel].tolist()


def test_figures_stand_where_they_belong() -> None:
    times = np.array([0, 10**6, 10**6 + 500, 9 * 10**6])
    found = picture(TagChunk(0, 10**7, times, np.array([0, 0, 1, 0], np.uint8)), reach_ps=1000, bins=10)
    assert found.rates[0].tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert found.rate_times_s[1] == pytest.approx(1.5e-6)
    assert found.delays_ps[np.argmax(found.correlation)] == 500
    waited = found.wait_times_s[np.flatnonzero(found.waits[0])]
    assert waited.tolist() == pytest.approx([1e-6, 8e-6], rel=0.13)


def test_a_correlation_that_would_not_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PAIRS", 1000)
    found = picture(TagChunk(0, 9, np.full(200, 5), np.arange(200).astype(np.uint8) % 2))
    assert (found.complete, found.correlation.sum()) == (False, 1000)
