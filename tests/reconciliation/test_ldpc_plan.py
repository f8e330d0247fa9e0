from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.bits import Bits
from postproc.estimation.entropy import binary_entropy
from postproc.reconciliation.codes.library import library
from postproc.reconciliation.ldpc.layout import bits_of, layout
from postproc.reconciliation.ldpc.plan import MAX_FRAME_BITS, Plan, plan

profiles = st.sampled_from(["efficient", "fast"])


def told_at_first(planned: Plan) -> int:
    return planned.code.checks - planned.punctured


@given(st.integers(1, 400_000), st.floats(0, 0.5), profiles)
def test_frames_hold_the_block_and_fit_their_code(n: int, qber: float, profile):
    planned = plan(n, qber, profile)
    words = planned.payload_words
    assert sum(words) == -(-n // 64)
    assert max(words) - min(words) <= 1
    assert 64 * max(words) <= MAX_FRAME_BITS[profile]
    assert 0 <= planned.punctured <= planned.code.max_punctured
    assert max(words) + -(-planned.punctured // 64) <= planned.code.n_columns


def share_told(planned: Plan) -> float:
    return told_at_first(planned) / (64 * max(planned.payload_words))


def test_there_is_no_plan_for_nothing():
    assert plan(0, 0.05, "efficient") is None


@pytest.mark.parametrize("n", [2000, 7000, 65_536, 300_000])
@pytest.mark.parametrize("qber", [0.01, 0.03, 0.05, 0.08, 0.11])
def test_a_block_starts_above_the_shannon_limit_and_below_half_as_much_again(n: int, qber: float):
    efficient, fast = (share_told(plan(n, qber, profile)) for profile in ("efficient", "fast"))
    limit = binary_entropy(qber)
    assert limit < efficient < 1.5 * limit
    assert efficient < fast < 2 * limit


@pytest.mark.parametrize("n", [2000, 7000, 65_536])
@pytest.mark.parametrize("qber", [0.01, 0.05, 0.08])
def test_random_bits_are_kept_back_for_repair(n: int, qber: float):
    planned = plan(n, qber, "efficient")
    assert planned.punctured > 0.04 * told_at_first(planned)


def test_steps_grow_without_end():
    steps = list(islice(plan(7000, 0.05, "efficient").steps(), 60))
    assert steps[0] >= 8
    assert (np.diff(steps) > 0).all()
    assert sum(steps[:30]) > 7000


@given(st.sampled_from([c for c in library() if c.n_columns <= 144]), st.data())
def test_a_layout_holds_random_bits_and_key_in_a_part_of_the_code(code, data):
    punctured = data.draw(st.integers(0, code.max_punctured))
    words = data.draw(st.integers(1, code.n_columns - -(-punctured // 64)))
    frame = layout(code, punctured, words)
    assert frame.payload_words == words
    assert frame.code.n_columns == frame.first_payload + words
    assert frame.code.n_rows == code.n_rows
    secret = Bits.from_array(np.ones(punctured, np.uint8))
    key = np.full(words, 2**64 - 1, np.uint64)
    word = frame.codeword(secret, key).to_array()
    filled = frame.known.to_array()
    assert (word + filled == 1).all()
    assert sorted(frame.disclosure_order) == np.flatnonzero(word).tolist()
    assert set(frame.disclosure_order[:punctured]) == set(range(punctured))
    assert frame.unknown.to_array().nonzero()[0].tolist() == list(range(punctured))


@pytest.mark.parametrize("left_out", [[], [5], [0, 3, 35]])
def test_leaving_columns_out_is_keeping_them_zero(left_out: list[int]):
    code = next(code for code in library() if code.name == "9x36")
    smaller = code.without(np.array(left_out, int))
    words = np.random.default_rng(1).integers(0, 2**64, 36, dtype=np.uint64)
    words[left_out] = 0
    kept = np.delete(words, left_out)
    assert smaller.syndrome(bits_of(kept)) == code.syndrome(bits_of(words))


def test_the_guess_of_the_error_rate_follows_what_had_to_be_told():
    planned = plan(7000, 0.03, "efficient")
    guesses = [planned.error_rate_for(disclosed) for disclosed in (0, 100, planned.punctured, 3000)]
    assert guesses[0] == 0.03
    assert guesses == sorted(guesses)
    assert 0.03 < guesses[2] < 0.08
