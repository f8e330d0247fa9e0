"""Finding the settings with which a link gives the most key, by the session's own proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log

import numpy as np

from postproc.errors import ProofError
from postproc.estimation import Assumption, DecoyParameters, Intensities, make_proof, proof_class
from postproc.estimation.decoy import DecoyProof, key_length
from postproc.estimation.statistics import Leak, Statistics
from postproc.parameters.security import DecoySecurity
from postproc.parameters.session import DecoyBb84
from qkdctl.config.emulation import DecoyEmulation
from qkdctl.planning.link import LinkModel, Settings

BRIGHTEST, BIAS = (0.02, 1.5), (0.5, 0.995)
WIDTHS = (0.5, 0.5, 0.2)
"""Of the simplices that the search begins with, one after the other, on the scale of `_numbers`."""

SAMPLES = 300
"""Blocks drawn to find thresholds that an honest one passes."""

PASS = 0.99
"""Share of honest blocks that each threshold lets pass."""

DIGITS = 1e4
"""Phase errors are written with four digits."""


def expected_bits(model: LinkModel, settings: Settings, security: DecoySecurity) -> float:
    """Secret bits of an expected block before rounding; below 0 where there is none.

    Raises
    ------
    ProofError
        If the proof does not apply to these settings.
    """
    return bits_of_block(model, settings, security, model.statistics(settings))


def best_settings(
    model: LinkModel, start: Settings, security: DecoySecurity, weakest: float | None = None
) -> Settings:
    """Search for intensities, probabilities and basis bias, from settings to start with.

    The weakest of three intensities stays what it is: the modulators' extinction gives it.

    Raises
    ------
    ProofError
        If the proof does not apply to the settings to start with.
    """
    from scipy.optimize import minimize  # slow to import

    expected_bits(model, start, security)
    weakest = start.means[-1] if weakest is None and len(start.means) == 3 else weakest

    def loss(x: Sequence[float]) -> float:
        try:
            return -expected_bits(model, _settings(x, start.n_slots, weakest), security) / start.n_slots
        except ProofError:
            return 1.0

    # Counts are rounded, so that the surface has steps: a simplex that was caught by one is set up anew, and wide.
    best: list[float] = []
    for first in (start, *(_usual(start, bias, weakest) for bias in (0.65, 0.8, 0.93))):
        x = _numbers(first)
        for width in WIDTHS:
            simplex = np.vstack([x, x + width * np.eye(len(x))])
            options = {"maxfev": 400, "initial_simplex": simplex}
            x = minimize(loss, x, method="Nelder-Mead", options=options).x.tolist()
        if not best or loss(x) < loss(best):
            best = x
    return _settings(best, start.n_slots, weakest)


def thresholds(
    model: LinkModel, settings: Settings, security: DecoySecurity, seed: int = 1
) -> dict[str, float]:
    """Give thresholds that all but a few honest blocks pass, and the key length that they fix.

    Counts are drawn as Poisson numbers; each threshold lets `PASS` of the blocks through. They are rounded as they
    are to be written down, to the side that lets more through, and the length is that of the rounded ones.
    """
    random = np.random.default_rng(seed)
    proof, expected = _proof(settings, security), model.statistics(settings)
    drawn = [_drawn(random, expected) for _ in range(SAMPLES)]
    estimates = [proof.estimate(block) for block in drawn]
    leak = [model.leak(block, settings.n_slots).total_bits for block in drawn]
    few, many = (1 - PASS) * 100, PASS * 100
    found = {
        "single_photons_min": float(np.floor(np.percentile([e.single_photons for e in estimates], few))),
        "phase_error_max": float(
            np.ceil(np.percentile([e.phase_error for e in estimates], many) * DIGITS) / DIGITS
        ),
        "leak_max_bits": float(np.ceil(np.percentile(leak, many) * 1.03)),
        "vacuum_min": float(np.floor(np.percentile([e.vacuum for e in estimates], few))),
    }
    counted = found["vacuum_min"] if proof.counts_vacuum else 0.0
    bits = key_length(
        counted,
        found["single_photons_min"],
        found["phase_error_max"],
        found["leak_max_bits"],
        proof.constant_bits,
    )
    return {**found, "secret_bits": float(max(np.floor(bits), 0.0))}


def shortest_block(model: LinkModel, settings: Settings, security: DecoySecurity, keep: float = 0.9) -> int:
    """Slots of the shortest block, by halving, that gives this share of the rate of the given one."""
    longest = expected_bits(model, settings, security) / settings.n_slots
    n_slots = settings.n_slots
    while n_slots > 1000 and longest > 0:
        half = _with_slots(settings, n_slots // 2)
        if expected_bits(model, half, security) / half.n_slots < keep * longest:
            break
        n_slots //= 2
    return n_slots


def settings_of(
    parameters: DecoyBb84, emulation: DecoyEmulation | None = None, n_slots: int | None = None
) -> Settings:
    """Read the settings off a scenario; without its bench, Bob measures in the bases as often as Alice prepares."""
    return Settings(
        tuple(intensity.mean for intensity in parameters.intensities),
        tuple(intensity.probability for intensity in parameters.intensities),
        parameters.key_basis_probability,
        parameters.slots_per_block if n_slots is None else n_slots,
        None if emulation is None else emulation.bob.key_basis_probability,
    )


def _with_slots(settings: Settings, n_slots: int) -> Settings:
    return replace(settings, n_slots=n_slots)


def _proof(settings: Settings, security: DecoySecurity) -> DecoyProof:
    waived = frozenset({Assumption.FIXED_LENGTH}) & proof_class(security.proof).assumptions
    proof = make_proof(
        security.proof,
        DecoyParameters(
            intensities=Intensities(settings.means, settings.probabilities),
            eps_sec=security.eps_sec,
            eps_cor=security.eps_cor,
            waived=waived,
            strict_sampling=security.strict_sampling,
            detector_spread=security.detector_spread,
        ),
    )
    assert isinstance(proof, DecoyProof)
    return proof


def bits_of_block(
    model: LinkModel, settings: Settings, security: DecoySecurity, statistics: Statistics
) -> float:
    """Secret bits before rounding of a block with these counts, such as one over several passes of a satellite.

    Raises
    ------
    ProofError
        If the proof does not apply to these settings.
    """
    proof = _proof(settings, security)
    found, leak = proof.estimate(statistics), model.leak(statistics, settings.n_slots)
    counted = found.vacuum if proof.counts_vacuum else 0.0
    spared = Leak(leak.reconciliation_bits, leak.verification_bits, leak.other_bits * proof.needs_key_errors)
    return key_length(
        counted, found.single_photons, found.phase_error, spared.total_bits, proof.constant_bits
    )


def _drawn(random: np.random.Generator, expected: Statistics) -> Statistics:
    """Draw a block: right and wrong clicks are Poisson numbers, apart from each other."""

    def draw(counts: tuple[int, ...], errors: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        wrong = random.poisson(errors)
        right = random.poisson(np.subtract(counts, errors))
        return tuple((right + wrong).tolist()), tuple(wrong.tolist())

    assert expected.key_errors is not None
    key, key_errors = draw(expected.key, expected.key_errors)
    test, test_errors = draw(expected.test, expected.test_errors)
    return Statistics(key, test, test_errors, key_errors)


def _usual(start: Settings, bias: float, weakest: float | None) -> Settings:
    """Settings that serve most links."""
    if len(start.means) == 2:
        return Settings((0.5, 0.15), (0.7, 0.3), bias, start.n_slots)
    return Settings((0.5, 0.15, weakest or 0.0), (0.6, 0.25, 0.15), bias, start.n_slots)


# The search walks over all real numbers; these map them into what settings may be.


def _settings(x: Sequence[float], n_slots: int, weakest: float | None) -> Settings:
    floor = weakest or 0.0
    brightest = max(_into(x[0], BRIGHTEST), 2 * floor + 0.01)
    # Between the weakest and what mu1 > mu2 + mu3 leaves.
    weak = floor + 1e-4 + _share(x[1]) * (0.95 * (brightest - floor) - floor - 1e-4)
    first = _share(x[3])
    if weakest is None:
        return Settings((brightest, weak), (first, 1 - first), _into(x[2], BIAS), n_slots)
    second = (1 - first) * _share(x[4])
    means, probabilities = (brightest, weak, weakest), (first, second, 1 - first - second)
    return Settings(means, probabilities, _into(x[2], BIAS), n_slots)


def _numbers(settings: Settings) -> list[float]:
    three = len(settings.means) == 3
    brightest, weak, *rest = settings.means
    floor = rest[0] if three else 0.0
    low, high = BRIGHTEST
    share = (weak - floor - 1e-4) / (0.95 * (brightest - floor) - floor - 1e-4)
    first, second = settings.probabilities[:2]
    numbers = [
        _real((brightest - low) / (high - low)),
        _real(share),
        _real((settings.key_basis_probability - BIAS[0]) / (BIAS[1] - BIAS[0])),
        _real(first),
    ]
    return [*numbers, _real(second / (1 - first))] if three else numbers


def _share(x: float) -> float:
    return 1 / (1 + exp(-max(min(x, 30.0), -30.0)))


def _into(x: float, limits: tuple[float, float]) -> float:
    return limits[0] + _share(x) * (limits[1] - limits[0])


def _real(share: float) -> float:
    inside = max(min(share, 0.999), 0.001)
    return log(inside / (1 - inside))
