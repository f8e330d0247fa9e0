"""Which error rate is prepared for, and that both parties prepare for the same."""

from collections.abc import Iterable

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from postproc.reconciliation.stage import Corrected, Expected, Reconcile
from postproc.runner import direct, run_pair
from tests.support.audit import disclosed_bits
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


def session(expected: float | None, count: int, wire=direct, method="ldpc"):
    """Blocks with 5 % errors whose test basis shows 1 %."""
    keys = noisy_pair(N, 0.05, 1)
    stages = []
    for role in ("alice", "bob"):
        step = Reconcile(make_reconciler(method), expected)
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


rates_told = st.integers(0, 500_000).map(lambda millionths: encode(Expected(millionths)))
other_bytes = st.one_of(
    rates_told,
    st.binary(max_size=40),
    st.sampled_from([b"", encode(Expected(10_000))[:-1], encode(Corrected(5, N))]),
    st.integers(500_001, 2**63 - 1).map(lambda n: msgspec.msgpack.encode(["Expected", n])),
    st.just(msgspec.msgpack.encode(["Expected", -1])),
)


@given(st.sampled_from(["ldpc", "cascade"]), other_bytes, st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_another_rate_than_alice_said_never_makes_another_key(method, payload: bytes, copies: int):
    """Her word left out, said twice or changed: an error at both, or her key, and books that a listener agrees with.

    Errors that error correction has left, as it may, are seen by the tags: the parties remember other words.
    """
    sent: list[tuple[str, bytes]] = []

    def tamper(sender: str, data: bytes) -> Iterable[bytes]:
        sent.append((sender, data))
        frame = unpack(data)
        if b"Expected" not in frame.payload[:12]:
            return (data,)
        other = pack(Frame(1, frame.session, frame.stage, frame.block, frame.sequence, payload))
        return (other,) * copies

    keys, found = session(None, 1, tamper, method)
    outcomes = {role: found[role][0] if found[role] else None for role in found}
    heard = [outcome.record.transcript for outcome in outcomes.values() if outcome is not None]
    tags_differ = len(heard) == 2 and heard[0] != heard[1]
    for outcome in outcomes.values():
        assert outcome is None or isinstance(outcome, BlockEnded) or outcome.key == keys[0] or tags_differ
    for role, outcome in outcomes.items():
        if outcome is not None:
            said = sum(entry.bits for entry in outcome.record.disclosures if entry.speaker == role)
            assert said == sum(disclosed_bits(unpack(data)) for sender, data in sent if sender == role)
