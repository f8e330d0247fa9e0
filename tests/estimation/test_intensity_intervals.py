"""Mean photon numbers as intervals: bounds hold for every choice inside."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.errors import BlockRefused, ProofError
from postproc.estimation import Assumption, Intensities, Leak, Link, Proof, make_proof, proofs, unmet
from postproc.estimation.registry import proof_class
from tests.estimation.conftest import GOOD_BLOCKS, SOURCES

LEAK = Leak(700, 128)
DECOY = [name for name in proofs() if proof_class(name).protocol == "decoy-bb84"]


@pytest.fixture(params=DECOY, scope="module")
def decoy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def configured(name: str, intensities: Intensities) -> Proof:
    from postproc.estimation import DecoyParameters

    waived = frozenset({Assumption.FIXED_LENGTH}) & proof_class(name).assumptions
    return make_proof(
        name, DecoyParameters(intensities=intensities, eps_sec=1e-9, eps_cor=1e-15, waived=waived)
    )


@given(spread=st.sampled_from([1e-4, 1e-3, 0.01, 0.02]), seed=st.integers(0, 2**32 - 1))
def test_no_choice_inside_is_worse_than_the_bound(decoy: str, spread: float, seed: int) -> None:
    source = SOURCES[proof_class(decoy).n_intensities]
    block = GOOD_BLOCKS[len(source)]
    wide = configured(decoy, msgspec.structs.replace(source, spreads=(spread,) * len(source)))
    worst = wide.estimate(block)  # type: ignore[attr-defined]
    random = np.random.default_rng(seed)
    for shift in (random.uniform(-1, 1, len(source)), random.choice([-1.0, 1.0], len(source))):
        means = tuple(float(m * (1 + spread * s)) for m, s in zip(source.means, shift, strict=True))
        inside = configured(decoy, Intensities(means, source.probabilities)).estimate(block)  # type: ignore[attr-defined]
        assert worst.vacuum <= inside.vacuum
        assert worst.single_photons <= inside.single_photons
        assert worst.test_single_photons <= inside.test_single_photons
        assert worst.test_single_photon_errors >= inside.test_single_photon_errors
        assert worst.phase_error >= inside.phase_error


def test_knowing_the_means_worse_costs_key(decoy: str) -> None:
    source = SOURCES[proof_class(decoy).n_intensities]

    def bits(spread: float) -> int:
        proof = configured(decoy, msgspec.structs.replace(source, spreads=(spread,) * len(source)))
        try:
            return proof.secret_length(GOOD_BLOCKS[len(source)], LEAK).secret_bits
        except BlockRefused:
            return 0

    exact = configured(decoy, source).secret_length(GOOD_BLOCKS[len(source)], LEAK).secret_bits
    lengths = [bits(spread) for spread in (0.0, 1e-6, 0.001, 0.01, 0.03)]
    assert lengths[0] == exact
    assert exact - lengths[1] <= 0.001 * exact
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[3] < exact


def test_an_interval_makes_the_assumption_true(decoy: str, perfect_link: Link) -> None:
    source = SOURCES[proof_class(decoy).n_intensities]
    link = msgspec.structs.replace(perfect_link, intensities="interval")
    narrow = configured(decoy, msgspec.structs.replace(source, spreads=(0.01,) * len(source)))
    assert Assumption.EXACT_INTENSITIES not in unmet(narrow, link)
    assert Assumption.EXACT_INTENSITIES in unmet(configured(decoy, source), link)


@pytest.mark.parametrize("spreads", [(0.01,), (0.01, -0.1), (0.01, 1.0), (0.5, 0.5)])
def test_spreads_that_cannot_be_are_refused(spreads: tuple[float, ...]) -> None:
    with pytest.raises(ProofError, match="spread"):
        Intensities((0.5, 0.2), (0.6, 0.4), spreads)


def test_means_that_may_violate_the_theorem_are_refused() -> None:
    Intensities((0.5, 0.3, 0.1), (0.5, 0.3, 0.2), (0.05, 0.05, 0.05))
    with pytest.raises(ProofError, match="mu1 > mu2"):
        configured("lim2014", Intensities((0.5, 0.35, 0.1), (0.5, 0.3, 0.2), (0.1, 0.1, 0.1)))
