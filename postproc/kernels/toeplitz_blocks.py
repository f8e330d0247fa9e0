"""A long Toeplitz hash in blocks: each block of key and of seed is transformed once.

The matrix is cut into squares. Those on a diagonal are the same; with the key's blocks counted from its
end, square (r, c) is that of seed block r + c. Hash block r is the sum over c of the products, which are
summed as spectra. All steps of a kind are independent and are shared out to threads. The block size is
what the longest transform takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits, Packed
from postproc.kernels.arguments import as_bits, room_for_bits, to_fill, to_read
from postproc.kernels.dispatch import lib, table

BLOCK_BITS = lib.TOEPLITZ_TRANSFORM_BITS // 2
POINTS = lib.TOEPLITZ_TRANSFORM_BITS // 64
STRIDE = 2 * POINTS + 80  # words from spectrum to spectrum; a power of two would fall on the same cache lines
SLICE_POINTS = 1024

Step = Callable[[], int]
Words = NDArray[np.uint64]


@dataclass(frozen=True)
class _Hash:
    """The operands, and the spectra of all blocks, one to a row of STRIDE words."""

    key: Bits
    seed: Bits
    keys: Words
    seeds: Words
    hashes: Words
    out: Packed

    def of_key(self, block: int) -> int:
        return table().toeplitz_key_block(
            to_read(self.key.packed), len(self.key), block, to_fill(self.keys[block])
        )

    def of_seed(self, block: int) -> int:
        return table().toeplitz_seed_block(
            to_read(self.seed.packed), len(self.seed), block, to_fill(self.seeds[block])
        )

    def products(self, first: int) -> int:
        return table().toeplitz_multiply(
            to_fill(self.hashes.reshape(-1)),
            len(self.hashes),
            to_read(self.seeds.reshape(-1)),
            to_read(self.keys.reshape(-1)),
            len(self.keys),
            STRIDE,
            first,
            first + SLICE_POINTS,
        )

    def to_out(self, out_bits: int, block: int) -> int:
        return table().toeplitz_hash_block(to_fill(self.hashes[block]), out_bits, block, to_fill(self.out))

    def phases(self, out_bits: int) -> Iterator[list[Step]]:
        """Steps that may run at the same time, phase by phase."""
        of_keys: list[Step] = [partial(self.of_key, block) for block in range(len(self.keys))]
        yield of_keys + [partial(self.of_seed, block) for block in range(len(self.seeds))]
        yield [partial(self.products, first) for first in range(0, POINTS, SLICE_POINTS)]
        yield [partial(self.to_out, out_bits, block) for block in range(len(self.hashes))]

    def wipe(self) -> None:
        """Leave nothing from which the key could be found."""
        self.keys.fill(0)
        self.hashes.fill(0)


def hash_in_blocks(
    key: Bits,
    seed: Bits,
    out_bits: int,
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Bits:
    """Give what :func:`~postproc.kernels.toeplitz_hash` gives; the lengths have been checked.

    Takes 1 MiB for each block of 2**21 bits of key, of seed and of hash.
    """
    n_keys, n_hashes = -(-len(key) // BLOCK_BITS), -(-out_bits // BLOCK_BITS)
    keys, seeds, hashes = (_spectra(n) for n in (n_keys, n_keys + n_hashes - 1, n_hashes))
    job = _Hash(key, seed, keys, seeds, hashes, room_for_bits(out_bits))
    try:
        _run(list(job.phases(out_bits)), workers or len(os.sched_getaffinity(0)), progress)
    finally:
        job.wipe()
    return as_bits(job.out, out_bits)


def _spectra(n: int) -> Words:
    """Room for n spectra; the first starts a cache line."""
    room = np.empty(n * STRIDE + 8, np.uint64)
    start = -room.ctypes.data % 64 // 8
    return room[start : start + n * STRIDE].reshape(n, STRIDE)


def _run(phases: list[list[Step]], workers: int, progress: Callable[[float], None] | None) -> None:
    total, done = sum(map(len, phases)), 0
    with ThreadPoolExecutor(workers) as pool:
        for phase in phases:
            for failed in _results(phase, pool if workers > 1 else None):
                if failed:
                    raise MemoryError("no memory for the scratch of a Toeplitz hash")
                done += 1
                if progress:
                    progress(done / total)


def _results(phase: list[Step], pool: ThreadPoolExecutor | None) -> Iterator[int]:
    if pool is None:
        yield from (step() for step in phase)
    else:
        yield from (future.result() for future in as_completed([pool.submit(step) for step in phase]))
