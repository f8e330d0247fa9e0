"""The hashes as calls from outside take them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.amplification import modified_toeplitz_hash, toeplitz_hash
from postproc.errors import InputError


def packed(bits):
    return np.packbits(np.array(bits, np.uint8), bitorder="little")


@given(st.integers(1, 40), st.integers(1, 40), st.randoms(use_true_random=False))
def test_the_hash_is_the_one_of_the_formula(n, m, random):
    key = [random.randrange(2) for _ in range(n)]
    seed = [random.randrange(2) for _ in range(n + m - 1)]
    expected = [sum(seed[i + n - 1 - j] & key[j] for j in range(n)) % 2 for i in range(m)]
    out = toeplitz_hash(packed(key), n, packed(seed), m)
    assert out.dtype == np.uint8
    assert out.tolist() == packed(expected).tolist()


@given(st.integers(2, 40), st.data(), st.randoms(use_true_random=False))
def test_the_modified_hash_begins_with_the_key(n, data, random):
    m = data.draw(st.integers(1, n - 1))
    key = [random.randrange(2) for _ in range(n)]
    assert (
        modified_toeplitz_hash(packed(key), n, packed([0] * (n - 1)), m).tolist() == packed(key[:m]).tolist()
    )


@pytest.mark.parametrize(
    ("key", "seed"),
    [
        (np.zeros(2, np.uint8), np.zeros(3, np.uint8)),
        (np.zeros(1, np.uint8), np.zeros(2, np.uint8)),
        (np.zeros(2, np.int64), np.zeros(2, np.uint8)),
        (np.full(2, 255, np.uint8), np.zeros(2, np.uint8)),
    ],
)
def test_arrays_of_another_length_are_refused(key, seed):
    with pytest.raises(InputError, match=r"the key|the seed"):
        toeplitz_hash(key, 10, seed, 7)
