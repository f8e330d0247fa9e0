"""Bounds against the truth: blocks whose photons are known, thousands of them.

A block is drawn event by event: intensity, photon number, basis, click, error; the proof sees the counts only.
A bound is violated if the block really has fewer vacuum or single-photon events than it says, or its single
photons have a higher phase error rate. How often that happens must be below eps_sec, by a Clopper-Pearson test.
"""

from dataclasses import dataclass
from math import exp, factorial

import numpy as np
import pytest

from drivers.emulation.bench.parameters import Eve
from postproc.estimation import (
    Assumption,
    DecoyParameters,
    Intensities,
    Statistics,
    make_proof,
    proof_class,
    proofs,
)
from postproc.estimation.hypergeometric import phase_error_rate
from postproc.estimation.sampling import published_phase_error
from tests.support import links
from tests.support.clopper_pearson import lower, upper
from tests.support.eve import attacked

DECOY = [name for name in proofs() if proof_class(name).protocol == "decoy-bb84"]
SOURCES = {
    3: Intensities((0.5, 0.15, 0.005), (0.5, 0.3, 0.2)),
    2: Intensities((0.5, 0.15), (0.6, 0.4)),
}
PHOTONS = 8
SLOTS = 100_000_000


@dataclass(frozen=True)
class Channel:
    """Yields and error rates by photon number: all that Eve may choose, as far as the proofs go.

    Attributes
    ----------
    yields, errors : tuple of float
        Of 0, 1, 2, ... photons.
    """

    name: str
    yields: tuple[float, ...]
    errors: tuple[float, ...]


def honest(transmission: float, dark: float, error: float) -> Channel:
    yields = tuple(1 - (1 - dark) * (1 - transmission) ** n for n in range(PHOTONS))
    signal = [1 - (1 - transmission) ** n for n in range(PHOTONS)]
    errors = tuple((dark / 2 + error * s) / y for s, y in zip(signal, yields, strict=True))
    return Channel("honest", yields, errors)


CHANNELS = [
    honest(0.1, 1e-4, 0.01),
    # Photon-number splitting: one photon hardly comes through, several always do.
    Channel("split", (1e-4, 0.05, *[0.15] * (PHOTONS - 2)), (0.5, 0.02, *[0.0] * (PHOTONS - 2))),
    # Single photons intercepted, several left alone.
    Channel("intercept", (1e-4, 0.1, *[0.2] * (PHOTONS - 2)), (0.5, 0.12, *[0.01] * (PHOTONS - 2))),
    # Clicks without light.
    Channel("lamp", (0.003, 0.1, *[0.2] * (PHOTONS - 2)), (0.5, 0.05, *[0.03] * (PHOTONS - 2))),
    # Hardly an error at all: where Fung's approximation is weakest.
    Channel("clean", (1e-6, 0.1, *[0.2] * (PHOTONS - 2)), (0.5, 0.0005, *[0.0005] * (PHOTONS - 2))),
]


@dataclass(frozen=True)
class Truth:
    """What a block really holds."""

    vacuum: int
    single_photons: int
    phase_errors: int


def draw(random: np.random.Generator, source: Intensities, channel: Channel, slots: int, bias: float):
    """A block's counts, and what nobody sees."""
    n = np.arange(PHOTONS)
    sent = np.array(
        [
            [p * exp(-mu) * mu**k / factorial(k) for k in n]
            for mu, p in zip(source.means, source.probabilities, strict=True)
        ]
    )
    found = {}
    for basis, share in (("key", bias**2), ("test", (1 - bias) ** 2)):
        chance = share * sent * channel.yields
        clicks = random.multinomial(slots, [*chance.ravel(), 1 - chance.sum()])[:-1].reshape(chance.shape)
        found[basis] = clicks, random.binomial(clicks, channel.errors)
    key, key_errors = found["key"]
    test, test_errors = found["test"]
    statistics = Statistics(*(tuple(c.sum(axis=1).tolist()) for c in (key, test, test_errors, key_errors)))
    singles = int(key[:, 1].sum())
    # Measured in the other basis, the key's single photons would be as wrong as those of the test.
    phase_errors = int(random.binomial(singles, channel.errors[1]))
    return statistics, Truth(int(key[:, 0].sum()), singles, phase_errors)


def violated(estimate, truth: Truth) -> bool:
    """Whether any bound of an estimate is not one."""
    if estimate.vacuum > truth.vacuum or estimate.single_photons > truth.single_photons:
        return True
    if estimate.single_photons == 0 or estimate.phase_error >= 0.5:
        return False
    return truth.phase_errors > estimate.phase_error * truth.single_photons


def violations(name: str, channel: Channel, eps_sec: float, runs: int, seed: int) -> int:
    """Blocks with a violated bound; most blocks must have one that says something."""
    source = SOURCES[proof_class(name).n_intensities]
    waived = frozenset({Assumption.FIXED_LENGTH}) & proof_class(name).assumptions
    proof = make_proof(
        name, DecoyParameters(intensities=source, eps_sec=eps_sec, eps_cor=1e-10, waived=waived)
    )
    random = np.random.default_rng(seed)
    bad = informative = 0
    for _ in range(runs):
        statistics, truth = draw(random, source, channel, SLOTS, 0.8)
        estimate = proof.estimate(statistics)
        bad += violated(estimate, truth)
        informative += estimate.single_photons > 0 and estimate.phase_error < 0.5
    assert informative > 0.9 * runs
    return bad


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
@pytest.mark.parametrize("name", DECOY)
def test_bounds_hold_in_a_few_hundred_blocks(name, channel):
    assert violations(name, channel, 1e-2, 150, seed=3) == 0


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("eps_sec", "runs"), [(1e-2, 2000), (1e-3, 12_000)])
@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
@pytest.mark.parametrize("name", DECOY)
def test_the_share_of_violated_bounds_is_below_epsilon(name, channel, eps_sec, runs):
    bad = violations(name, channel, eps_sec, runs, seed=round(1 / eps_sec))
    print(f"{name} {channel.name}: {bad} of {runs} violated at {eps_sec:g}, at most {upper(bad, runs):.2e}")
    assert upper(bad, runs) < eps_sec


def test_a_bound_that_is_none_is_found_out():
    """The test above has teeth: a block with a thousandth fewer single photons than the bound is seen."""
    source, random = SOURCES[3], np.random.default_rng(1)
    proof = make_proof(
        "lim2014",
        DecoyParameters(
            intensities=source, eps_sec=0.999, eps_cor=0.9, waived=frozenset({Assumption.FIXED_LENGTH})
        ),
    )
    bad = 0
    for _ in range(100):
        statistics, truth = draw(random, source, CHANNELS[0], SLOTS, 0.8)
        estimate = proof.estimate(statistics)
        true_rate = truth.phase_errors / truth.single_photons
        fewer = Truth(truth.vacuum, round(estimate.single_photons * 0.999), truth.phase_errors)
        bad += violated(estimate, fewer)
        assert true_rate < 0.05
    assert lower(bad, 100) > 1e-2


@pytest.mark.parametrize(("key", "test", "errors"), [(6000, 500, 20), (6000, 500, 40), (100_000, 1000, 200)])
def test_the_exact_tail_holds_where_the_published_term_fails(key, test, errors):
    """Random samples of a population with few errors, at a failure probability of 1e-2."""
    failure, runs = 1e-2, 3000
    random = np.random.default_rng(7)
    seen = random.hypergeometric(errors, key + test - errors, test, runs)
    published, exact = 0, 0
    for w in np.unique(seen).tolist():
        rate, often = (errors - w) / key, int((seen == w).sum())
        published += often * (rate > published_phase_error(failure, w, test, key).rate)
        exact += often * (rate > phase_error_rate(key, test, w, np.log(failure)))
    assert lower(published, runs) > failure
    assert upper(exact, runs) < failure


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_bounds_hold_on_the_bench_whoever_is_on_the_line():
    """The whole chain, photon by photon: 60 blocks with different Eves."""
    parameters = links.decoy_parameters("ldpc")
    bad = made = 0
    for seed in range(60):
        strength = (0.0, 0.03, 0.1)[seed % 3]
        attack = ("intercept_resend", "photon_number_splitting")[seed // 3 % 2]
        block = attacked(parameters, Eve(**{attack: strength}), seed=seed)
        if block.secret_bits:
            made += 1
            figures = block.figures
            bad += figures["single_photons"] > (block.photons == 1).sum()
            bad += figures["vacuum"] > (block.photons == 0).sum()
            assert block.known_bits <= len(block.key_slots) - block.secret_bits
    print(f"{made} of 60 blocks made key, {bad} bounds violated")
    assert made > 30
    assert bad == 0
