"""What shows that bits are not random, counted in C and bit by bit."""

import numpy as np
import pytest

from postproc import kernels
from postproc.bits import Bits
from postproc.reference import health

SIZES = [0, 1, 2, 3, 4, 5, 63, 64, 65, 66, 127, 128, 129, 130, 191, 192, 193, 576, 577, 700, 17_000]


@pytest.mark.parametrize("n", SIZES)
def test_counts(level: str, random_bits, n: int):
    bits = random_bits(n)
    assert kernels.health_counts(bits) == health.health_counts(bits)


@pytest.mark.parametrize("run", [1, 7, 63, 64, 65, 130])
@pytest.mark.parametrize("start", [0, 1, 60, 64, 100])
def test_runs_across_words(level: str, start: int, run: int):
    x = np.arange(300) % 2
    x[start : start + run] = 1
    bits = Bits.from_array(x)
    assert kernels.health_counts(bits) == health.health_counts(bits)
    assert kernels.health_counts(bits).longest_run >= run
