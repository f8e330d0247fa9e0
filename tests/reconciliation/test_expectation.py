"""Which error rate is prepared for, and that both parties prepare for the same."""

from collections.abc import Iterable

import numpy as np
import pytest

from postproc import blocks
from postproc.conversation.conversation import Conversation
from postproc.conversation.frames import Frame, pack, unpack
from postproc.conversation.messages import encode
from postproc.conversation.record import BlockRecord
from postproc.entropy import SeededEntropy
from postproc.estimation.statistics import Statistics
from postproc.outcome import BlockEnded
from postproc.reconciliation import make_reconciler
from postproc.reconciliation.expectation import LAG, MEMORY, Expectation
from postproc.reconciliation.stage import Corrected, Reconcile
from postproc.runner import direct, run_pair
from tests.support.reconciled import noisy_pair

N = 20_000


def statistics(test_errors: int, test_bits: int = 2000) -> Statistics:
    return Statistics((N,), (test_bits,), (test_errors,))


def after(counts: list[tuple[int, int]]) -> Expectation:
    """What is known after blocks of so many errors in the key and in the test."""
    known = Expectation()
    for number, (key_errors, test_errors) in enumerate(counts, 1):
        known.learn(number, statistics(test_errors), key_errors)
    return known


def test_the_test_basis_comes_first():
    assert Expectation().rate(1, statistics(39)) == pytest.approx(40 / 2002)
    assert after([(1000, 20)] * 3).rate(4, statistics(39)) == pytest.approx(40 / 2002), "not old enough"


def test_then_keys_corrected_earlier_whatever_the_test_basis_errs_by():
    known = after([(1000, 20)] * 6)
    assert known.rate(6 + LAG, statistics(24)) == pytest.approx(0.05, rel=0.01)


def test_a_change_that_the_test_shows_is_followed():
    known = after([(1000, 20)] * 6)
    assert known.rate(6 + LAG, statistics(60)) == pytest.approx(0.15, rel=0.03)
    assert known.rate(6 + LAG, statistics(2000)) == pytest.approx(0.2, rel=0.01), "no more than fourfold"


def test_old_blocks_are_forgotten():
    known = after([(4000, 20)] * 50 + [(1000, 20)] * MEMORY)
    assert known.rate(50 + MEMORY + LAG, statistics(20)) == pytest.approx(0.05, rel=0.01)
    assert len(known._keys) <= LAG + 4 * MEMORY


def blocks_of(key, test_errors: int, count: int) -> Iterable[blocks.TestedBlock]:
    for number in range(1, count + 1):
        yield blocks.TestedBlock(
            BlockRecord(bytes(16), number), key, np.zeros(N, np.uint8), statistics(test_errors)
        )


def session(expected: float | None, count: int, wire=direct):
    """Blocks with 5 % errors whose test basis shows 1 %."""
    keys = noisy_pair(N, 0.05, 1)
    stages = []
    for role in ("alice", "bob"):
        step = Reconcile(make_reconciler("ldpc"), expected)
        script = getattr(step, role)
        stages.append(
            [Conversation("reconcile", role, blocks.TestedBlock, script, SeededEntropy(role.encode()))]
        )
    sources = [list(blocks_of(key, 20, count)) for key in keys]
    found = {"alice": [], "bob": []}
    for role, message in run_pair(*stages, *sources, wire):
        if isinstance(message, blocks.ReconciledBlock | BlockEnded):
            found[role].append(message)
    return keys, found


def test_earlier_keys_save_bits_and_rounds():
    (alice, _), found = session(None, LAG + 2)
    rates = [block.record.figures["reconciliation_expected_qber"] for block in found["bob"]]
    assert rates[:LAG] == pytest.approx([21 / 2002] * LAG, abs=1e-6)
    assert rates[LAG:] == pytest.approx([0.05] * 2, rel=0.1)
    told = [block.record.disclosed_bits() for block in found["bob"]]
    assert max(told[LAG:]) < 0.95 * min(told[:LAG])
    for ours, theirs in zip(found["alice"], found["bob"], strict=True):
        assert ours.key == theirs.key == alice
        assert ours.record.disclosures == theirs.record.disclosures
        assert ours.record.disclosures[-1].bits == N.bit_length()
        assert ours.record.disclosures[-1].speaker == "bob"


def test_a_rate_that_is_given_is_not_talked_about():
    _, found = session(0.05, 1)
    assert "reconciliation_expected_qber" not in found["bob"][0].record.figures
    transcript = found["bob"][0].record.transcript
    assert not any(
        b"Expected" in frame or b"Corrected" in frame for frame in transcript.alice + transcript.bob
    )


@pytest.mark.parametrize("said", [Corrected(5, N + 1), Corrected(N + 1, N)])
def test_corrections_of_another_block_end_it(said: Corrected):
    def tamper(sender: str, data: bytes) -> Iterable[bytes]:
        frame = unpack(data)
        if b"Corrected" in frame.payload[:12]:
            data = pack(Frame(1, frame.session, frame.stage, frame.block, frame.sequence, encode(said)))
        return (data,)

    _, found = session(None, 1, tamper)
    assert isinstance(found["alice"][0], BlockEnded)
    assert "and the block has 20000" in found["alice"][0].reason
