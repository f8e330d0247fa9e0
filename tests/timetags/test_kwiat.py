"""The real recording; its figures are those of the page that describes it, not of our own output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from postproc.timetags.convert import ClockChange, convert
from postproc.timetags.health import HealthMonitor
from postproc.timetags.recording import open_tags
from tests.timetags.recordings import joined

pytestmark = pytest.mark.recording


def test_its_counts_and_length(kwiat: Path) -> None:
    info = open_tags(kwiat).info
    assert list(info.counts.values()) == [54474, 27489, 18019, 13188, 52969, 58542, 27245, 21492]
    assert list(info.counts) == list(range(8))
    assert info.duration_s == pytest.approx(98.36e-3, abs=5e-6)
    assert info.assumed_tick_ps == 78.125
    assert info.out_of_order == 0


@pytest.mark.parametrize("name", ["bob.h5", "bob.txt.gz"])
def test_bobs_half_on_another_clock(kwiat: Path, tmp_path: Path, name: str) -> None:
    clock = ClockChange.of(stretch_ppm="-17.3", shift_ps=-(10**12))
    convert(kwiat, tmp_path / name, channels=range(4, 8), clock=clock)
    before = joined(open_tags(kwiat).chunks())
    after = joined(open_tags(tmp_path / name).chunks(10_000))
    kept = before.channel >= 4
    assert np.array_equal(after.channel, before.channel[kept])
    exact = before.time_ps[kept].astype(np.longdouble) * (1 - np.longdouble("17.3e-6")) - 10**12
    assert np.abs(after.time_ps - exact).max() <= 0.51
    assert open_tags(tmp_path / name).info.resolution_ps == 78.125


@pytest.mark.parametrize("max_tags", [1_000, 2**18])
def test_detector_0_echoes_and_the_others_do_not(kwiat: Path, max_tags: int) -> None:
    monitor = HealthMonitor()
    for chunk in open_tags(kwiat).chunks(max_tags):
        monitor.feed(chunk)
    report = monitor.report()
    assert [health.channel for health in report] == list(range(8))
    echo = report[0].echo
    assert echo is not None
    assert echo.delay_ns == pytest.approx(16.41, abs=0.2)
    assert echo.share == pytest.approx(0.49, abs=0.01)
    assert echo.false_alarm_probability < 1e-100
    assert not any(health.echo for health in report[1:])
