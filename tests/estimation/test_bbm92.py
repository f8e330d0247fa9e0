"""The BBM92 proofs: agreed sizes and rates, and what the exact tail is exact about."""

import dataclasses
import json
from fractions import Fraction
from math import ceil, comb, floor, log2
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.errors import BlockRefused, ProofError
from postproc.estimation import (
    Assumption,
    EntanglementParameters,
    EntanglementThresholds,
    Leak,
    Proof,
    Statistics,
    make_proof,
)
from postproc.estimation.entanglement import Sample
from postproc.estimation.search import maximise
from postproc.estimation.tomamichel2012 import exact_phase_error, serfling_phase_error

POINTS = json.loads((Path(__file__).parents[1] / "vectors" / "finite_key_points.json").read_text())["points"]
FIRST = next(point for point in POINTS if point["id"] == "bbm92/n10000_k4000_Q0.01")
NAMES = ["tomamichel2012", "tomamichel2012-exact", "tomamichel-leverrier2017", "lim2021"]

AGREED = EntanglementThresholds(key_bits=10_000, test_bits=4_000, qber_max=0.01, leak_max_bits=938 + 128)
PARAMETERS = EntanglementParameters(eps_sec=1e-10, eps_cor=1e-15, thresholds=AGREED)
FREE = msgspec.structs.replace(PARAMETERS, thresholds=None, waived=frozenset({Assumption.FIXED_LENGTH}))
BLOCK = Statistics((10_000,), (4_000,), (40,))
LEAK = Leak(938, 128)


def agreed(name: str, **changes: float) -> Proof:
    thresholds = dataclasses.replace(AGREED, **changes)
    return make_proof(name, msgspec.structs.replace(PARAMETERS, thresholds=thresholds))


def test_the_tag_is_charged_as_sent_and_once() -> None:
    """The reference charges log2(2 / eps_cor) = 50.8 bits where 128 are sent."""
    published = float(FIRST["expect_tomamichel2012"]["ell_real"])
    wanted = floor(published + log2(2 / 1e-15) - 128)
    assert agreed("tomamichel2012").secret_length(BLOCK, LEAK).secret_bits == wanted


@pytest.mark.parametrize("name", NAMES)
@given(errors=st.integers(0, 40), leak=st.integers(0, 938))
def test_within_the_agreement_the_length_is_one(name: str, errors: int, leak: int) -> None:
    proof = agreed(name)
    block = msgspec.structs.replace(BLOCK, test_errors=(errors,))
    proof.check_test(block)
    bound = proof.secret_length(block, Leak(leak, 128))
    assert bound.secret_bits == agreed_bits(name)
    assert bound.details["qber_test"] == errors / 4_000


def agreed_bits(name: str) -> int:
    """The length of the same block by the counts: at the thresholds both are the theorem."""
    return make_proof(name, FREE).secret_length(BLOCK, LEAK).secret_bits


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        (Statistics((9_999,), (4_000,), (40,)), "the block has 9999 key bits, and exactly 10000 are agreed"),
        (Statistics((10_001,), (4_000,), (40,)), "exactly 10000"),
        (Statistics((10_000,), (3_999,), (40,)), "the block has 3999 test bits, and exactly 4000 are agreed"),
        (Statistics((10_000,), (4_000,), (41,)), "error rate 1.025% is above the agreed 1.000%"),
    ],
)
def test_outside_the_agreement_the_block_is_refused(name: str, block: Statistics, complaint: str) -> None:
    proof = agreed(name)
    assert proof.sample_sizes() == (10_000, 4_000)
    with pytest.raises(BlockRefused, match=complaint):
        proof.check_test(block)
    with pytest.raises(BlockRefused, match=complaint):
        proof.secret_length(block, LEAK)


@pytest.mark.parametrize("name", NAMES)
def test_a_leak_over_budget_is_refused(name: str) -> None:
    with pytest.raises(BlockRefused, match="1067 bits leaked, above the agreed 1066"):
        agreed(name).secret_length(BLOCK, Leak(939, 128))


@pytest.mark.parametrize("name", NAMES)
def test_thresholds_without_key_are_no_agreement(name: str) -> None:
    with pytest.raises(ProofError, match="secret bits at the agreed thresholds"):
        agreed(name, qber_max=0.4)


@pytest.mark.parametrize(("qber_max", "accepted"), [(0.07, 7), (0.29, 29), (0.075, 7), (0.0, 0)])
def test_the_agreed_rate_is_the_decimal_that_was_written(qber_max: float, accepted: int) -> None:
    """0.29 * 100 is 28.999999999999996 in doubles."""
    large = {"key_bits": 10**7, "test_bits": 100, "leak_max_bits": 0}
    proof = make_proof(
        "tomamichel2012-exact",
        EntanglementParameters(
            eps_sec=0.9, eps_cor=0.9, thresholds=EntanglementThresholds(qber_max=qber_max, **large)
        ),
    )
    proof.check_test(Statistics((10**7,), (100,), (accepted,)))
    with pytest.raises(BlockRefused):
        proof.check_test(Statistics((10**7,), (100,), (accepted + 1,)))


@pytest.mark.parametrize(
    "changes",
    [{"key_bits": 0}, {"test_bits": 0}, {"qber_max": 0.5}, {"qber_max": -0.01}, {"leak_max_bits": -1}],
)
def test_thresholds_have_ranges(changes: dict[str, Any]) -> None:
    with pytest.raises(ProofError, match=f"threshold {next(iter(changes))} must be"):
        dataclasses.replace(AGREED, **changes)


@pytest.mark.parametrize("name", NAMES)
def test_crooked_bases_cost_key(name: str) -> None:
    crooked = msgspec.structs.replace(FREE, preparation_quality=0.9)
    lengths = [make_proof(name, p).secret_length(BLOCK, LEAK).secret_bits for p in (FREE, crooked)]
    assert lengths[1] == lengths[0] - 1000
    with pytest.raises(ProofError, match="preparation_quality"):
        msgspec.structs.replace(FREE, preparation_quality=1.1)


def exact_tail(errors: int, population_errors: int, key: int, test: int) -> Fraction:
    population = key + test
    return Fraction(
        sum(
            comb(population_errors, w) * comb(population - population_errors, test - w)
            for w in range(errors + 1)
        ),
        comb(population, test),
    )


@pytest.mark.parametrize("eps_sec", [1e-10, 1e-6, 1e-2])
@pytest.mark.parametrize(("n", "k", "errors"), [(3000, 1500, 15), (1700, 300, 0), (500, 2000, 60)])
def test_the_exact_rate_is_the_least_at_a_quarter_of_epsilon_squared(
    n: int, k: int, errors: int, eps_sec: float
) -> None:
    allowed = (Fraction(eps_sec) / 4) ** 2
    left = round(exact_phase_error(Sample(n, k, errors), eps_sec) * n)
    assert exact_tail(errors, errors + left + 1, n, k) <= allowed
    assert exact_tail(errors, errors + left, n, k) > allowed


sizes = st.integers(50, 10**7)


@given(n=sizes, k=sizes, share=st.floats(0, 0.3), eps_sec=st.floats(1e-15, 1e-2))
def test_the_exact_rate_is_never_above_serflings(n: int, k: int, share: float, eps_sec: float) -> None:
    sample = Sample(n, k, int(share * k))
    serfling = serfling_phase_error(sample, eps_sec)
    # Serfling leaves out "at least n (Q + mu)": whole numbers of errors up to the one below stay.
    assert exact_phase_error(sample, eps_sec) * n <= ceil(serfling * n * (1 + 1e-7))


def test_on_every_point_the_exact_tail_gives_the_longest_key() -> None:
    for point in (p for p in POINTS if "expect_tomamichel2012" in p):
        inputs = point["inputs"]
        block = Statistics((inputs["n_key"],), (inputs["k_test"],), (inputs["test_errors"],))
        leak = Leak(inputs["leak_ec"], 50)
        lengths = {name: bits(make_proof(name, FREE), block, leak) for name in NAMES}
        assert lengths["tomamichel2012-exact"] == max(lengths.values())
        assert lengths["tomamichel-leverrier2017"] >= lengths["tomamichel2012"]


def bits(proof: Proof, block: Statistics, leak: Leak) -> int:
    try:
        return proof.secret_length(block, leak).secret_bits
    except BlockRefused:
        return 0


def test_the_search_finds_a_maximum_inside_and_at_the_ends() -> None:
    assert maximise(lambda x: -((x - 0.3) ** 2), 0, 1) == pytest.approx(0.3, abs=1e-7)
    assert maximise(lambda x: x, 0, 1) == pytest.approx(1)
    assert maximise(lambda x: -x, 0, 1) == pytest.approx(0, abs=1e-12)
