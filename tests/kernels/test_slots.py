import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc import kernels
from postproc.bits import Bits
from postproc.errors import InputError
from postproc.reference import slots as reference


def check(times: np.ndarray, start_ps: int, **gate) -> None:
    slot, index, beyond_ps, inside = kernels.gate_slots(times, start_ps, **gate)
    assert slot.dtype == index.dtype == np.uint32
    expected = reference.gate_slots(times.tolist(), start_ps, **gate)
    assert (slot.tolist(), index.tolist(), beyond_ps.tolist(), inside) == expected


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 16, 17, 100, 1001])
@pytest.mark.parametrize("mean_slots", [0.1, 1, 30])
def test_gates_agree_with_the_oracle(level: str, rng: np.random.Generator, n: int, mean_slots: float):
    for period in (1000.0, 1e12 / 3e8, 77.7):
        times = 10**15 + np.cumsum(rng.exponential(mean_slots * period, n)).astype(np.int64)
        for half_gate in (0.0, period / 4, period / 2, period):
            gate = {"centre_ps": -0.4, "period_ps": period, "half_gate_ps": half_gate, "n_slots": 500}
            check(times, 10**15 + 3, **gate)


@given(
    st.lists(st.integers(-5000, 50_000), max_size=60).map(sorted),
    st.floats(-600, 600),
    st.floats(1, 5000),
    st.floats(0, 3000),
    st.integers(0, 60),
)
@settings(deadline=None, max_examples=200)
def test_any_gate_agrees_at_every_level(times, centre_ps, period_ps, half_gate_ps, n_slots):
    gate = {"centre_ps": centre_ps, "period_ps": period_ps, "half_gate_ps": half_gate_ps, "n_slots": n_slots}
    for level in kernels.levels():
        with kernels.forced(level):
            check(np.array(times, np.int64), 17, **gate)


def test_times_far_away_are_outside(level: str):
    times = np.array([-(2**62), -(2**40), 0, 5, 2**40, *[2**62] * 8], np.int64)
    check(times, 0, centre_ps=0.0, period_ps=1000.0, half_gate_ps=500.0, n_slots=10)


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 64, 1001])
def test_bases_agree_with_the_oracle(level: str, rng: np.random.Generator, n: int):
    states = rng.integers(0, 16, 3000).astype(np.uint8)
    slot = np.sort(rng.choice(3000, n, replace=False)).astype(np.uint32)
    basis = Bits.from_array(rng.integers(0, 2, n).astype(np.uint8))
    match, kept = kernels.match_bases(states, slot, basis)
    expected = reference.match_bases(states.tolist(), slot.tolist(), basis.to_array().tolist())
    assert (match.to_array().tolist(), kept.tolist()) == expected


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="the highest slot 5"):
        kernels.match_bases(np.zeros(5, np.uint8), np.array([5], np.uint32), Bits.zeros(1))
    with pytest.raises(InputError, match="got 2"):
        kernels.match_bases(np.zeros(5, np.uint8), np.array([1], np.uint32), Bits.zeros(2))
    for wrong in ({"period_ps": 0.0}, {"period_ps": float("nan")}, {"n_slots": 2**32 - 1}, {"n_slots": -1}):
        gate = {"centre_ps": 0.0, "period_ps": 1.0, "half_gate_ps": 1.0, "n_slots": 5} | wrong
        with pytest.raises(InputError, match="gating takes"):
            kernels.gate_slots(np.zeros(1, np.int64), 0, **gate)
