from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc import kernels
from postproc.bits import Bits
from postproc.errors import InputError
from postproc.reference import toeplitz as reference

RandomBits = Callable[[int], Bits]

EDGES = [1, 2, 7, 8, 9, 63, 64, 65, 191, 255, 256, 257, 511, 512, 513, 1000]


@pytest.mark.parametrize("n", EDGES)
@pytest.mark.parametrize("m", EDGES)
def test_agrees_with_the_oracle_around_words_and_blocks(level: str, random_bits: RandomBits, n: int, m: int):
    key, seed = random_bits(n), random_bits(n + m - 1)
    assert kernels.toeplitz_hash(key, seed, m) == reference.toeplitz_hash(key, seed, m)


@pytest.mark.parametrize(
    ("n", "m"), [(5000, 2500), (2500, 5000), (8192, 4096), (6200, 6200), (30_000, 70), (70, 30_000)]
)
def test_agrees_with_the_oracle_over_many_blocks(level: str, random_bits: RandomBits, n: int, m: int):
    key, seed = random_bits(n), random_bits(n + m - 1)
    assert kernels.toeplitz_hash(key, seed, m) == reference.toeplitz_hash(key, seed, m)


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_every_level_agrees_with_the_oracle(n: int, m: int, entropy: int):
    data = np.random.default_rng(entropy).bytes(1000)
    key, seed = Bits.from_bytes(data, n), Bits.from_bytes(data, n + m - 1)
    expected = reference.toeplitz_hash(key, seed, m)
    for level in kernels.levels():
        with kernels.forced(level):
            assert kernels.toeplitz_hash(key, seed, m) == expected


@pytest.mark.parametrize("extreme", [0x00, 0xFF])
def test_all_zeros_and_all_ones(level: str, extreme: int):
    key, seed = (Bits.from_bytes(bytes([extreme]) * 400, length) for length in (1500, 2200))
    assert kernels.toeplitz_hash(key, seed, 701) == reference.toeplitz_hash(key, seed, 701)


def row(key: Bits, seed: Bits, i: int) -> int:
    diagonal = seed.to_array()[i : i + len(key)][::-1]
    return int(np.count_nonzero(diagonal & key.to_array()) % 2)


def check_rows(rng: np.random.Generator, random_bits: RandomBits, n: int, m: int) -> None:
    key, seed = random_bits(n), random_bits(n + m - 1)
    out = kernels.toeplitz_hash(key, seed, m).to_array()
    for i in [0, m - 1, *rng.integers(0, m, 20)]:
        assert out[i] == row(key, seed, i)


@pytest.mark.parametrize(("n", "m"), [(2**18, 2**17), (300_000, 123_457), (100_003, 200_003)])
def test_random_rows_of_large_blocks(
    level: str, rng: np.random.Generator, random_bits: RandomBits, n: int, m: int
):
    check_rows(rng, random_bits, n, m)


def test_random_rows_of_the_largest_block(rng: np.random.Generator, random_bits: RandomBits):
    check_rows(rng, random_bits, 2**24, 2**22 + 1)


@pytest.mark.campaign
def test_random_rows_of_the_largest_block_at_every_level(
    level: str, rng: np.random.Generator, random_bits: RandomBits
):
    check_rows(rng, random_bits, 2**24 - 5, 2**23 + 3)


def test_all_levels_give_the_same_large_hash(random_bits: RandomBits):
    key, seed = random_bits(500_000), random_bits(700_000)
    hashes = []
    for level in kernels.levels():
        with kernels.forced(level):
            hashes.append(kernels.toeplitz_hash(key, seed, 200_001))
    assert all(one == hashes[0] for one in hashes)


def test_is_linear_in_the_key(level: str, random_bits: RandomBits):
    n, m = 100_000, 33_333
    x, y, seed = random_bits(n), random_bits(n), random_bits(n + m - 1)
    both = kernels.toeplitz_hash(x, seed, m) ^ kernels.toeplitz_hash(y, seed, m)
    assert kernels.toeplitz_hash(x ^ y, seed, m) == both


@pytest.mark.parametrize("j", [0, 1, 63, 64, 4095, 70_000, 99_999])
def test_a_unit_vector_reads_out_a_column(level: str, random_bits: RandomBits, j: int):
    n, m = 100_000, 33_333
    seed = random_bits(n + m - 1)
    unit = np.zeros(n, np.uint8)
    unit[j] = 1
    assert kernels.toeplitz_hash(Bits.from_array(unit), seed, m) == seed.slice(n - 1 - j, n - 1 - j + m)


@pytest.mark.parametrize("offset", range(8))
def test_any_alignment(level: str, rng: np.random.Generator, offset: int):
    memory = np.frombuffer(rng.bytes(400), np.uint8)
    key, seed = Bits(memory[offset : offset + 100], 800), Bits(memory[200 + offset : 350 + offset], 1200)
    assert kernels.toeplitz_hash(key, seed, 401) == reference.toeplitz_hash(key, seed, 401)


@pytest.mark.parametrize(("n", "seed_bits", "m"), [(0, 0, 1), (8, 7, 0), (8, 8, -1)])
def test_an_empty_hash_is_refused(n: int, seed_bits: int, m: int):
    with pytest.raises(InputError, match="at least 1 bit"):
        kernels.toeplitz_hash(Bits.zeros(n), Bits.zeros(seed_bits), m)


@pytest.mark.parametrize("seed_bits", [14, 16])
def test_a_seed_of_the_wrong_length_is_refused(seed_bits: int):
    with pytest.raises(InputError, match=f"hash of 8 bits to 8 takes a seed of 15 bits, got {seed_bits}"):
        kernels.toeplitz_hash(Bits.zeros(8), Bits.zeros(seed_bits), 8)
