import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.reference.coincidences import coincidences
from postproc.sifting.coincidences import pair

ascending = st.lists(st.integers(0, 3000), max_size=40).map(lambda t: np.array(sorted(t), np.int64))


@given(ascending, ascending, st.integers(1, 100), st.integers(1, 3))
def test_pairs_are_one_to_one_and_within_the_window_of_what_was_taken_off(alice, bob, window, wider):
    pairs = pair(alice, bob, window, wider * window)
    assert len(set(pairs.alice.tolist())) == len(set(pairs.bob.tolist())) == len(pairs.bob)
    assert (np.abs(pairs.residual_ps) <= window / 2).all()
    # one correction for all, as far as a stretch reaches: what was taken off is the same number
    taken = bob[pairs.bob] - alice[pairs.alice] - pairs.residual_ps
    assert len(set(taken.tolist())) <= 1


@given(ascending, ascending, st.integers(2, 100))
def test_without_drift_they_are_those_of_the_oracle(alice, bob, window):
    pairs = pair(alice, bob, window, window)
    first, second = coincidences(alice.tolist(), bob.tolist(), window // 2)
    if len(second):
        shift = round(float(np.median(bob[second] - alice[first])))
        steady = np.maximum.accumulate(bob - shift)
        expected = coincidences(alice.tolist(), steady.tolist(), window // 2)
        assert (pairs.alice.tolist(), pairs.bob.tolist()) == expected
    else:
        assert len(pairs.bob) == 0


@pytest.mark.parametrize("wander_ps", [0, 300, 900])
def test_an_offset_that_wanders_slowly_is_followed(wander_ps):
    rng = np.random.default_rng(1)
    alice = np.sort(rng.integers(0, 10**12, 20_000))
    bob = alice + np.rint(wander_ps * np.sin(alice / 1.6e11) + rng.normal(0, 150, len(alice))).astype(
        np.int64
    )
    pairs = pair(alice, np.sort(bob), 1000, 3000)
    assert len(pairs.bob) > 0.99 * len(alice)
    assert np.std(pairs.residual_ps) < 170
