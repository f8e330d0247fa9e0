"""The transform's own sizes and blocks, and its constants against the field that they are said to be of."""

import re
from collections.abc import Callable
from functools import reduce
from itertools import accumulate
from operator import xor

import galois
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc import kernels
from postproc.bits import Bits
from postproc.kernels import toeplitz_blocks
from postproc.kernels.toeplitz_blocks import BLOCK_BITS, hash_in_blocks
from postproc.reference import toeplitz as reference
from tests.kernels.test_selftest import CSRC

RandomBits = Callable[[int], Bits]

# Around every length of a transform, 2^k and 3 * 2^k words, and where the method changes.
EDGES = [(65_537 - m, m) for m in (8192, 12_288, 30_000)] + [
    (n_bits + extra - m, m)
    for n_bits in (2**16 * 3 // 2, 2**17, 2**17 * 3 // 2)
    for extra in (0, 1, 2)
    for m in (n_bits // 3, n_bits // 2 + 5)
]


@pytest.mark.parametrize(("n", "m"), EDGES)
def test_random_rows_and_columns_around_each_length(
    level: str, rng: np.random.Generator, random_bits: RandomBits, n: int, m: int
):
    key, seed = random_bits(n), random_bits(n + m - 1)
    out, x, s = kernels.toeplitz_hash(key, seed, m).to_array(), key.to_array(), seed.to_array()
    for i in [0, m - 1, *rng.integers(0, m, 30)]:
        assert out[i] == np.count_nonzero(s[i : i + n][::-1] & x) % 2
    for j in [0, n - 1, *rng.integers(0, n, 3)]:
        unit = Bits.from_array(np.arange(n) == j)
        assert kernels.toeplitz_hash(unit, seed, m) == seed.slice(n - 1 - j, n - 1 - j + m)


def test_a_whole_transform_agrees_with_the_oracle(level: str, random_bits: RandomBits):
    n, m = 50_001, 40_003
    key, seed = random_bits(n), random_bits(n + m - 1)
    assert kernels.toeplitz_hash(key, seed, m) == reference.toeplitz_hash(key, seed, m)


@given(st.integers(13_000, 150_000), st.integers(13_000, 150_000), st.integers(0, 2**32))
@settings(deadline=None, max_examples=25)
def test_every_level_gives_the_same(n: int, m: int, entropy: int):
    data = np.random.default_rng(entropy).bytes(40_000)
    key, seed = Bits.from_bytes(data, n), Bits.from_bytes(data, n + m - 1)
    hashes = []
    for level in kernels.levels():
        with kernels.forced(level):
            hashes.append(kernels.toeplitz_hash(key, seed, m))
    assert all(one == hashes[0] for one in hashes)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 70), (70, 1), (65, 64), (999, 1001), (20_001, 333)])
def test_blocks_agree_with_the_oracle(level: str, random_bits: RandomBits, n: int, m: int):
    key, seed = random_bits(n), random_bits(n + m - 1)
    assert hash_in_blocks(key, seed, m, workers=1) == reference.toeplitz_hash(key, seed, m)


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(0, 2**32))
@settings(deadline=None, max_examples=25)
def test_blocks_agree_with_the_oracle_at_any_size(n: int, m: int, entropy: int):
    data = np.random.default_rng(entropy).bytes(1300)
    key, seed = Bits.from_bytes(data, n), Bits.from_bytes(data, n + m - 1)
    assert hash_in_blocks(key, seed, m, workers=1) == reference.toeplitz_hash(key, seed, m)


# Rows x columns of blocks: none, one or two levels of squares, and what is left over beside them.
@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (2, 1), (2, 3), (3, 2), (1, 5), (4, 5)])
def test_random_rows_of_many_blocks(
    rng: np.random.Generator, random_bits: RandomBits, rows: int, columns: int
):
    n, m = columns * BLOCK_BITS - 77, rows * BLOCK_BITS - 13
    check_rows(rng, random_bits, n, m)


def check_rows(rng: np.random.Generator, random_bits: RandomBits, n: int, m: int) -> None:
    key, seed = random_bits(n), random_bits(n + m - 1)
    out, x, s = kernels.toeplitz_hash(key, seed, m).to_array(), key.to_array(), seed.to_array()
    for i in [0, m - 1, *rng.integers(0, m, 10)]:
        assert out[i] == np.count_nonzero(s[i : i + n][::-1] & x) % 2


def test_blocks_give_the_same_at_every_level(random_bits: RandomBits):
    n, m = BLOCK_BITS + 1001, BLOCK_BITS // 2 + 77
    key, seed = random_bits(n), random_bits(n + m - 1)
    hashes = []
    for level in kernels.levels():
        with kernels.forced(level):
            hashes.append(hash_in_blocks(key, seed, m, workers=1))
    with kernels.forced("scalar"):
        hashes.append(hash_in_blocks(key, seed, m, workers=3))
    assert all(one == hashes[0] for one in hashes)


@pytest.mark.campaign
@pytest.mark.parametrize(("n", "m"), [(10**8, 5 * 10**7), (2**27, 2**27), (2**27, 2**17)])
def test_random_rows_of_the_longest_blocks(rng: np.random.Generator, random_bits: RandomBits, n: int, m: int):
    check_rows(rng, random_bits, n, m)


def test_progress_goes_up_to_one(random_bits: RandomBits):
    n, m, told = BLOCK_BITS * 2, BLOCK_BITS // 8, []
    kernels.toeplitz_hash(random_bits(n), random_bits(n + m - 1), m, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) > 10


def test_spectra_of_the_key_are_wiped(monkeypatch: pytest.MonkeyPatch, random_bits: RandomBits):
    rooms = []
    real = toeplitz_blocks._spectra
    monkeypatch.setattr(toeplitz_blocks, "_spectra", lambda n: rooms.append(real(n)) or rooms[-1])
    hash_in_blocks(random_bits(1000), random_bits(1999), 1000)
    keys, seeds, hashes = rooms
    assert seeds.any()
    assert not keys.any()
    assert not hashes.any()


def test_failed_steps_are_told_and_leave_nothing(monkeypatch: pytest.MonkeyPatch, random_bits: RandomBits):
    rooms = []
    real = toeplitz_blocks._spectra
    monkeypatch.setattr(toeplitz_blocks, "_spectra", lambda n: rooms.append(real(n)) or rooms[-1])
    monkeypatch.setattr(toeplitz_blocks._Hash, "products", lambda self, first: -1)
    with pytest.raises(MemoryError, match="no memory for the scratch of a Toeplitz hash"):
        hash_in_blocks(random_bits(1000), random_bits(1999), 1000)
    assert not rooms[0].any()


# The constants of field.h, from their definitions.

AES = galois.GF(2**8, irreducible_poly="x^8 + x^4 + x^3 + x + 1", repr="int")
SOURCE = (CSRC / "toeplitz_hash" / "field.h").read_text()
BASIS = [int(word, 16) for word in re.findall(r"0x[0-9a-f]{4}\b", SOURCE.split("CANTOR_BASIS")[1])[:16]]
MAPS = {name: int(value, 16) for name, value in re.findall(r"\[(\w+)\] = (0x[0-9a-f]{16})", SOURCE)}
Z = 0x102


def times(a: int, b: int) -> int:
    """Multiply b0 + b1 u in the tower over GF(2^8), with u^2 = u + 0x84."""
    a0, a1, b0, b1 = (AES(part) for part in (a & 255, a >> 8, b & 255, b >> 8))
    u2 = a1 * b1
    return int(a0 * b0 + u2 * AES(0x84)) | int(a0 * b1 + a1 * b0 + u2) << 8


def apply(name: str, byte: int) -> int:
    return reduce(xor, (MAPS[name] >> 8 * j & 255 for j in range(8) if byte >> j & 1), 0)


POWERS = list(accumulate([Z] * 15, times, initial=1))


def test_the_evaluation_points_are_a_cantor_basis():
    assert BASIS[0] == 1
    assert [times(v, v) ^ v for v in BASIS] == [0, *BASIS[:-1]]
    assert BASIS[7] == 0x84
    assert max(BASIS[:8]) < 256 <= min(BASIS[8:])


def test_z_generates_the_field():
    bits = galois.GF2([[element >> bit & 1 for bit in range(16)] for element in POWERS])
    assert np.linalg.matrix_rank(bits) == 16


@pytest.mark.parametrize("bit", range(8))
def test_key_bits_are_powers_of_z_last_first(bit: int):
    assert apply("KEY_TO_B0", 1 << bit) | apply("KEY_TO_B1", 1 << bit) << 8 == POWERS[7 - bit]


@pytest.mark.parametrize("bit", range(16))
def test_seed_bits_are_the_dual_basis(bit: int):
    half = "UPPER" if bit > 7 else "LOWER"
    element = apply(f"{half}_TO_B0", 1 << bit % 8) | apply(f"{half}_TO_B1", 1 << bit % 8) << 8
    assert [times(element, POWERS[i]) & 1 for i in range(16)] == [int(i == bit) for i in range(16)]


@pytest.mark.parametrize("bit", range(16))
def test_hash_bits_are_products_with_powers_of_z(bit: int):
    expected = sum((times(1 << bit, POWERS[i]) & 1) << i for i in range(8))
    assert apply("B1_TO_HASH" if bit > 7 else "B0_TO_HASH", 1 << bit % 8) == expected


@pytest.mark.parametrize("bit", range(8))
def test_the_product_with_the_square_of_u(bit: int):
    assert apply("TIMES_U2", 1 << bit) == int(AES(0x84) * AES(1 << bit))
