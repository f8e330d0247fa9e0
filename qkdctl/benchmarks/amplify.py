"""Privacy amplification: Toeplitz hashing, n bits to n / 2, a fresh seed each call; and verification's hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from time import process_time

import numpy as np
from cryptography.hazmat.primitives.poly1305 import Poly1305

from postproc.bits import Bits
from postproc.kernels import toeplitz_hash
from qkdctl.benchmarks.case import Case
from qkdctl.benchmarks.toeplitz_peers import Peer, peers

ROWS = 64
SEEDS = 4
Answer = tuple[Bits, Bits]


@dataclass
class Work:
    """A key, and seeds that take turns: no two calls in a row see the same."""

    key: Bits
    seeds: list[Bits]
    turn: int = field(default=0)

    def hash(self, hash_: Peer) -> Answer:
        """Give the seed, for the check, and the hash."""
        self.turn = (self.turn + 1) % len(self.seeds)
        seed = self.seeds[self.turn]
        return seed, hash_(self.key, seed)


def cases() -> Iterator[Case]:
    """Sizes from a short block to a long one; on one core, but for the last two."""
    rng = np.random.default_rng(1)
    for exponent in (14, 17, 20, 23, 24):
        work = _work(rng, 2**exponent)
        yield Case(
            f"toeplitz_hash 2^{exponent} to 2^{exponent - 1} bits",
            2**exponent / 1e6,
            "Mbit/s",
            partial(work.hash, partial(_hash, 1)),
            partial(_check, work.key, rng),
            "toeplitz_hash",
            {name: partial(work.hash, peer) for name, peer in peers(2**exponent)},
            clock=process_time,
        )
    for n in (2**24, 10**8):
        work = _work(rng, n)
        run = partial(work.hash, partial(_hash, None))
        check = partial(_check, work.key, rng)
        yield Case(f"toeplitz_hash {n:,} to {n // 2:,} bits, all cores", n / 1e6, "Mbit/s", run, check)
    yield _verification(rng.bytes(2**20))


def _verification(text: bytes) -> Case:
    key = hashlib.sha256(b"a hash key").digest()
    return Case(
        "Poly1305 of 1 MiB, which verifies and authenticates",
        8 * len(text) / 1e6,
        "Mbit/s",
        partial(Poly1305.generate_tag, key, text),
        partial(_check_tag, key, text),
        clock=process_time,
    )


def _check_tag(key: bytes, text: bytes, answer: object) -> None:
    """Compare with the polynomial: RFC 8439, section 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(text), 16):
        total = (total + int.from_bytes(text[i : i + 16] + b"\1", "little")) * r % (2**130 - 5)
    assert answer == (total + int.from_bytes(key[16:], "little") & 2**128 - 1).to_bytes(16, "little")


def _work(rng: np.random.Generator, n: int) -> Work:
    return Work(_random(rng, n), [_random(rng, n + n // 2 - 1) for _ in range(SEEDS)])


def _random(rng: np.random.Generator, n: int) -> Bits:
    return Bits.from_bytes(rng.bytes((n + 7) // 8), n)


def _hash(workers: int | None, key: Bits, seed: Bits) -> Bits:
    return toeplitz_hash(key, seed, len(seed) - len(key) + 1, workers=workers)


def _check(key: Bits, rng: np.random.Generator, answer: object) -> None:
    """Compare random rows with the definition: ``out[i] = XOR_j seed[i + n - 1 - j] & key[j]``."""
    assert isinstance(answer, tuple)
    seed, out = answer
    bits, x, s, n = out.to_array(), key.to_array()[::-1], seed.to_array(), len(key)
    assert len(bits) == len(seed) - n + 1
    for i in rng.integers(0, len(bits), ROWS):
        assert bits[i] == np.count_nonzero(s[i : i + n] & x) % 2, f"row {i} is wrong"
