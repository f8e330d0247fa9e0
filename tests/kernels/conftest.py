"""What the kernels' tests share: every level of this CPU in turn, and bit strings made from a seed."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from postproc import kernels
from postproc.bits import Bits


@pytest.fixture(params=kernels.LEVELS)
def level(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param not in kernels.levels():
        pytest.skip(f"this CPU has no {request.param}")
    with kernels.forced(request.param):
        yield request.param


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240611)


@pytest.fixture
def random_bits(rng: np.random.Generator) -> Callable[[int], Bits]:
    return lambda length: Bits.from_bytes(rng.bytes((length + 7) // 8), length)
