"""The oracles themselves, against cases worked by hand and against an independent library."""

import galois
import numpy as np
import pytest

from postproc.bits import Bits
from postproc.reference import coincidences, ldpc, parity, toeplitz


def bits(text: str) -> Bits:
    return Bits.from_array(np.array([int(digit) for digit in text], np.uint8))


def test_toeplitz_by_hand():
    # m = 2, n = 3: rows (s2 s1 s0) and (s3 s2 s1) of the seed 1011 are 110 and 111... read right to left
    assert toeplitz.toeplitz_hash(bits("110"), bits("1011"), 2) == bits("10")


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 5), (5, 1), (20, 13), (13, 20), (64, 64)])
def test_toeplitz_is_a_matrix_product_over_gf2(rng: np.random.Generator, n: int, m: int):
    key, seed = rng.integers(0, 2, n), rng.integers(0, 2, n + m - 1)
    matrix = np.array([[seed[i + n - 1 - j] for j in range(n)] for i in range(m)])
    product = galois.GF2(matrix) @ galois.GF2(key)
    got = toeplitz.toeplitz_hash(Bits.from_array(key), Bits.from_array(seed), m)
    assert got == Bits.from_array(np.array(product))


def test_ldpc_is_a_matrix_product_over_gf2(rng: np.random.Generator):
    row_start, column, shift = [0, 2, 5], [0, 2, 2, 1, 0], [3, 63, 0, 17, 3]
    matrix = np.zeros((128, 192), np.uint8)
    for i, (first, end) in enumerate([(0, 2), (2, 5)]):
        for e in range(first, end):
            circulant = np.roll(np.eye(64, dtype=np.uint8), shift[e], axis=1)
            matrix[64 * i : 64 * (i + 1), 64 * column[e] : 64 * (column[e] + 1)] ^= circulant
    x = rng.integers(0, 2, 192)
    product = galois.GF2(matrix) @ galois.GF2(x)
    got = ldpc.ldpc_syndrome(row_start, column, shift, Bits.from_array(x))
    assert got == Bits.from_array(np.array(product))


def test_counts_and_parities_by_hand():
    assert parity.popcount(bits("0110100")) == 3
    assert parity.parity(bits("0110100")) == 1
    assert parity.prefix_parity(bits("0110100")) == bits("0100111")


@pytest.mark.parametrize(
    ("a", "b", "window_ps", "expected"),
    [
        ([0, 100], [3, 98], 5, ([0, 1], [0, 1])),
        ([0, 1], [2], 5, ([0], [0])),  # the earlier of two candidates wins
        ([10], [4, 8], 5, ([0], [1])),  # 6 ps are too far, whatever comes later
        ([0, 10], [5, 16], 5, ([0], [0])),  # the exact window pairs; what is left is 6 ps apart
        ([], [1], 5, ([], [])),
    ],
)
def test_coincidences_by_hand(a: list[int], b: list[int], window_ps: int, expected: object):
    assert coincidences.coincidences(a, b, window_ps) == expected
