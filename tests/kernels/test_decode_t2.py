import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc import kernels
from postproc.errors import InputError
from postproc.reference import records as reference

WRAP = 127 << 25


def check(records: list[int], wraps: int = 0, wrap: int = 2**25, counted: bool = True, tick: int = 5) -> None:
    given_ = np.array(records, np.uint32)
    time, channel, after = kernels.decode_t2(given_, wraps, wrap=wrap, counted=counted, tick=tick)
    assert (time.dtype, channel.dtype) == (np.int64, np.uint8)
    expected = reference.decode_t2(records, wraps, wrap=wrap, counted=counted, tick=tick)
    assert (time.tolist(), channel.tolist(), after) == expected


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 15, 16, 63, 64, 65, 127, 128, 129, 200, 1000])
@pytest.mark.parametrize("share", [0, 0.003, 0.05, 0.6, 1])
def test_agree_with_the_oracle(level: str, rng: np.random.Generator, n: int, share: float):
    records = rng.integers(0, 2**32, n)
    wrapped = rng.random(n) < share
    records[wrapped] = WRAP | rng.integers(0, 4, wrapped.sum())
    for counted, wrap, tick in ((True, 2**25, 1), (False, 33_552_000, 80), (True, 1, 2**31 - 1)):
        check(records.tolist(), int(rng.integers(0, 1000)), wrap, counted, tick)


@pytest.mark.parametrize("n", [64, 70, 130])
def test_a_wrap_at_each_place(level: str, n: int):
    for place in range(n):
        records = [(k % 64) << 25 | k for k in range(n)]
        records[place] = WRAP | 3
        check(records)


@given(
    st.lists(st.integers(0, 2**32 - 1) | st.builds(lambda by: WRAP | by, st.integers(0, 9)), max_size=200),
    st.booleans(),
)
@settings(deadline=None, max_examples=150)
def test_every_level_agrees_with_the_oracle(records: list[int], counted: bool):
    for level in kernels.levels():
        with kernels.forced(level):
            check(records, 7, counted=counted)


def test_times_beyond_the_type_wrap_around(level: str):
    time, _, wraps = kernels.decode_t2(
        np.array([WRAP | 9] * 100 + [5] * 100, np.uint32), 2**61, wrap=2**25, counted=True, tick=2**31 - 1
    )
    assert wraps == 2**61 + 900
    assert set(time.tolist()) == {((wraps * 2**25 + 5) * (2**31 - 1) + 2**63) % 2**64 - 2**63}


@pytest.mark.parametrize(
    "wrong", [{"wrap": 0}, {"wrap": 2**25 + 1}, {"tick": 0}, {"tick": 2**31}, {"wraps": -1}]
)
def test_parameters_out_of_range_are_refused(wrong: dict[str, int]):
    good = {"wraps": 0, "wrap": 2**25, "tick": 1, "counted": True}
    with pytest.raises(InputError, match="T2 records take"):
        kernels.decode_t2(np.zeros(1, np.uint32), **(good | wrong))
