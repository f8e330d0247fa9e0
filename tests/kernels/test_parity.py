from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc import kernels
from postproc.bits import Bits
from postproc.reference import parity as reference

SIZES = [*range(18), 63, 64, 65, 127, 128, 129, 511, 512, 513, 1023, 1025, 4097, 100_003]


def check(bits: Bits) -> None:
    assert kernels.popcount(bits) == reference.popcount(bits)
    assert kernels.parity(bits) == reference.parity(bits)
    assert kernels.prefix_parity(bits) == reference.prefix_parity(bits)


@pytest.mark.parametrize("size", SIZES)
def test_agree_with_the_oracle(level: str, random_bits: Callable[[int], Bits], size: int):
    check(random_bits(size))


@pytest.mark.parametrize("size", SIZES)
def test_all_ones(level: str, size: int):
    check(Bits.from_array(np.ones(size, np.uint8)))


@pytest.mark.parametrize("position", [0, 63, 64, 511, 512, 1535])
def test_one_bit_flips_all_that_follow(level: str, position: int):
    single = np.zeros(1536, np.uint8)
    single[position] = 1
    expected = (np.arange(1536) >= position).astype(np.uint8)
    assert kernels.prefix_parity(Bits.from_array(single)) == Bits.from_array(expected)


@pytest.mark.parametrize("offset", range(8))
@pytest.mark.parametrize("n_bytes", [1, 8, 63, 64, 200])
def test_any_alignment(level: str, rng: np.random.Generator, offset: int, n_bytes: int):
    memory = np.frombuffer(rng.bytes(300), np.uint8)
    check(Bits(memory[offset : offset + n_bytes], 8 * n_bytes))


@given(st.binary(max_size=300), st.integers(0, 7))
@settings(deadline=None)
def test_every_level_agrees_with_the_oracle(data: bytes, unused: int):
    bits = Bits.from_bytes(data, max(0, 8 * len(data) - unused))
    for level in kernels.levels():
        with kernels.forced(level):
            check(bits)


def test_any_interval_is_two_bits_of_the_prefix(random_bits: Callable[[int], Bits]):
    bits = random_bits(2000)
    prefix = np.concatenate([[0], kernels.prefix_parity(bits).to_array()])
    for start, stop in [(0, 0), (0, 2000), (5, 6), (63, 129), (700, 1900)]:
        assert prefix[start] ^ prefix[stop] == kernels.parity(bits.slice(start, stop))
