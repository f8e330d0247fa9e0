"""Seed orders, against matrices that other packages were seen to make."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.amplification import SEED_ORDERS, seed_from, seed_to
from postproc.bits import Bits
from postproc.errors import InputError
from postproc.kernels import toeplitz_hash

# Which bit of the seed stands where, for 5 bits to 3, read off by hashing unit vectors under unit seeds:
# randextract 0.2.2 with seed_mode "row-first", "col-first" and "default", cryptomite 0.3.0 (as the last).
MATRICES = {
    "row-first": [[4, 3, 2, 1, 0], [5, 4, 3, 2, 1], [6, 5, 4, 3, 2]],
    "column-first": [[2, 3, 4, 5, 6], [1, 2, 3, 4, 5], [0, 1, 2, 3, 4]],
    "wrapped": [[0, 6, 5, 4, 3], [1, 0, 6, 5, 4], [2, 1, 0, 6, 5]],
}


def unit(length: int, i: int) -> Bits:
    return Bits.from_array(np.arange(length) == i)


@pytest.mark.parametrize("order", SEED_ORDERS)
def test_the_matrix_is_that_of_the_other_package(order):
    matrix = np.array(MATRICES[order])
    for k in range(7):
        seed = seed_from(order, unit(7, k), 5, 3)
        for j in range(5):
            assert toeplitz_hash(unit(5, j), seed, 3) == Bits.from_array(matrix[:, j] == k)


@pytest.mark.parametrize("order", SEED_ORDERS)
@given(st.integers(1, 40), st.integers(1, 40), st.binary(min_size=10, max_size=10))
def test_there_and_back(order, n, m, data):
    seed = Bits.from_bytes(data, n + m - 1)
    assert seed_from(order, seed_to(order, seed, n, m), n, m) == seed
    assert seed_to(order, seed_from(order, seed, n, m), n, m) == seed


def test_an_unknown_order_is_refused():
    with pytest.raises(InputError, match="'sideways' is no order of a seed: choose one of row-first, column"):
        seed_from("sideways", Bits.zeros(7), 5, 3)


@pytest.mark.parametrize("convert", [seed_from, seed_to])
def test_a_seed_of_the_wrong_length_is_refused(convert):
    with pytest.raises(InputError, match="matrix of 3 x 5 takes a seed of 7 bits, got 8"):
        convert("wrapped", Bits.zeros(8), 5, 3)
