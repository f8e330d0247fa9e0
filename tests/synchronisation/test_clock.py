from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from postproc.synchronisation.clock import DriftingClock

drifts = st.floats(-5e-5, 5e-5)
offsets = st.floats(-1e13, 1e13)
instants = st.integers(-(10**17), 10**17)


def exactly(clock, alice_ps):
    """Bob's time, in exact fractions."""
    since = alice_ps - clock.reference_ps
    return alice_ps + Fraction(clock.offset_ps) + Fraction(clock.drift) * since


@given(instants, offsets, drifts, st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=20))
def test_bobs_times_come_back_to_alices(reference, offset, drift, since):
    clock = DriftingClock(reference, offset, drift)
    alice = [reference + s for s in since]
    bob = np.array([round(exactly(clock, t)) for t in alice])
    assert np.abs(clock.to_alice(bob) - alice).max() <= 1


@given(
    instants, offsets, drifts, st.floats(-1e6, 1e6), st.floats(-1e-6, 1e-6), st.integers(-(10**13), 10**13)
)
def test_a_correction_found_after_converting_adds_to_the_clock(reference, offset, drift, more, slope, since):
    clock = DriftingClock(reference, offset, drift)
    alice = reference + since
    seen = alice + Fraction(more) + Fraction(slope) * since  # what converting with the first clock showed
    bob = exactly(clock, seen)
    assert abs(bob - exactly(clock.shifted(more, slope), alice)) < 0.05


@given(instants, offsets, drifts, st.integers(-(10**13), 10**13))
def test_another_reference_is_the_same_clock(reference, offset, drift, further):
    clock = DriftingClock(reference, offset, drift)
    moved = clock.counted_from(reference + further)
    assert abs(moved.offset_at(reference) - offset) < 0.05
    assert moved.drift == drift
