import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc import kernels
from postproc.errors import InputError
from postproc.reference import sliding as reference


def check(states, slot, outcome, **search) -> None:
    planes = kernels.StatePlanes(states)
    found = kernels.slide_states(planes, slot, outcome, **search)
    expected = reference.slide_states(states.tolist(), slot.tolist(), outcome.tolist(), **search)
    assert list(zip(found.lag.tolist(), found.score.tolist(), strict=True)) == expected


def detections(rng, n, first, end):
    return np.sort(rng.integers(first, end, n)), rng.integers(0, 4, n).astype(np.uint8)


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 16, 17, 40, 135])
@pytest.mark.parametrize("n_states", [0, 1, 8, 63, 64, 65, 700])
def test_scores_agree_with_the_oracle(level: str, rng: np.random.Generator, n: int, n_states: int):
    states = rng.integers(0, 16, n_states).astype(np.uint8)
    slot, outcome = detections(rng, n, -300, 600)
    for n_lags in (1, 64, 511, 513, 1100):
        for n_best in (1, 5, 2000):
            check(states, slot, outcome, first_lag=-650, n_lags=n_lags, n_best=n_best)


@given(
    st.lists(st.integers(0, 255), max_size=80),
    st.lists(st.tuples(st.integers(-90, 90), st.integers(0, 3)), max_size=40).map(sorted),
    st.integers(-200, 200),
    st.integers(0, 300),
    st.integers(1, 20),
)
@settings(deadline=None, max_examples=200)
def test_every_level_agrees_with_the_oracle(states, seen, first_lag, n_lags, n_best):
    slot, outcome = (np.array([one[i] for one in seen], kind) for i, kind in enumerate((np.int64, np.uint8)))
    for level in kernels.levels():
        with kernels.forced(level):
            search = {"first_lag": first_lag, "n_lags": n_lags, "n_best": n_best}
            check(np.array(states, np.uint8), slot, outcome, **search)


@pytest.mark.parametrize("n", [255, 256, 2**13 + 5, 2**15 - 1])
def test_counters_hold_all_detections(level: str, n: int):
    """All in one slot, first all agreeing, then all but one disagreeing."""
    states, slot = np.array([3, 1, 0], np.uint8), np.zeros(n, np.int64)
    outcome = np.full(n, 3, np.uint8)
    found = kernels.slide_states(kernels.StatePlanes(states), slot, outcome, first_lag=0, n_lags=3, n_best=3)
    assert found.lag.tolist() == [0, 2, 1]
    assert found.score.tolist() == [n, 0, -n]


def test_a_hidden_place_is_found_far_from_zero(level: str, rng: np.random.Generator):
    states = rng.integers(0, 16, 20_000).astype(np.uint8)
    at = np.sort(rng.choice(20_000, 300, replace=False))
    outcome = np.where(rng.random(300) < 0.9, states[at] & 3, rng.integers(0, 4, 300)).astype(np.uint8)
    found = kernels.slide_states(
        kernels.StatePlanes(states), at + 10**15, outcome, first_lag=-(10**15) - 7000, n_lags=9000, n_best=4
    )
    assert found.lag[0] == -(10**15)
    assert found.score[0] > 3 * found.score[1]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"slot": np.array([2, 1])}, "must ascend"),
        ({"slot": np.array([0, 2**62])}, "within 2\\*\\*61"),
        ({"slot": np.array([1])}, "1 slots and 2 outcomes"),
        ({"outcome": np.array([0, 4], np.uint8)}, "outcomes up to 4"),
        ({"slot": np.array([0, 1], np.int32)}, "array of int64"),
        ({"n_best": 0}, "best 0 of 5 lags"),
        ({"n_lags": -1}, "best 1 of -1 lags"),
        ({"first_lag": 2**61}, "lags from"),
    ],
)
def test_what_is_out_of_range_is_refused(changes, complaint):
    planes = kernels.StatePlanes(np.zeros(9, np.uint8))
    search = {"slot": np.array([1, 2]), "outcome": np.array([0, 1], np.uint8), "first_lag": 0, "n_lags": 5}
    with pytest.raises(InputError, match=complaint):
        kernels.slide_states(planes, **{**search, "n_best": 1, **changes})
