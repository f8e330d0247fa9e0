"""What is made for C leaves nothing behind."""

import gc
import sys

import numpy as np
import pytest

from postproc.kernels.arguments import byte_pointers, bytes_to_fill, numbers, to_fill, to_read

LENGTHS = 1000


@pytest.mark.parametrize(
    "make",
    [
        byte_pointers,
        bytes_to_fill,
        numbers,
        lambda n: to_read(np.zeros(n, np.uint64)),
        lambda n: to_fill(np.zeros(n, np.uint8)),
    ],
)
def test_arrays_of_many_lengths_do_not_add_up(make):
    """A session makes them for years."""
    make(1)
    gc.collect()
    before = sys.getallocatedblocks()
    for length in range(1, LENGTHS):
        make(length)
    gc.collect()
    assert sys.getallocatedblocks() < before + LENGTHS // 10
