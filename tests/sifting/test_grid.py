from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from postproc import kernels
from postproc.sifting.grid import Grid, first_centre_ps

periods = st.one_of(st.floats(100, 1e6), st.sampled_from([1e12 / 3e8, 1e12 / 7e7, 1000.0, 20_000.0]))


@given(st.integers(0, 10**14), st.integers(1, 2**32), periods, st.integers(1, 1000))
def test_blocks_of_slots_begin_half_a_slot_before_their_first(first, length, period, block):
    grid = Grid(length, period, -0.5)
    exact = (first + (block - 1) * length - Fraction(1, 2)) * Fraction(period)
    assert abs(grid.edge_ps(first, block) - exact) <= Fraction(1, 2)


@given(st.integers(-(10**17), 10**17), st.integers(1, 10**13), st.integers(1, 10**5))
def test_blocks_of_time_begin_where_they_are_told(first, length, block):
    assert Grid(length).edge_ps(first, block) == first + (block - 1) * length


@given(
    st.integers(0, 10**12),
    periods,
    st.lists(st.tuples(st.integers(0, 10**9), st.floats(-0.49, 0.49)), max_size=20),
)
def test_slots_are_exact_however_long_the_session_lasts(first, period, clicks):
    start = Grid(10**9, period, -0.5).edge_ps(first, 1)
    exact = [(first + slot + Fraction(beyond)) * Fraction(period) for slot, beyond in clicks]
    times = np.array([round(t) for t in exact], np.int64)
    order = np.argsort(times, kind="stable")
    gate = {"period_ps": period, "half_gate_ps": period, "n_slots": 2**31}
    found = kernels.gate_slots(times[order], start, centre_ps=first_centre_ps(start, period), **gate)
    for place, slot, beyond_ps in zip(found.which, found.slot.tolist(), found.beyond_ps, strict=True):
        left = int(times[order[place]]) - (first + slot) * Fraction(period)
        # relative to the block's start, doubles lose 1e-16 of at most 1e15 ps
        assert abs(beyond_ps - left) < 0.2
        assert abs(left) < Fraction(period) / 2 + Fraction(1, 5)
    # a tenth of a ps from the edge, either will do
    assert set(found.slot.tolist()) >= {slot for slot, beyond in clicks if abs(beyond) < 0.5 - 0.6 / period}
