"""Frames that stall with a handful of wrong bits, which confirm each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.bits import Bits
from postproc.reconciliation import reconcile_bits
from postproc.reconciliation.codes.library import library
from postproc.reconciliation.ldpc import decoder

CODE = min(library(), key=lambda code: code.length)


def leak(seed: int) -> int:
    rng = np.random.default_rng([77, seed])
    key, errors = rng.integers(0, 2, 6000, dtype=np.uint8), np.zeros(6000, np.uint8)
    errors[rng.choice(6000, 297, replace=False)] = 1
    alice, bob = (Bits(np.packbits(bits), 6000) for bits in (key, key ^ errors))
    result = reconcile_bits(alice, bob, qber=0.05, method="ldpc", rng=rng)
    assert result.corrected == alice
    return result.leak_bits


@pytest.mark.parametrize("seed", [16174, 16470, 41319, 58147, 58507])
def test_they_are_freed_without_another_word(seed: int, monkeypatch: pytest.MonkeyPatch):
    freed = leak(seed)
    monkeypatch.setattr(decoder, "FEW_CHECKS", 0)
    assert leak(seed) > 1.1 * freed


@given(check=st.integers(0, CODE.checks - 1))
def test_a_check_adds_up_its_bits(check: int):
    bits = CODE.bits_of(np.array([check]))
    assert [_fulfilled(bit)[check] for bit in bits] == [1] * len(bits)
    others = np.setdiff1d(np.arange(CODE.length), bits)
    assert not _fulfilled(others)[check]


def _fulfilled(ones: np.ndarray) -> np.ndarray:
    word = np.zeros(CODE.length, np.uint8)
    word[ones] = 1
    return CODE.syndrome(Bits.from_array(word)).to_array()
