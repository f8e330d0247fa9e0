"""``wiesemann2024`` and ``tupkary2024`` against a second reading of their authors' programs."""

from math import ceil, exp, floor, log, log2, sqrt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.errors import BlockRefused, ProofError
from postproc.estimation import (
    Assumption,
    DecoyParameters,
    DecoyThresholds,
    Leak,
    Statistics,
    make_proof,
    unmet,
)
from postproc.estimation.parameters import DetectorSpread
from postproc.estimation.points import evaluate
from postproc.estimation.tupkary2024 import binomial_deviation, mismatch, phase_error
from postproc.estimation.wiesemann2024 import serfling
from tests.estimation.conftest import GOOD_BLOCKS, SOURCES
from tests.estimation.test_decoy_oracle import blocks, sources

epsilons = st.sampled_from([1e-12, 1e-9, 1e-6, 1e-3])
LEAK = Leak(700, 128, 44)
FREE = frozenset({Assumption.FIXED_LENGTH})


def h(p):
    return 0.0 if p in (0, 1) else -p * log2(p) - (1 - p) * log2(1 - p)


def clip(x, most):
    return max(0.0, min(x, most))


def tau(source, m):
    return sum(p * exp(-k) * k**m for k, p in zip(source.means, source.probabilities, strict=True))


def wiesemann(block, source, eps_sec, leak):
    """Line by line in the order of the program: detections, errors, vacuum, single photons, QBER, length."""
    e = eps_sec / 15
    (mu1, mu2), (p1, p2) = source.means, source.probabilities

    def delta(n):
        return sqrt(n * log(1 / e) / 2)

    def basis(n1, n2, c1, c2):
        n, c = n1 + n2, c1 + c2
        n1_plus, n2_minus = clip(n1 + delta(n), n), clip(n2 - delta(n), n)
        c1_plus, c2_plus, c2_minus = clip(c1 + delta(c), c), clip(c2 + delta(c), c), clip(c2 - delta(c), c)
        upper = min(
            2 * (tau(source, 0) * exp(mu1) / p1 * c1_plus + delta(n)),
            2 * (tau(source, 0) * exp(mu2) / p2 * c2_plus + delta(n)),
        )
        upper = clip(upper, n)
        single = exp(mu2) * n2_minus / p2 - mu2**2 / mu1**2 * exp(mu1) * n1_plus / p1
        single -= (mu1**2 - mu2**2) / (mu1**2 * tau(source, 0)) * upper
        single *= mu1 * tau(source, 1) / (mu2 * (mu1 - mu2))
        wrong = tau(source, 1) / (mu1 - mu2) * (exp(mu1) * c1_plus / p1 - exp(mu2) * c2_minus / p2)
        return clip(single, n), wrong, c

    single, _, _ = basis(*block.key, *block.key_errors)
    test_single, wrong, errors = basis(*block.test, *block.test_errors)
    # The program holds the errors to the detections; that they are no more than the errors is a fact too.
    rate = min(clip(wrong, errors) / test_single, 0.5) if test_single > 0 else 0.5
    if single == 0 or test_single == 0:
        return 0.5, 0.0
    c, d = test_single, single
    rate = min(rate + sqrt((d + c) / (d * c) * (c + 1) / c * log(1 / e)), 0.5)
    return rate, single * (1 - h(rate)) - leak - 4 * log2(15 / (eps_sec * 2**0.25))


@given(source=sources(2), block=blocks(2), eps_sec=epsilons)
def test_wiesemann2024(source, block, eps_sec):
    proof = make_proof(
        "wiesemann2024", DecoyParameters(intensities=source, eps_sec=eps_sec, eps_cor=1e-15, waived=FREE)
    )
    rate, length = wiesemann(block, source, eps_sec, LEAK.total_bits)
    # Near cancellation the two orders of evaluation differ by rounding of the largest terms.
    tolerance = 1e-8 * sum(block.key) + 1e-3
    if proof.estimate(block).single_photons > 1 and proof.estimate(block).test_single_photons > 1:
        assert proof.estimate(block).phase_error == pytest.approx(rate, rel=1e-6)
    try:
        assert proof.secret_length(block, LEAK).secret_bits == pytest.approx(floor(length), abs=1 + tolerance)
    except BlockRefused:
        assert length < 1 + tolerance or rate >= 0.5


def test_the_newer_one_decoy_proof_is_close_to_the_older():
    """Fewer parts of epsilon, a smaller constant, no vacuum, Serfling: within a few percent of each other."""
    parameters = DecoyParameters(intensities=SOURCES[2], eps_sec=1e-9, eps_cor=1e-15, waived=FREE)
    old, new = (
        make_proof(name, parameters).secret_length(GOOD_BLOCKS[2], Leak(940_266, 128, 44)).secret_bits
        for name in ("rusca2018", "wiesemann2024")
    )
    assert 0.85 * old < new < 1.05 * old


def tupkary(block, source, eps_sec, leak):
    share = eps_sec / 3
    e = share / sqrt(12)
    (mu1, mu2, mu3), weights = (
        source.means,
        [exp(k) / p for k, p in zip(source.means, source.probabilities, strict=True)],
    )

    def ends(counts):
        away = sqrt(sum(counts) / 2 * (log(2) - 2 * log(e)))
        return [(w * max(n - away, 0.0), w * (n + away)) for w, n in zip(weights, counts, strict=True)]

    def single(counts):
        first, second, third = ends(counts)
        zero = max(tau(source, 0) * (mu2 * third[0] - mu3 * second[1]) / (mu2 - mu3), 0.0)
        top = second[0] - third[1] - (mu2**2 - mu3**2) / mu1**2 * (first[1] - zero / tau(source, 0))
        found = tau(source, 1) * mu1 * top / (mu1 * (mu2 - mu3) - mu2**2 + mu3**2)
        return clip(found, sum(counts) - min(zero, sum(counts)))

    key, test = single(block.key), single(block.test)
    errors = ends(block.test_errors)
    wrong = clip(tau(source, 1) * (errors[1][1] - errors[2][0]) / (mu2 - mu3), sum(block.test_errors))
    if key == 0 or test == 0:
        return 0.5, 0.0
    f = key * test**2 / ((key + test) * (test + 1))
    rate = min(wrong / test + sqrt(-log(e) / f), 0.5)
    return rate, key * (1 - h(rate)) - leak + 2 + 2 * log2(share)


@given(source=sources(3), block=blocks(3), eps_sec=epsilons)
def test_tupkary2024(source, block, eps_sec):
    proof = make_proof("tupkary2024", DecoyParameters(intensities=source, eps_sec=eps_sec, eps_cor=1e-15))
    rate, length = tupkary(block, source, eps_sec, LEAK.total_bits)
    tolerance = 1e-8 * sum(block.key) / 0.05 + 1e-3
    found = proof.estimate(block)
    if found.single_photons > 1 and found.test_single_photons > 1:
        assert found.phase_error == pytest.approx(rate, rel=1e-6)
    try:
        assert proof.secret_length(block, LEAK).secret_bits == pytest.approx(floor(length), abs=1 + tolerance)
    except BlockRefused:
        assert length < 1 + tolerance or rate >= 0.5


def test_a_variable_length_takes_no_thresholds():
    agreed = DecoyThresholds(single_photons_min=1000, phase_error_max=0.05, leak_max_bits=10)
    parameters = DecoyParameters(intensities=SOURCES[3], eps_sec=1e-9, eps_cor=1e-15, thresholds=agreed)
    with pytest.raises(ProofError, match="take the thresholds out"):
        make_proof("tupkary2024", parameters)


SPREAD = DetectorSpread(efficiency=0.02, dark_counts=0.1, dark_count_probability=1e-6)


def test_detectors_that_differ_cost_key_and_no_waiver(perfect_link):
    parameters = DecoyParameters(intensities=SOURCES[3], eps_sec=1e-9, eps_cor=1e-15)
    equal = make_proof("tupkary2024", parameters)
    lengths = [equal.secret_length(GOOD_BLOCKS[3], LEAK).secret_bits]
    unequal_link = msgspec.structs.replace(perfect_link, detector_efficiencies="unequal")
    assert unmet(equal, unequal_link) == (Assumption.EQUAL_DETECTOR_EFFICIENCY,)
    for efficiency in (0.001, 0.01, 0.02):
        spread = DetectorSpread(efficiency=efficiency, dark_counts=0.0, dark_count_probability=0.0)
        proof = make_proof("tupkary2024", msgspec.structs.replace(parameters, detector_spread=spread))
        assert unmet(proof, unequal_link) == ()
        lengths.append(proof.secret_length(GOOD_BLOCKS[3], LEAK).secret_bits)
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == 4
    far = DetectorSpread(efficiency=0.3, dark_counts=0.0, dark_count_probability=0.0)
    with pytest.raises(BlockRefused):
        make_proof("tupkary2024", msgspec.structs.replace(parameters, detector_spread=far)).check_test(
            GOOD_BLOCKS[3]
        )


def test_other_proofs_refuse_detectors_that_differ():
    parameters = DecoyParameters(
        intensities=SOURCES[3], eps_sec=1e-9, eps_cor=1e-15, waived=FREE, detector_spread=SPREAD
    )
    with pytest.raises(ProofError, match="assumes equal detectors"):
        make_proof("lim2014", parameters)


@pytest.mark.parametrize(
    "wrong", [{"efficiency": 1.0}, {"dark_counts": -0.1}, {"dark_count_probability": 2.0}]
)
def test_spreads_that_cannot_be_are_refused(wrong):
    with pytest.raises(ProofError, match="detector_spread"):
        DetectorSpread(**{"efficiency": 0.0, "dark_counts": 0.0, "dark_count_probability": 0.0} | wrong)


def test_the_two_deltas_by_hand():
    assert mismatch(DetectorSpread(efficiency=0, dark_counts=0, dark_count_probability=1e-6)) == (0, 0)
    # Without dark counts: r = (1 - d)/(1 + d), delta_2 = 1 - r, delta_1 = 4 (1 - sqrt(r)).
    one, two = mismatch(DetectorSpread(efficiency=0.1, dark_counts=0, dark_count_probability=0))
    assert two == pytest.approx(1 - 0.9 / 1.1)
    assert one == pytest.approx(4 * (1 - sqrt(0.9 / 1.1)))
    # Equal efficiencies, dark counts 0.5 to 1.5 of p: the empty pulses decide.
    p = 1e-3
    quiet, loud = 1 - (1 - p / 2) ** 2, 1 - (1 - 1.5 * p) ** 2
    one, two = mismatch(DetectorSpread(efficiency=0, dark_counts=0.5, dark_count_probability=p))
    assert two == pytest.approx(1 - quiet / loud)
    assert one == pytest.approx((1 - quiet / loud) * 1.5 * p * (2 - p / 2) / quiet)


@pytest.mark.parametrize(("n", "delta", "failure"), [(50, 0.1, 0.1), (400, 0.02, 0.05), (1000, 0.3, 0.01)])
def test_a_binomial_share_exceeds_its_bound_rarely_enough(n, delta, failure):
    from scipy.stats import binom

    reach = n * (delta + binomial_deviation(n, delta, failure))
    assert binom.sf(ceil(reach) - 1, n, delta) <= failure**2
    assert binomial_deviation(n, 0.0, failure) == 0


@pytest.mark.parametrize(("key", "test", "bad"), [(60, 40, 20), (30, 100, 10), (200, 50, 100)])
@pytest.mark.parametrize("failure", [0.3, 0.05])
def test_serfling_is_exceeded_with_the_square_of_its_argument_at_most(key, test, bad, failure):
    """Exactly, by the hypergeometric distribution, for a population with `bad` errors."""
    from scipy.stats import hypergeom

    deviation = serfling(failure, test, key)
    law = hypergeom(key + test, bad, test)
    worse = sum(
        law.pmf(seen)
        for seen in range(test + 1)
        if 0 <= bad - seen <= key and (bad - seen) / key > seen / test + deviation
    )
    assert worse <= failure**2


def test_nothing_in_either_basis_is_a_random_bit():
    spread = DetectorSpread(efficiency=0, dark_counts=0, dark_count_probability=0)
    assert phase_error(0.0, 0.0, 100.0, 1e-3, spread)[0] == 0.5
    assert phase_error(0.0, 100.0, 0.0, 1e-3, spread)[0] == 0.5
    empty = Statistics((0, 0, 0), (0, 0, 0), (0, 0, 0))
    proof = make_proof("tupkary2024", DecoyParameters(intensities=SOURCES[3], eps_sec=1e-9, eps_cor=1e-9))
    with pytest.raises(BlockRefused):
        proof.secret_length(empty, LEAK)


@pytest.mark.parametrize(
    ("scheme", "block", "source", "again"),
    [
        ("wiesemann2024_1decoy", GOOD_BLOCKS[2], SOURCES[2], wiesemann),
        ("tupkary2024_2decoy", GOOD_BLOCKS[3], SOURCES[3], tupkary),
    ],
)
def test_points_are_evaluated_by_name(scheme, block, source, again):
    inputs = {
        "key_basis_counts": block.key,
        "test_basis_counts": block.test,
        "test_basis_errors": block.test_errors,
        "key_basis_errors": block.key_errors or (10_000, 3_000, 5),
        "mu": source.means,
        "p": source.probabilities,
        "eps_sec": 1e-9,
        "eps_cor": 1e-15,
        "f_ec": 1.16,
    }
    figures = evaluate({"id": "x", "scheme": scheme, "inputs": inputs})["expect"]
    errors, bits = sum(inputs["key_basis_errors"]), sum(block.key)
    leak = 1.16 * bits * h(errors / bits) + log2(2e15)
    rate, length = again(block, source, 1e-9, leak)
    assert figures["phase_error"] == pytest.approx(rate, rel=1e-9)
    assert figures["ell_real"] == pytest.approx(length, abs=1e-3)
    assert figures["ell"] == floor(length)
