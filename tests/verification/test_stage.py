"""Verification: equal keys pass, different ones are refused, and the tag is charged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.bits import Bits
from postproc.blocks import ReconciledBlock, VerifiedBlock
from postproc.conversation.conversation import Conversation
from postproc.conversation.record import BlockRecord, Disclosure
from postproc.entropy import SystemEntropy
from postproc.estimation import Statistics
from postproc.outcome import BlockEnded
from postproc.runner import run_pair
from postproc.verification.stage import Verify

keys = st.lists(st.booleans(), min_size=1, max_size=300).map(lambda v: Bits.from_array(np.array(v)))


def reconciled(key: Bits) -> ReconciledBlock:
    statistics = Statistics((len(key),), (1,), (0,))
    return ReconciledBlock(
        BlockRecord(bytes(16), 1), key, np.zeros(len(key), np.uint8), statistics, Bits.zeros(len(key))
    )


def verify(alice: Bits, bob: Bits, eps_cor: float = 1e-10):
    chains = [
        [Conversation("verify", role, ReconciledBlock, getattr(Verify(eps_cor), role), SystemEntropy())]
        for role in ("alice", "bob")
    ]
    ends = {}
    for role, message in run_pair(*chains, [reconciled(alice)], [reconciled(bob)]):
        ends.setdefault(role, message)
    return ends["alice"], ends["bob"]


@given(keys)
def test_equal_keys_pass_and_cost_the_tag(key):
    for end in verify(key, key):
        assert isinstance(end, VerifiedBlock)
        assert end.key == key
        assert end.record.disclosures == (Disclosure("verify", "alice", 128),)


@given(keys, st.data())
def test_different_keys_are_refused_at_both_ends(key, data):
    bits = key.to_array().copy()
    for place in data.draw(st.sets(st.integers(0, len(bits) - 1), min_size=1)):
        bits[place] ^= 1
    for end in verify(key, Bits.from_array(bits)):
        assert isinstance(end, BlockEnded)
        assert end.outcome == "refused"
        assert "keys differ" in end.reason


@pytest.mark.parametrize("shorter", [0, 1, 7, 8])
def test_keys_of_different_length_are_refused(shorter):
    """Zeros at the end are part of the key."""
    other = Bits.zeros(64 + shorter) if shorter else Bits.from_bytes(bytes(7) + b"\x80")
    ends = verify(Bits.zeros(64), other)
    assert all(isinstance(end, BlockEnded) for end in ends)


def test_a_block_too_long_for_eps_cor_is_not_passed():
    for end in verify(Bits.zeros(10_000), Bits.zeros(10_000), eps_cor=1e-30):
        assert isinstance(end, BlockEnded)
        assert "eps_cor is 1.0e-30" in end.reason


def test_hash_keys_are_fresh():
    tags = {verify(Bits.zeros(8), Bits.zeros(8))[0].record.transcript.alice[0] for _ in range(5)}
    assert len(tags) == 5
