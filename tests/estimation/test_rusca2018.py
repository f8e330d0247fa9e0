"""One decoy: the errors of the key basis, and agreed thresholds."""

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
    Statistics,
    make_proof,
)
from postproc.estimation.rusca2018 import estimate

SOURCE = Intensities((0.484, 0.2096), (0.67, 0.33))
BLOCK = Statistics((8240318, 1757766), (74756, 15621), (716, 158), (82977, 17426))
UNCORRECTED = msgspec.structs.replace(BLOCK, key_errors=None)
AGREED = DecoyThresholds(single_photons_min=5_600_000, phase_error_max=0.034, leak_max_bits=1_000_000)
PARAMETERS = DecoyParameters(intensities=SOURCE, eps_sec=1e-9, eps_cor=1e-15, thresholds=AGREED)
FREE = msgspec.structs.replace(PARAMETERS, thresholds=None, waived=frozenset({Assumption.FIXED_LENGTH}))
LEAK = Leak(940_266, 128, 44)


def test_key_errors_are_asked_for_when_they_exist() -> None:
    proof = make_proof("rusca2018", PARAMETERS)
    proof.check_test(UNCORRECTED)
    with pytest.raises(ProofError, match="needs the errors of the key basis"):
        proof.secret_length(UNCORRECTED, LEAK)
    assert proof.secret_length(BLOCK, LEAK).details["vacuum_max"] == pytest.approx(115930.348225721764)


def test_too_many_key_errors_are_refused_after_correction() -> None:
    proof = make_proof("rusca2018", PARAMETERS)
    noisy = msgspec.structs.replace(BLOCK, key_errors=(400_000, 90_000))
    proof.check_test(UNCORRECTED)
    with pytest.raises(BlockRefused, match=r"single-photon events is .* below the agreed 5600000"):
        proof.secret_length(noisy, LEAK)


@given(bright=st.integers(0, 8240318), weak=st.integers(0, 1757766))
def test_the_test_step_refuses_nothing_that_correction_could_save(bright: int, weak: int) -> None:
    """Before correction the errors are taken as 0; no number of them is better than that."""
    best = estimate(msgspec.structs.replace(BLOCK, key_errors=(0, 0)), SOURCE, 1e-9)
    here = estimate(msgspec.structs.replace(BLOCK, key_errors=(bright, weak)), SOURCE, 1e-9)
    assert here.single_photons <= best.single_photons
    assert here.vacuum == best.vacuum
    assert here.phase_error >= best.phase_error


def test_either_intensity_may_bound_the_vacuum() -> None:
    weak_is_noisy = msgspec.structs.replace(BLOCK, key_errors=(1000, 1_000_000))
    bright_is_noisy = msgspec.structs.replace(BLOCK, key_errors=(1_000_000, 1000))
    for noisy in (weak_is_noisy, bright_is_noisy):
        assert estimate(noisy, SOURCE, 1e-9).vacuum_max < 60_000  # by the other one: over a million


def test_no_more_vacuum_than_detections() -> None:
    small = Statistics((30, 10), (50, 20), (5, 2), (3, 1))
    assert estimate(small, SOURCE, 1e-9).vacuum_max == 40
    assert estimate(small, SOURCE, 1e-9, clamp=False).vacuum_max > 40


def test_gamma_with_19_is_the_bolder_reading() -> None:
    printed = estimate(BLOCK, SOURCE, 1e-9)
    bolder = estimate(BLOCK, SOURCE, 1e-9, gamma_terms=19)
    assert bolder.phase_error < printed.phase_error


@pytest.mark.parametrize("means", [(0.484, 0.2096, 0.001), (0.484,)])
def test_two_intensities_are_needed(means: tuple[float, ...]) -> None:
    probabilities = {3: (0.5, 0.3, 0.2), 1: (0.999999999999,)}[len(means)]
    source = Intensities(means, probabilities)
    with pytest.raises(ProofError, match="rusca2018 needs 2 intensities"):
        make_proof("rusca2018", msgspec.structs.replace(FREE, intensities=source))


@pytest.mark.parametrize("name", ["rusca2018", "wiesemann2024"])
@pytest.mark.parametrize("spreads", [(), (0.02, 0.02)])
def test_a_vacuum_is_no_decoy(name: str, spreads: tuple[float, ...]) -> None:
    source = Intensities((0.484, 0.0), (0.67, 0.33), spreads)
    with pytest.raises(ProofError, match=rf"proof {name} needs mu1 > mu2 > 0, got .*raise its mean"):
        make_proof(name, msgspec.structs.replace(FREE, intensities=source))
