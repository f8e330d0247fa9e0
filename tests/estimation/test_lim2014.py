"""Two decoys: agreed thresholds, refusals, and the options of the sampling term."""

import dataclasses
from math import floor, log2

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.errors import BlockRefused, ProofError
from postproc.estimation import (
    Assumption,
    DecoyParameters,
    DecoyThresholds,
    Intensities,
    Leak,
    Proof,
    Statistics,
    make_proof,
)
from postproc.estimation.lim2014 import Lim2014, estimate
from postproc.estimation.sampling import gamma

SOURCE = Intensities((0.45, 0.2, 0.0002), (0.45, 0.35, 0.2))
BLOCK = Statistics((741109, 259108, 149), (35898, 12486, 7), (842, 309, 0))
AGREED = DecoyThresholds(single_photons_min=600_000, phase_error_max=0.075, leak_max_bits=195_000)
PARAMETERS = DecoyParameters(intensities=SOURCE, eps_sec=1e-9, eps_cor=1e-15, thresholds=AGREED)
LEAK = Leak(190_407, 128)


@pytest.fixture
def proof() -> Proof:
    return make_proof("lim2014", PARAMETERS)


def agreed(**changes: float) -> Proof:
    return make_proof("lim2014", msgspec.structs.replace(PARAMETERS, thresholds=change(**changes)))


def change(**changes: float) -> DecoyThresholds:
    return dataclasses.replace(AGREED, **changes)


def test_the_agreed_length_is_the_formula_at_the_thresholds(proof: Proof) -> None:
    entropy = -0.075 * log2(0.075) - 0.925 * log2(0.925)
    wanted = floor(600_000 * (1 - entropy) - 195_000 - 6 * log2(21e9))
    assert proof.secret_length(BLOCK, LEAK).secret_bits == wanted
    assert proof.is_agreed


@given(key=st.integers(741_109, 800_000), errors=st.integers(0, 842), leak=st.integers(0, 190_000))
def test_a_better_block_gives_no_more_and_no_less(key: int, errors: int, leak: int) -> None:
    proof = Lim2014(PARAMETERS)
    better = Statistics((key, 259108 * key // 741109, 149), BLOCK.test, (errors, 309, 0))
    assert (
        proof.secret_length(better, Leak(leak, 128)).secret_bits
        == proof.secret_length(BLOCK, LEAK).secret_bits
    )


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"vacuum_min": 1000.0}, "bound on the vacuum events is 0.0, below the agreed 1000.0"),
        ({"single_photons_min": 610_000}, "bound on the single-photon events is 607986.9, below"),
        ({"phase_error_max": 0.073}, "bound on the phase error rate is 7.313%, above the agreed 7.300%"),
    ],
)
def test_bounds_outside_the_thresholds_are_refused_at_the_test(
    changes: dict[str, float], complaint: str
) -> None:
    proof = agreed(**changes)
    with pytest.raises(BlockRefused, match=complaint):
        proof.check_test(BLOCK)
    with pytest.raises(BlockRefused, match=complaint):
        proof.secret_length(BLOCK, LEAK)


def test_a_leak_over_budget_is_refused(proof: Proof) -> None:
    proof.check_test(BLOCK)
    assert proof.secret_length(BLOCK, Leak(194_872, 128))
    with pytest.raises(BlockRefused, match="195001 bits leaked, above the agreed 195000"):
        proof.secret_length(BLOCK, Leak(194_873, 128))


def test_thresholds_without_key_are_no_agreement() -> None:
    with pytest.raises(ProofError, match=r"gives -\d+ secret bits at the agreed thresholds"):
        agreed(leak_max_bits=500_000)


@pytest.mark.parametrize(
    "changes",
    [
        {"single_photons_min": 0},
        {"vacuum_min": -1},
        {"phase_error_max": 0.5},
        {"phase_error_max": -0.1},
        {"leak_max_bits": -1},
        {"single_photons_min": float("nan")},
        {"phase_error_max": float("nan")},
    ],
)
def test_thresholds_have_ranges(changes: dict[str, float]) -> None:
    with pytest.raises(ProofError, match=f"threshold {next(iter(changes))} must be"):
        change(**changes)


@pytest.mark.parametrize(
    ("means", "probabilities", "complaint"),
    [
        ((0.45, 0.2), (0.5, 0.5), "needs 3 intensities, got 2"),
        ((0.3, 0.2, 0.1), (0.4, 0.3, 0.3), r"needs mu1 > mu2 \+ mu3"),
        ((0.2, 0.45, 0.1), (0.4, 0.3, 0.3), "must fall"),
        ((0.45, 0.1, 0.1), (0.4, 0.3, 0.3), "must fall"),
        ((0.4, 0.2, -0.1), (0.4, 0.3, 0.3), "not be negative"),
        ((0.4, 0.2, float("nan")), (0.4, 0.3, 0.3), "must fall"),
        ((0.4, 0.2, 0.1), (0.4, 0.3, 0.2), "add to 1"),
        ((0.4, 0.2, 0.1), (0.7, 0.3, 0.0), "must be positive"),
        ((0.4, 0.2, 0.1), (0.5, 0.5), "as many probabilities"),
    ],
)
def test_other_sources_are_refused(
    means: tuple[float, ...], probabilities: tuple[float, ...], complaint: str
) -> None:
    with pytest.raises(ProofError, match=complaint):
        make_proof(
            "lim2014", msgspec.structs.replace(PARAMETERS, intensities=Intensities(means, probabilities))
        )


def test_strict_sampling_costs_key() -> None:
    waived = frozenset({Assumption.FIXED_LENGTH})
    free = msgspec.structs.replace(PARAMETERS, thresholds=None, waived=waived)
    strict = msgspec.structs.replace(free, strict_sampling=True)
    lengths = [make_proof("lim2014", p).secret_length(BLOCK, LEAK).secret_bits for p in (free, strict)]
    assert lengths[1] < lengths[0]


def test_without_test_errors_the_paper_claims_what_the_exact_tail_denies() -> None:
    """Gamma is 0 where no error was seen; 6000 key bits behind 500 test bits cannot be free of errors."""
    quiet = msgspec.structs.replace(BLOCK, test_errors=(0, 0, 0))
    assert estimate(quiet, SOURCE, 1e-9, safe_sampling=False).phase_error == 0
    assert estimate(quiet, SOURCE, 1e-9).phase_error > 0.0005
    assert gamma(1e-9 / 21, 1 / 500, 500, 6000) == pytest.approx(0.021, abs=5e-4)


def test_gamma_is_symmetric_in_the_sizes_and_stays_real() -> None:
    assert gamma(1e-10, 0.03, 1000, 50_000) == gamma(1e-10, 0.03, 50_000, 1000)
    assert gamma(0.9, 0.4, 2, 3) >= 0
    assert gamma(1e-10, 0.0, 1000, 1000) == 0
    assert gamma(0.999, 0.5, 1e12, 1e12) == 0
