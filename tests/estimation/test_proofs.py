"""What every proof must do, whatever its theorem."""

from math import isfinite

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.errors import BlockRefused, InputError, ProofError
from postproc.estimation import (
    Assumption,
    DecoyParameters,
    EntanglementParameters,
    Leak,
    Parameters,
    Proof,
    Statistics,
    make_proof,
    proof_class,
    proofs,
)

LEAK = Leak(reconciliation_bits=700, verification_bits=128)
WHOLE = st.integers(0, 10**12)


def length(proof: Proof, block: Statistics, leak: Leak = LEAK) -> int:
    try:
        return proof.secret_length(block, leak).secret_bits
    except BlockRefused:
        return 0


def more_errors(block: Statistics, basis: str, intensity: int, extra: int) -> Statistics:
    errors = list(getattr(block, basis))
    errors[intensity] += extra
    return msgspec.structs.replace(block, **{basis: tuple(errors)})


def test_a_good_block_makes_key(proof: Proof, block: Statistics) -> None:
    proof.check_test(msgspec.structs.replace(block, key_errors=None))
    bound = proof.secret_length(block, LEAK)
    assert 1 <= bound.secret_bits < sum(block.key)
    assert bound.epsilon.correctness == 1e-15
    assert 0 < bound.epsilon.secrecy <= 1e-9
    assert bound.details["leak_bits"] == 828
    assert 0 < bound.details["phase_error"] < 0.5
    assert all(isfinite(figure) for figure in bound.details.values())


def test_a_bit_leaked_is_a_bit_lost(proof: Proof, block: Statistics) -> None:
    before = length(proof, block)
    for leak in (Leak(701, 128), Leak(700, 129), Leak(700, 128, 1)):
        assert length(proof, block, leak) == before - 1


@given(leaks=st.tuples(WHOLE, WHOLE, WHOLE), extra=st.integers(0, 10**6))
def test_more_leak_is_never_more_key(
    proof: Proof, block: Statistics, leaks: tuple[int, int, int], extra: int
) -> None:
    shorter = Leak(leaks[0] % 10**6, leaks[1] % 256, leaks[2] % 1000)
    longer = msgspec.structs.replace(shorter, other_bits=shorter.other_bits + extra)
    assert length(proof, block, longer) <= length(proof, block, shorter)


@given(first=st.integers(0, 500), extra=st.integers(1, 500))
def test_more_test_errors_are_never_more_key(proof: Proof, block: Statistics, first: int, extra: int) -> None:
    """In the intensity that single-photon errors are counted with; see the next test for the others."""
    intensity = {1: 0, 2: 0, 3: 1}[proof.n_intensities]
    fewer = more_errors(block, "test_errors", intensity, first)
    more = more_errors(fewer, "test_errors", intensity, extra)
    assert length(proof, more) <= length(proof, fewer)


@given(extra=st.integers(1, 10**5), intensity=st.integers(0, 2))
def test_key_errors_never_make_key(proof: Proof, block: Statistics, extra: int, intensity: int) -> None:
    if block.key_errors is not None:
        more = more_errors(block, "key_errors", intensity % 2, extra)
        assert length(proof, more) <= length(proof, block)


@given(data=st.data())
def test_any_counts_make_key_or_a_refusal(proof: Proof, data: st.DataObject) -> None:
    n = proof.n_intensities
    scale = data.draw(st.sampled_from([1, 10, 10**4, 10**7]))
    counts = data.draw(st.lists(st.integers(0, scale), min_size=2 * n, max_size=2 * n))
    errors = [data.draw(st.integers(0, count)) for count in counts]
    block = Statistics(tuple(counts[:n]), tuple(counts[n:]), tuple(errors[n:]), tuple(errors[:n]))
    try:
        bound = proof.secret_length(block, LEAK)
    except BlockRefused as refusal:
        said = str(refusal)
    else:
        assert 1 <= bound.secret_bits <= sum(block.key)
        said = str(bound)
        proof.check_test(block)  # must not refuse what makes key
        proof.check_test(msgspec.structs.replace(block, key_errors=None))
    assert len(said) > 20
    assert "nan" not in said


def test_a_block_that_passes_the_test_can_still_fail_for_its_leak(proof: Proof, block: Statistics) -> None:
    proof.check_test(block)
    with pytest.raises(BlockRefused, match="no secret bit is left"):
        proof.secret_length(block, Leak(sum(block.key), 128))


def test_random_bits_are_refused_at_the_test(proof: Proof, block: Statistics) -> None:
    half = msgspec.structs.replace(block, test_errors=tuple(n // 2 for n in block.test))
    with pytest.raises(BlockRefused):
        proof.check_test(half)
    with pytest.raises(BlockRefused):
        proof.secret_length(half, LEAK)


def test_an_empty_block_is_refused(proof: Proof) -> None:
    nothing = (0,) * proof.n_intensities
    with pytest.raises(BlockRefused):
        proof.check_test(Statistics(nothing, nothing, nothing))


def test_counts_of_other_intensities_are_no_block(proof: Proof) -> None:
    counts = (10,) * (proof.n_intensities + 1)
    with pytest.raises(ProofError, match=proof.name):
        proof.check_test(Statistics(counts, counts, counts))


def test_a_smaller_epsilon_is_never_more_key(name: str, parameters: Parameters, block: Statistics) -> None:
    lengths = [
        length(make_proof(name, msgspec.structs.replace(parameters, eps_sec=eps_sec)), block)
        for eps_sec in (1e-5, 1e-9, 1e-12, 1e-15)
    ]
    assert lengths == sorted(lengths, reverse=True)


def test_what_a_proof_says_of_itself(proof: Proof) -> None:
    assert "(20" in proof.source
    assert proof.length == ("variable" if proof.name == "tupkary2024" else "fixed")
    assert (Assumption.FIXED_LENGTH in proof.assumptions) == (proof.length == "fixed")
    assert not proof.is_agreed
    assert proof.sample_sizes() is None
    assert proof.needs_key_errors == (proof.n_intensities == 2)


def test_a_fixed_length_needs_thresholds_or_a_waiver(name: str, parameters: Parameters) -> None:
    if proof_class(name).length == "variable":
        make_proof(name, msgspec.structs.replace(parameters, waived=frozenset()))
        return
    with pytest.raises(ProofError, match=f'{name} .*configure thresholds, or list "fixed-length"'):
        make_proof(name, msgspec.structs.replace(parameters, waived=frozenset()))


def test_a_waiver_that_means_nothing_is_refused(name: str, parameters: Parameters) -> None:
    foreign = {
        "bbm92": Assumption.PHASE_RANDOMISED,
        "decoy-bb84": Assumption.QUBIT_MEASUREMENT,
    }[proof_class(name).protocol]
    with pytest.raises(ProofError, match=f"does not assume {foreign.value}"):
        make_proof(name, msgspec.structs.replace(parameters, waived=parameters.waived | {foreign}))


def test_parameters_of_the_other_protocol_are_refused(name: str, parameters: Parameters) -> None:
    other = next(n for n in proofs() if proof_class(n).protocol != proof_class(name).protocol)
    with pytest.raises(ProofError, match=f"proof {other} is for"):
        make_proof(other, parameters)


def test_an_unknown_proof_is_answered_with_the_known_ones() -> None:
    parameters = EntanglementParameters(eps_sec=1e-10, eps_cor=1e-10)
    with pytest.raises(ProofError, match="no proof 'bb84'; there are lim2014, "):
        make_proof("bb84", parameters)


@pytest.mark.parametrize("epsilon", [0.0, 1.0, -1e-9, 2.0, float("nan")])
@pytest.mark.parametrize("which", ["eps_sec", "eps_cor"])
def test_epsilons_are_probabilities(which: str, epsilon: float) -> None:
    epsilons = {"eps_sec": 1e-10, "eps_cor": 1e-10} | {which: epsilon}
    with pytest.raises(ProofError, match=which):
        EntanglementParameters(**epsilons)
    with pytest.raises(ProofError, match=which):
        DecoyParameters(intensities=msgspec.UNSET, **epsilons)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("counts", "complaint"),
    [
        (((1,), (1, 2), (0,)), "expected as many"),
        (((1,), (1,), (2,)), "2 errors among 1 detections in the test basis"),
        (((1,), (1,), (-1,)), "-1 errors"),
        (((1,), (1,), (0,), (2,)), "in the key basis"),
        (((-5,), (1,), (0,)), "in the key basis"),
        (((1, 2), (1,), (0,)), "expected as many"),
        (((), (), ()), "0 counts"),
    ],
)
def test_impossible_counts_are_refused(counts: tuple[tuple[int, ...], ...], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        Statistics(*counts)


def test_a_leak_is_counted_once_and_not_negative() -> None:
    assert Leak(5, 128, 7).total_bits == 140
    with pytest.raises(InputError, match="negative"):
        Leak(5, -128)
