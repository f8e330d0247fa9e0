"""Evaluate reference points: the formulas by themselves, away from configuration and thresholds.

A point has a ``scheme`` and its ``inputs``. What comes back has the names of the published file of points:
``expect`` has the clamps of those points and the exact sampling tail, ``expect_noclamp`` is the paper to the
letter, and other ``expect_...`` are variants. Keys are made with ``expect``, and are held to the number of
detections besides, which matters for no block that a source of such pulses makes. The verification tag is
charged as in the papers, ``log2(2 / eps_cor)`` or the given ``tag_bits``.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor, inf, log2
from typing import Any

from postproc.errors import InputError, PostprocError
from postproc.estimation import decoy, lim2014, lim2021, planning, rusca2018, tomamichel2012
from postproc.estimation import tomamichel_leverrier2017 as tl2017
from postproc.estimation.assumptions import Assumption
from postproc.estimation.entanglement import Sample
from postproc.estimation.entropy import binary_entropy
from postproc.estimation.inputs import Inputs
from postproc.estimation.intensities import Intensities
from postproc.estimation.parameters import DecoyParameters
from postproc.estimation.registry import make_proof, proof_class
from postproc.estimation.sampling import RANDOM
from postproc.estimation.spans import low
from postproc.estimation.statistics import Statistics
from postproc.estimation.tails import chernoff, chernoff_root

Figures = dict[str, Any]
Block = dict[str, Figures]


def evaluate(point: Any) -> dict[str, Any]:
    """Evaluate one point.

    Returns
    -------
    dict
        ``id``, ``scheme``, and the groups of figures that the scheme has.

    Raises
    ------
    InputError
        If the scheme is unknown or an input is missing or of the wrong kind.
    """
    if not isinstance(point, dict) or not isinstance(point.get("inputs"), dict):
        raise InputError("a point must be an object with scheme and inputs")
    scheme = point.get("scheme")
    label = f"point {point.get('id', '(without id)')}"
    if not isinstance(scheme, str) or scheme not in _SCHEMES:
        raise InputError(f"{label}: scheme {scheme!r} is unknown; known are {', '.join(_SCHEMES)}")
    try:
        return {"id": point.get("id"), "scheme": scheme, **_SCHEMES[scheme](Inputs(point["inputs"]))}
    except (PostprocError, ArithmeticError) as error:
        raise InputError(f"{label}: {error}") from error


def _lim2014(inputs: Inputs) -> Block:
    statistics, source, eps_sec = _decoy_inputs(inputs, 3)
    lim2014.check_intensities("lim2014", source)
    length = _decoy_length(inputs, statistics, lim2014.TERMS)

    def figures(**options: Any) -> Figures:
        bounds = lim2014.estimate(statistics, source, eps_sec, among_detections=False, **options)
        return {
            "sX0": bounds.vacuum,
            "sX1": bounds.single_photons,
            "sZ0": bounds.test_vacuum,
            "sZ1": bounds.test_single_photons,
            "vZ1": bounds.test_single_photon_errors,
            "phi_X": bounds.phase_error,
            **_defined(gamma=bounds.deviation),
            **length(bounds),
        }

    return {
        "expect": {**_source_figures(inputs, statistics, source), **figures()},
        "expect_noclamp": figures(clamp=False, safe_sampling=False),
        "expect_chernoff_yin": figures(tail=chernoff),
        "expect_chernoff_exact": figures(tail=chernoff_root),
    }


def _rusca2018(inputs: Inputs) -> Block:
    statistics, source, eps_sec = _decoy_inputs(inputs, 2)
    rusca2018.check_intensities("rusca2018", source)
    length = _decoy_length(inputs, statistics, rusca2018.TERMS)

    def figures(**options: Any) -> Figures:
        bounds = rusca2018.estimate(statistics, source, eps_sec, among_detections=False, **options)
        return {
            "s0_key_l": bounds.vacuum,
            "s0_key_u": bounds.vacuum_max,
            "s1_key": bounds.single_photons,
            "s0_test_u": bounds.test_vacuum_max,
            "s1_test": bounds.test_single_photons,
            "v1_test": bounds.test_single_photon_errors,
            "phi": bounds.phase_error,
            **_defined(gamma=bounds.deviation),
            **length(bounds),
        }

    return {
        "expect": {**_source_figures(inputs, statistics, source), **figures()},
        "expect_noclamp": figures(clamp=False, safe_sampling=False),
        "expect_gamma19": figures(gamma_terms=19),
    }


def _named(name: str) -> Callable[[Inputs], Block]:
    """A proof that is evaluated as keys are made with it, and in no other way."""

    def evaluate_block(inputs: Inputs) -> Block:
        statistics, source, eps_sec = _decoy_inputs(inputs, proof_class(name).n_intensities)
        eps_cor = inputs.probability("eps_cor")
        waived = frozenset({Assumption.FIXED_LENGTH}) & proof_class(name).assumptions
        parameters = DecoyParameters(intensities=source, eps_sec=eps_sec, eps_cor=eps_cor, waived=waived)
        proof = make_proof(name, parameters)
        assert isinstance(proof, decoy.DecoyProof)
        bounds = proof.estimate(statistics)
        leak_bits = _planned_leak(inputs, statistics) + log2(2 / eps_cor)
        signal = 0.0, bounds.single_photons, bounds.phase_error
        real = decoy.key_length(*signal, leak_bits, proof.constant_bits)
        return {
            "expect": {
                **_source_figures(inputs, statistics, source),
                **bounds.figures(),
                **_length(real, secret=_is_secret(bounds)),
            }
        }

    return evaluate_block


def _bbm92(inputs: Inputs) -> Block:
    tag_bits, leak_ec = inputs.real("tag_bits"), inputs.real("leak_ec")
    n, k = inputs.count("n_key", 1), inputs.count("k_test", 1)
    qber = inputs.real("delta" if "delta" in inputs else "Qtol", 0, 1)
    block = _theorem2(inputs) if "eps_sec" in inputs else {}
    total = _total_epsilon(inputs)
    eps_sec = total - 2**-tag_bits
    if eps_sec <= 0:
        raise InputError(
            f"a tag of {tag_bits:g} bits fails by 2^-{tag_bits:g}, not less than all of {total:g}"
        )

    def figures(failure: tl2017.Failure) -> Figures:
        nu = tl2017.best_deviation(n, qber, failure, eps_sec)
        real = tl2017.key_length(n, qber + nu, failure(nu), leak_ec + tag_bits, eps_sec)
        return {"eps_qkd": total, "nu": nu, **_length(real)}

    block["expect_tl2017"] = figures(lambda nu: tl2017.serfling_failure(n, k, nu))
    block["expect_lim2021"] = figures(lambda nu: lim2021.best_failure(n, k, qber, nu))
    block["expect_lim2021"]["xi"] = lim2021.best_split(n, k, qber, block["expect_lim2021"]["nu"])
    return block


def _total_epsilon(inputs: Inputs) -> float:
    if "eps_qkd" in inputs:
        return inputs.probability("eps_qkd")
    return inputs.probability("eps_sec") + inputs.probability("eps_cor")


def _theorem2(inputs: Inputs) -> Block:
    sample = Sample(inputs.count("n_key", 1), inputs.count("k_test", 1), inputs.count("test_errors"))
    if sample.errors > sample.test_bits:
        raise InputError(f"{sample.errors} errors in a test of {sample.test_bits} bits cannot be")
    eps_sec, leak_ec = inputs.probability("eps_sec"), inputs.real("leak_ec")
    leak_bits = leak_ec + log2(2 / inputs.probability("eps_cor"))

    def figures(phi: float) -> Figures:
        real = tomamichel2012.key_length(sample.key_bits, phi, leak_bits, eps_sec)
        return {"mu": phi - sample.qber, "phi": phi, "leak": leak_ec, **_length(real, secret=phi < RANDOM)}

    return {
        "expect_tomamichel2012": figures(tomamichel2012.serfling_phase_error(sample, eps_sec)),
        "expect_tomamichel2012_exact": figures(tomamichel2012.exact_phase_error(sample, eps_sec)),
    }


def _leak(inputs: Inputs) -> Block:
    n, qber = inputs.count("n", 1, planning.LONGEST), inputs.probability("Q")
    if qber >= RANDOM:
        raise InputError(f"input 'Q' must be below one half, got {qber}")
    leak_bits = planning.reconciliation_leak(n, qber, inputs.probability("eps_ec"))
    return {"expect": {"leak_bits": leak_bits, "f_equiv": leak_bits / (n * binary_entropy(qber))}}


def _tag(inputs: Inputs) -> Block:
    eps_cor = inputs.probability("eps_cor")
    return {
        "expect": {
            "tag_bits": planning.ideal_tag_bits(eps_cor),
            "formula_charge_log2_2_over_eps": log2(2 / eps_cor),
        }
    }


def _authentication(inputs: Inputs) -> Block:
    bits = planning.polynomial_tag_bits(inputs.count("message_bits", 1), inputs.probability("eps_auth"))
    return {"expect": {"min_tag_bits": bits}}


_SCHEMES: dict[str, Callable[[Inputs], Block]] = {
    "lim2014_2decoy": _lim2014,
    "rusca2018_1decoy": _rusca2018,
    "wiesemann2024_1decoy": _named("wiesemann2024"),
    "tupkary2024_2decoy": _named("tupkary2024"),
    "bbm92_single_photon": _bbm92,
    "leak_ec_finite": _leak,
    "verification_tag": _tag,
    "wegman_carter_poly": _authentication,
}


def _decoy_inputs(inputs: Inputs, n: int) -> tuple[Statistics, Intensities, float]:
    statistics = Statistics(
        key=inputs.counts("key_basis_counts", n),
        test=inputs.counts("test_basis_counts", n),
        test_errors=inputs.counts("test_basis_errors", n),
        key_errors=inputs.counts("key_basis_errors", n),
    )
    spreads = inputs.reals("mu_spread", n) if "mu_spread" in inputs else ()
    source = Intensities(inputs.reals("mu", n), inputs.reals("p", n), spreads)
    return statistics, source, inputs.probability("eps_sec")


def _source_figures(inputs: Inputs, statistics: Statistics, source: Intensities) -> Figures:
    return {
        "tau0": low(source.photon_probability(0)),
        "tau1": low(source.photon_probability(1)),
        "e_key": _key_error_rate(statistics),
        "lambda_ec": _planned_leak(inputs, statistics),
    }


def _decoy_length(
    inputs: Inputs, statistics: Statistics, terms: int
) -> Callable[[decoy.DecoyEstimate], Figures]:
    """Charge the leak and the tag as the papers do."""
    leak_bits = _planned_leak(inputs, statistics) + log2(2 / inputs.probability("eps_cor"))
    constant = decoy.six_logarithms(inputs.probability("eps_sec"), terms)

    def length(bounds: decoy.DecoyEstimate) -> Figures:
        signal = bounds.vacuum, bounds.single_photons, bounds.phase_error
        return _length(decoy.key_length(*signal, leak_bits, constant), secret=_is_secret(bounds))

    return length


def _is_secret(bounds: decoy.DecoyEstimate) -> bool:
    """Whether the single photons are worth anything; the vacuum alone makes no key."""
    return bounds.phase_error < RANDOM and bounds.single_photons > 0


def _key_error_rate(statistics: Statistics) -> float:
    return sum(statistics.key_errors or ()) / max(sum(statistics.key), 1)


def _planned_leak(inputs: Inputs, statistics: Statistics) -> float:
    rate = _key_error_rate(statistics)
    return inputs.real("f_ec") * sum(statistics.key) * binary_entropy(rate)


def _length(real: float, *, secret: bool = True) -> Figures:
    """Round down; a length that nothing can be said of (minus infinity) is none."""
    ell = floor(real) if secret and real > 0 else 0
    return {"ell_real": real if real > -inf else None, "ell": ell}


def _defined(**figures: float | None) -> Figures:
    return {name: value for name, value in figures.items() if value is not None}
