"""Rice's code in C against the oracle's, digit by digit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc import kernels
from postproc.errors import InputError
from postproc.kernels import ascending
from postproc.reference import ascending as oracle

steps = st.lists(st.integers(0, 5) | st.integers(0, 3000) | st.integers(0, 2**50), max_size=70)


def ascending_values(first: int, steps: list[int]) -> list[int]:
    return [first, *(first + np.cumsum(np.array(steps, np.int64))).tolist()]


def head(packed: bytes) -> tuple[int, int, int]:
    return (
        int.from_bytes(packed[:8], "little", signed=True),
        int.from_bytes(packed[8:12], "little"),
        packed[12],
    )


@given(steps, st.integers(-(2**62), 2**61), st.integers(0, 47))
def test_the_code_is_the_oracles(steps: list[int], first: int, low_bits: int):
    values = ascending_values(first, steps)
    if sum(step >> low_bits for step in steps) > 10**5:
        return
    expected = oracle.pack_ascending(values, low_bits)
    for level in kernels.levels():
        with kernels.forced(level):
            packed = ascending.pack_ascending(np.array(values), low_bits, len(expected))
            assert packed is not None
            assert packed.tobytes() == expected
            assert ascending.pack_ascending(np.array(values), low_bits, len(expected) - 1) is None
            first, count, k = head(expected)
            found = ascending.unpack_ascending(packed[13:], k, first, 2**63 - 1, count)
            assert found is not None
            assert found.tolist() == values


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 63, 64, 65, 66, 300])
@pytest.mark.parametrize("step", [0, 1, 63, 64, 65, 200])
def test_lengths_around_words(level: str, n: int, step: int):
    values = np.arange(n) * step
    for low_bits in (0, 1, 6, 7, 8, 47):
        packed = ascending.pack_ascending(values, low_bits, 10**6)
        assert packed.tobytes() == oracle.pack_ascending(values.tolist(), low_bits)


@given(st.binary(max_size=40), st.integers(0, 48), st.integers(0, 60), st.integers(0, 2**63 - 1))
def test_any_bytes_are_what_the_oracle_makes_of_them(coded: bytes, low_bits: int, n_steps: int, most: int):
    if 8 * len(coded) < n_steps * low_bits:
        return
    found = ascending.unpack_ascending(np.frombuffer(coded, np.uint8), low_bits, 0, most, n_steps)
    expected = oracle.unpack_ascending(coded, low_bits, 0, most, n_steps)
    assert (None if found is None else found.tolist()) == expected


def test_descending_numbers_have_no_code(level: str):
    assert ascending.pack_ascending(np.array([1, 2, 3, 2]), 0, 10**6) is None


@pytest.mark.parametrize(("low_bits", "steps"), [(49, 1), (-1, 1), (8, 2), (0, 2**32)])
def test_what_does_not_fit_is_refused(low_bits: int, steps: int):
    with pytest.raises(InputError, match="bytes do not hold"):
        ascending.unpack_ascending(np.zeros(1, np.uint8), low_bits, 0, 10, steps)


def test_nothing_and_too_many_bits_are_refused():
    with pytest.raises(InputError, match="coding takes 1 to"):
        ascending.pack_ascending(np.array([], np.int64), 0, 100)
    with pytest.raises(InputError, match="coding takes 1 to"):
        ascending.pack_ascending(np.array([1]), 48, 100)
