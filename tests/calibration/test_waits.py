"""What the waits between clicks tell of a dead time, on detectors whose dead time is known."""

import numpy as np
import pytest

from drivers.emulation.bench.detection import DetectorModel
from drivers.emulation.bench.parameters import Detector
from qkdctl.calibration.steps.waits import BINS, REACHES_PS, awake_ps, reach_ps

SLOT_PS = 40_000


def waits_ps(seconds, slot_ps, seen, **detector):
    """Let a detector click: in this share of the slots, or after so many photons a second of steady light."""
    random = np.random.default_rng(1)
    end_ps = round(seconds * 1e12)
    if slot_ps is None:
        light = np.sort(random.integers(0, end_ps, round(seen * seconds)))
    else:
        light = np.flatnonzero(random.random(end_ps // slot_ps) < seen) * slot_ps
    model = DetectorModel(Detector(jitter_rms_ps=60.0, **detector), 1, "bob")
    return np.diff(np.sort(model.clicks(0, light, 0, end_ps)))


@pytest.mark.parametrize("tick_ps", [1, 2000])
@pytest.mark.parametrize("seen", [0.003, 0.01])
def test_an_echo_among_pulses_comes_only_once(seen, tick_ps):
    waits = waits_ps(1.0, SLOT_PS, seen, echo_probability=0.01) // tick_ps * tick_ps
    reach = reach_ps(waits, BINS)
    assert reach == REACHES_PS[0]
    assert SLOT_PS - tick_ps - 1000 <= awake_ps(waits, reach, None, SLOT_PS) <= SLOT_PS


@pytest.mark.parametrize("dead_ps", [24_000, 30_000])
def test_an_echo_that_is_known_is_left_out(dead_ps):
    waits = waits_ps(1.0, None, 100_000, echo_probability=0.01, dead_time_ps=dead_ps)
    assert dead_ps <= awake_ps(waits, REACHES_PS[0], 16_000.0) <= dead_ps + 6000


@pytest.mark.parametrize("slot_ps", [None, SLOT_PS])
@pytest.mark.parametrize("dead_ps", [400_000, 10_000_000])
def test_long_dead_times_are_found_with_their_echoes(dead_ps, slot_ps):
    seen = 100_000 if slot_ps is None else 0.004
    waits = waits_ps(1.0, slot_ps, seen, echo_probability=0.01, dead_time_ps=dead_ps)
    reach = reach_ps(waits, BINS)
    assert reach > dead_ps
    # Never below, and above by no more than a bin and the wait for a slot.
    assert dead_ps <= awake_ps(waits, reach, None, slot_ps) <= dead_ps + reach / BINS + (slot_ps or 0)


def test_slots_farther_apart_than_the_shortest_reach():
    waits = waits_ps(5.0, 1_000_000, 0.02)
    reach = reach_ps(waits, BINS)
    assert reach == REACHES_PS[1]
    assert 998_000 <= awake_ps(waits, reach, None, 1e6) <= 1_000_000


@pytest.mark.parametrize("rate_hz", [0, 500, 2000])
def test_where_clicks_are_few_no_dead_time_is_made_up(rate_hz):
    assert reach_ps(waits_ps(20.0, None, rate_hz), BINS) is None


def test_without_clicks_there_is_nothing_to_tell():
    assert reach_ps(np.empty(0, np.int64), BINS) is None
    assert awake_ps(np.empty(0, np.int64), REACHES_PS[0]) is None
