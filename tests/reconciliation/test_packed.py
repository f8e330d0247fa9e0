"""Error correction as calls from outside take it."""

import numpy as np
import pytest

from postproc.errors import InputError
from postproc.reconciliation import reconcile


@pytest.mark.parametrize(
    ("method", "profile"), [("ldpc", "fast"), ("ldpc", "efficient"), ("cascade", "efficient")]
)
def test_bob_gets_the_key_of_alice(method, profile):
    rng = np.random.default_rng(5)
    n = 9_999
    bits = rng.integers(0, 2, n, np.uint8)
    errors = (rng.random(n) < 0.02).astype(np.uint8)
    alice, bob = (np.packbits(each, bitorder="little") for each in (bits, bits ^ errors))
    result = reconcile(alice, bob, n, qber=0.02, method=method, profile=profile, rng=rng)
    assert np.array_equal(result.corrected, alice)
    assert result.qber_measured == errors.mean()
    assert n * 0.1 < result.leak_bits < n * 0.4
    assert result.messages >= 2
    assert result.rounds >= 0


def test_keys_of_another_length_are_refused():
    with pytest.raises(InputError, match="Bob's key"):
        reconcile(np.zeros(3, np.uint8), np.zeros(2, np.uint8), 20, qber=0.02, rng=np.random.default_rng(1))
