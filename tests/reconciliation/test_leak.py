"""What is charged is what is told: counted from the bytes on the wire, and from ranks over GF(2)."""

from itertools import pairwise

import galois
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.conversation.frames import unpack
from postproc.entropy import SeededEntropy
from postproc.reconciliation import make_reconciler
from postproc.reconciliation.cascade.schedule import schedule
from postproc.reconciliation.codes.library import library
from postproc.reconciliation.ldpc.encoder import Encoder
from postproc.reconciliation.ldpc.plan import Plan
from postproc.reference.cascade import is_member, place_of, unpack_cuts
from tests.support.reconciled import Tap, converse, noisy_pair
from tests.support.wires import Enemy, faults

METHODS = ["ldpc", "cascade"]


def wire_fields(frame: bytes) -> list:
    """A message as bare MessagePack; a bit string stays the bytes of its extension."""
    return msgspec.msgpack.decode(unpack(frame).payload, ext_hook=lambda code, data: (code, bytes(data)))


def bits_in(extension: tuple[int, bytes]) -> int:
    return int.from_bytes(extension[1][:8], "little")


def count_cascade(frames: list[tuple[str, bytes]]) -> dict[str, int]:
    """Alice's parities; and for whatever Bob says, the parities that he had heard since he last spoke."""
    counts = {"alice": 0, "bob": 0}
    unheard = 0
    for _, frame in frames:
        tag, *fields = wire_fields(frame)
        if tag == "CutsWanted":
            counts["bob"], unheard = counts["bob"] + unheard, 0
        else:
            parities = bits_in(fields[-1]) if tag == "PassesOpened" else fields[0]
            assert tag == "PassesOpened" or len(fields[1]) == -(-parities // 8)
            counts["alice"], unheard = counts["alice"] + parities, unheard + parities
    return counts


def count_ldpc(frames: list[tuple[str, bytes]]) -> dict[str, int]:
    """Syndromes less the private random bits; every bit disclosed; each frame that Bob speaks of."""
    counts = {"alice": 0, "bob": 0}
    for sender, frame in frames:
        tag, *fields = wire_fields(frame)
        hidden = fields[2] if tag == "Syndromes" else 0
        counts[sender] += next(bits_in(f) for f in fields if isinstance(f, tuple)) - hidden
    return counts


COUNTERS = {"cascade": count_cascade, "ldpc": count_ldpc}


@given(
    st.sampled_from(METHODS), st.integers(1, 5000), st.floats(0, 0.11), st.booleans(), st.integers(0, 2**32)
)
@settings(max_examples=40)
def test_the_ledger_is_what_a_listener_counts(method, n, qber, charge_both_directions, seed):
    tap = Tap()
    reconciler = make_reconciler(method, charge_both_directions=charge_both_directions)
    run = converse(noisy_pair(n, qber, seed), reconciler, qber, tap)
    counted = COUNTERS[method](tap.frames)
    for outcome in (run.alice, run.bob):
        said = {"alice": 0, "bob": 0}
        for entry in outcome.record.disclosures:
            said[entry.speaker] += entry.bits
        assert said["alice"] == counted["alice"]
        assert said["bob"] == (counted["bob"] if charge_both_directions else 0)
        assert outcome.record.figures["reconciliation_alice_bits"] == counted["alice"]
        assert outcome.record.figures["reconciliation_bob_bits"] == counted["bob"]


@pytest.mark.parametrize("method", METHODS)
@given(fault=faults)
@settings(max_examples=60)
def test_one_fault_ends_the_block_or_leaves_it_to_verification(method, fault):
    """No exception escapes, nobody waits for ever, and each party's own words stand in its books."""
    enemy = Enemy(fault)
    run = converse(noisy_pair(1500, 0.03, 1), make_reconciler(method), 0.03, enemy)
    for role, outcome in (("alice", run.alice), ("bob", run.bob)):
        sent = [frame for sender, frame in enemy.sent if sender == role]
        said = sum(entry.bits for entry in outcome.record.disclosures if entry.speaker == role)
        heard = [(who, frame) for who, frame in enemy.sent if b"Abort" not in unpack(frame).payload[:10]]
        assert said == COUNTERS[method](heard)[role]
        assert getattr(outcome.record.transcript, role) == tuple(sent)


def matrix_of(code) -> np.ndarray:
    matrix = np.zeros((code.checks, code.length), np.uint8)
    for row, (first, end) in enumerate(pairwise(code.row_start)):
        for entry in range(first, end):
            for r in range(64):
                matrix[64 * row + r, 64 * code.column[entry] + (r + code.shift[entry]) % 64] ^= 1
    return matrix


def rank(matrix: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(galois.GF(2)(matrix)))


@pytest.mark.parametrize("disclosed", [0, 40, 90, 150])
def test_an_ldpc_transcript_tells_no_more_than_is_charged(disclosed: int):
    """All that Alice says is linear in her key x and her private bits r: T x + U r.

    With r uniform, it tells rank [T U] - rank U bits about x. Both ranks by galois, T and U from H itself.
    """
    code = next(code for code in library() if code.name == "5x36")
    plan = Plan(code, (16,), 90, 8, 0.02)
    encoder = Encoder(plan, noisy_pair(1000, 0, 1)[0], SeededEntropy(b"s").stream("s", 1))
    charged = encoder.syndromes.discloses() + (encoder.disclose(disclosed).discloses() if disclosed else 0)
    (layout,) = plan.layouts
    matrix = matrix_of(layout.code)
    unit = np.eye(matrix.shape[1], dtype=np.uint8)
    told = np.vstack([matrix, unit[layout.disclosure_order[:disclosed]]])
    secret, payload = np.arange(layout.punctured), np.arange(64 * layout.first_payload, matrix.shape[1])
    about_key_and_secret = rank(told[:, np.concatenate([payload, secret])])
    about_secret = rank(told[:, secret])
    assert about_key_and_secret - about_secret == charged


def test_cascade_is_charged_at_least_the_rank_of_its_parities():
    """Every parity is an interval of some order; their rank is what they tell of a uniform key."""
    n, tap = 320, Tap()
    run = converse(
        noisy_pair(n, 0.06, 2), make_reconciler("cascade", charge_both_directions=False), 0.06, tap
    )
    steps, rows, orders = iter(schedule(n, 0.06, "efficient").steps), [], []
    for _, frame in tap.frames:
        tag, *fields = wire_fields(frame)
        if tag == "PassesOpened":
            step = next(steps)
            opened = [order_of(step.kind, row.tolist(), n) for row in step.random(fields[0])]
            orders += opened
            ends = [*range(step.block_bits, n, step.block_bits), n][: step.blocks_told(n)]
            rows += [interval(order, cut, n) for order in opened for cut in ends]
        elif tag == "CutsWanted":
            counts, cuts = fields[0], unpack_cuts(fields[1], sum(fields[0]), n)
            asked = np.split(np.array(cuts, int), np.cumsum(counts)[:-1])
            rows += [interval(o, int(cut), n) for o, part in zip(orders, asked, strict=True) for cut in part]
    charged = run.bob.record.disclosed_bits()
    assert len(rows) == charged
    assert 0.9 * charged < rank(np.array(rows)) <= charged


def order_of(kind: str, random: list[int], n: int) -> list[int | None]:
    """Which bit stands at each place of a pass; None where it is blanked."""
    if kind == "chosen":
        return [i if is_member(random[0], i) else None for i in range(n)]
    places = [place_of(random, i, n // 64) if kind == "shuffled" else i for i in range(n)]
    return [int(i) for i in np.argsort(places)]


def interval(order: list[int | None], cut: int, n: int) -> np.ndarray:
    """Which bits of the key the prefix up to `cut` adds up."""
    row = np.zeros(n, np.uint8)
    row[[i for i in order[:cut] if i is not None]] = 1
    return row
