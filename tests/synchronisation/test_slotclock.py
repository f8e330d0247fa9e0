from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.synchronisation.slotclock import SlotClock

periods = st.floats(100, 1e6)


@given(st.integers(0, 10**12), st.integers(-(10**6), 10**9), periods, periods, st.floats(-0.5, 0.5))
def test_times_on_the_grid_are_exact_however_long_the_session_lasts(
    slot, further, bob_period, period, beyond
):
    clock = SlotClock(slot, 10**17, 0.25, bob_period)
    got = clock.on_grid(np.array([further + beyond]), period)[0]
    exact = (slot + further + Fraction(beyond)) * Fraction(period)
    assert abs(got - exact) <= 0.5 + 1e-3 * (1 + abs(further) * period / 1e12)


@given(st.integers(-(10**15), 10**17), periods, st.integers(0, 10**7), st.lists(st.integers(-(10**6), 10**9)))
def test_counting_from_another_slot_changes_nothing(origin, period, slots, since):
    clock = SlotClock(5, origin, 0.4, period)
    times = origin + np.array(since, np.int64)
    moved = clock.moved(slots)
    assert moved.slot == 5 + slots
    assert np.abs(moved.turns(times) + slots - clock.turns(times)).max(initial=0) < 1e-5


@given(st.floats(-5e-7, 5e-7), st.integers(-(10**8), 10**8), st.lists(st.integers(-(10**8), 10**8)), periods)
def test_slots_of_a_period_that_changes_lie_where_the_parabola_says(ramp_per_s, slots, further, period):
    """Times of slots, written down as the definition has them, give their numbers; seen from anywhere."""
    period, ramp = period / 100, ramp_per_s / 1e12
    clock = SlotClock(0, 10**15, 0.3, period, ramp)
    k = np.array(further, np.float64)
    times = 10**15 + np.rint(0.3 + period * (k + ramp * period * k**2 / 2)).astype(np.int64)
    tolerance = 0.6 / period + 1e-4
    assert np.abs(clock.turns(times) - k).max(initial=0) < tolerance
    assert np.abs(clock.moved(slots).turns(times) + slots - k).max(initial=0) < tolerance


def test_a_correction_moves_phase_and_period():
    moved = SlotClock(0, 0, 0.0, 1000.0).moved(10, by_ps=3.75, drift=1e-3)
    assert moved[:3] == (10, 10_004, -0.25)
    assert moved.period_ps == pytest.approx(1001.0)
    assert SlotClock(0, 0, 0.0, 1000.0, 1e-15).moved(0, ramp=2e-15).ramp == pytest.approx(3e-15)
