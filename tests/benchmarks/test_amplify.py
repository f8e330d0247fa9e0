"""Whoever is in the bench gives our answers, and a wrong answer does not pass."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from postproc.bits import Bits
from postproc.kernels import toeplitz_hash
from qkdctl.benchmarks import amplify
from qkdctl.benchmarks.toeplitz_peers import peers


@pytest.mark.parametrize(("n", "m"), [(64, 1), (1000, 333), (1000, 1000), (2048, 1024)])
def test_every_peer_gives_our_answer(n: int, m: int):
    rng = np.random.default_rng(n)
    key, seed = (Bits.from_array(rng.integers(0, 2, length)) for length in (n, n + m - 1))
    answers = {name: peer(key, seed) for name, peer in peers(n)}
    assert "numpy FFT" in answers
    assert answers == dict.fromkeys(answers, toeplitz_hash(key, seed, m))


def test_large_sizes_leave_out_the_slowest():
    assert "galois" not in dict(peers(2**17))


def test_no_two_calls_in_a_row_see_the_same_seed():
    work = amplify._work(np.random.default_rng(1), 256)
    seeds = [work.hash(partial(amplify._hash, 1))[0] for _ in range(6)]
    assert all(one != next_ for one, next_ in pairwise(seeds))


@pytest.mark.parametrize("wrong", ["every bit", "the length"])
def test_a_wrong_hash_does_not_pass(wrong: str):
    rng = np.random.default_rng(1)
    work = amplify._work(rng, 2000)
    seed, out = work.hash(partial(amplify._hash, 1))
    amplify._check(work.key, rng, (seed, out))
    other = out ^ Bits.from_array(np.ones(len(out))) if wrong == "every bit" else out.slice(0, 500)
    with pytest.raises(AssertionError):
        amplify._check(work.key, rng, (seed, other))


def test_the_tag_is_held_against_its_definition():
    case = amplify._verification(b"some text of any length" * 5)
    case.check(case.run())
    with pytest.raises(AssertionError):
        case.check(bytes(16))
