"""The modified hash is a product with (I | T), and both families do what universality asks."""

import galois
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.amplification.hashing import modified_toeplitz_hash
from postproc.bits import Bits
from postproc.errors import InputError
from postproc.kernels import toeplitz_hash

SMALL = range(1, 13)


def bits(array: np.ndarray) -> Bits:
    return Bits.from_array(np.array(array, np.uint8))


def toeplitz_matrix(seed: np.ndarray, n: int, m: int) -> galois.FieldArray:
    i, j = np.indices((m, n))
    return galois.GF2(seed[i - j + n - 1])


@pytest.mark.parametrize("n", SMALL)
@pytest.mark.parametrize("m", SMALL)
def test_every_small_size_is_a_matrix_product(n, m):
    rng = np.random.default_rng(100 * n + m)
    key, seed = galois.GF2(rng.integers(0, 2, n)), galois.GF2(rng.integers(0, 2, n + m - 1))
    expected = toeplitz_matrix(np.array(seed), n, m) @ key
    assert toeplitz_hash(bits(key), bits(seed), m) == bits(expected)


@pytest.mark.parametrize("n", SMALL)
@pytest.mark.parametrize("m", SMALL)
def test_every_small_size_is_the_middle_of_a_product_of_polynomials(n, m):
    rng = np.random.default_rng(100 * n + m)
    key, seed = galois.GF2(rng.integers(0, 2, n)), galois.GF2(rng.integers(0, 2, n + m - 1))
    product = galois.Poly(key[::-1]) * galois.Poly(seed[::-1])
    expected = product.coefficients(2 * n + m - 1, order="asc")[n - 1 : n - 1 + m]
    assert toeplitz_hash(bits(key), bits(seed), m) == bits(expected)


@given(st.integers(1, 40), st.data())
def test_the_modified_hash_is_a_product_with_identity_and_toeplitz(n, data):
    m = data.draw(st.integers(1, n))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    key, seed = galois.GF2(rng.integers(0, 2, n)), galois.GF2(rng.integers(0, 2, n - 1))
    matrix = galois.GF2.Identity(m)
    if n > m:
        matrix = np.hstack([matrix, toeplitz_matrix(np.array(seed), n - m, m)])
    expected = bits(matrix @ key)
    assert modified_toeplitz_hash(bits(key), bits(seed), m) == expected


@pytest.mark.parametrize(("n", "m"), [(4, 2), (5, 2), (4, 3)])
@pytest.mark.parametrize("hash_", [toeplitz_hash, modified_toeplitz_hash])
def test_two_keys_collide_under_one_seed_in_two_to_the_m(hash_, n, m):
    """2-universality, counted: every difference of keys hashes to zero under 1 / 2^m of all seeds or fewer."""
    seed_bits = n + m - 1 if hash_ is toeplitz_hash else n - 1
    zero = Bits.zeros(m)
    for difference in range(1, 2**n):
        key = Bits.from_bytes(bytes([difference]), n)
        collisions = sum(
            hash_(key, Bits.from_bytes(bytes([seed]), seed_bits), m) == zero for seed in range(2**seed_bits)
        )
        assert collisions <= 2 ** (seed_bits - m)


@pytest.mark.parametrize("m", [0, 9])
def test_a_modified_hash_longer_than_the_key_is_refused(m):
    with pytest.raises(InputError, match=f"of 8 bits gives 1 to 8 bits, not {m}"):
        modified_toeplitz_hash(Bits.zeros(8), Bits.zeros(7), m)


def test_a_seed_of_the_wrong_length_is_refused():
    with pytest.raises(InputError, match="of 8 bits takes a seed of 7 bits, got 8"):
        modified_toeplitz_hash(Bits.zeros(8), Bits.zeros(8), 4)
