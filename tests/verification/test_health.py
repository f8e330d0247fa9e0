"""Keys that do not look random are noticed; random ones practically never. What follows: test_quarantine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from postproc.bits import Bits
from postproc.verification import health
from postproc.verification.health import FALSE_ALARM, LAGS, TESTS, fault_of


@given(st.integers(1, 20_000), st.integers(0, 2**32 - 1))
def test_random_bits_pass(n, seed):
    assert fault_of(Bits.from_array(np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8))) is None


def stuck(bits, place=100, length=80):
    bits[place : place + length] = 1
    return bits


BROKEN = {
    "balance": lambda bits, rng: bits | (rng.random(len(bits)) < 0.2),
    "lag 8": lambda bits, rng: np.tile(bits[:8], len(bits) // 8),
    "lag 1": lambda bits, rng: np.cumsum(rng.random(len(bits)) < 0.3) % 2,
    "lag 64": lambda bits, rng: np.tile(bits[:64], len(bits) // 64 + 1)[: len(bits)],
    "longest run": lambda bits, rng: stuck(bits),
    "nibble": lambda bits, rng: np.where(np.arange(len(bits)) % 4 == 3, np.roll(bits, 1), bits),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_faults_are_seen_and_nothing_of_the_key_is_told(fault):
    rng = np.random.default_rng(5)
    bits = np.asarray(BROKEN[fault](rng.integers(0, 2, 8000, dtype=np.uint8), rng), np.uint8)
    told = fault_of(Bits.from_array(bits))
    assert "does not look random" in told
    assert "".join(map(str, bits[:64])) not in told
    assert Bits.from_array(bits).to_bytes()[:8].hex() not in told


@pytest.mark.parametrize("n", [64, 500, 10_000, 10**6])
def test_the_false_alarm_rate_is_a_bound(n):
    """Exactly, by the binomial distribution: every counting test takes no more than its share."""
    share = FALSE_ALARM / TESTS
    reach = health._reach(n)
    assert 2 * binom.sf(np.floor(n / 2 + reach), n, 0.5) <= share
    fours = n // 4
    reach = health._reach(fours)
    assert binom.sf(np.floor(fours / 16 + reach), fours, 1 / 16) <= share
    assert n * 2.0 ** -health._longest(n) <= share
    assert TESTS == 2 + LAGS + 16


@pytest.mark.parametrize("n", [0, 1, 2, 3, 63, 64, 65])
def test_short_keys_have_tests_that_fit(n):
    assert fault_of(Bits.from_array(np.random.default_rng(n).integers(0, 2, n))) is None
