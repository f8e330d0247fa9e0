"""What the decoy-state proofs share: estimates, the acceptance test, and the length with its refusals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import floor, log2
from typing import ClassVar, Literal

import msgspec

from postproc.errors import BlockRefused, ProofError
from postproc.estimation.assumptions import DECOY_ASSUMPTIONS, Assumption
from postproc.estimation.entropy import entropy_bound
from postproc.estimation.parameters import DecoyParameters, DecoyThresholds
from postproc.estimation.proof import Bound, Epsilon
from postproc.estimation.sampling import RANDOM
from postproc.estimation.statistics import Leak, Statistics


class DecoyEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on what the counts hold. They are true together, up to the failures that eps_sec accounts for.

    Attributes
    ----------
    vacuum : float
        Lower bound on vacuum events in the key basis.
    single_photons : float
        Lower bound on single-photon events in the key basis.
    test_single_photons : float
        Lower bound on single-photon events in the test basis.
    test_single_photon_errors : float
        Upper bound on the errors among them.
    deviation : float or None
        The papers' sampling deviation gamma; None where they do not define it.
    phase_error : float
        Upper bound on the phase error rate of the key's single-photon events, at most 0.5.
    """

    vacuum: float
    single_photons: float
    test_single_photons: float
    test_single_photon_errors: float
    deviation: float | None
    phase_error: float

    def figures(self) -> dict[str, float]:
        """Give all bounds that are numbers, by name."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}


def key_length(
    vacuum: float, single_photons: float, phase_error: float, leak_bits: float, constant_bits: float
) -> float:
    r"""Key length before rounding: :math:`s_0 + s_1(1 - h(\phi)) - leak - constant`.

    Parameters
    ----------
    vacuum, single_photons, phase_error : float
        Bounds, observed or agreed.
    leak_bits : float
        All bits said about the key, with the verification tag. The papers write
        :math:`\lambda_{EC} + \log_2(2/\epsilon_{cor})`.
    constant_bits : float
        What the proof charges for its epsilons; see :func:`six_logarithms`.
    """
    secret = vacuum + single_photons * (1 - entropy_bound(phase_error))
    return secret - leak_bits - constant_bits


def six_logarithms(eps_sec: float, terms: int) -> float:
    r"""Constant of Lim 2014 (21 terms) and Rusca 2018 (19): :math:`6 \log_2(terms/\epsilon_{sec})`."""
    return 6 * log2(terms / eps_sec)


def among(detections: float, vacuum: float, single_photons: float) -> tuple[float, float]:
    """Hold lower bounds on vacuum and single-photon events to what is possible among the detections.

    A bound below 0 says nothing, and one beyond the detections is one that failed.
    """
    vacuum = min(max(vacuum, 0.0), float(detections))
    return vacuum, min(max(single_photons, 0.0), detections - vacuum)


class DecoyProof(ABC):
    """A decoy-state proof; subclasses state the theorem and estimate.

    Parameters
    ----------
    parameters : DecoyParameters
        Configuration.

    Raises
    ------
    ProofError
        If the configuration does not fit the theorem, or its thresholds leave no secret bit.
    """

    name: ClassVar[str]
    source: ClassVar[str]
    n_intensities: ClassVar[int]
    needs_key_errors: ClassVar[bool]
    counts_vacuum: ClassVar[bool] = True
    protocol: ClassVar[Literal["decoy-bb84"]] = "decoy-bb84"
    length: ClassVar[Literal["fixed", "variable"]] = "fixed"
    assumptions: ClassVar[frozenset[Assumption]] = DECOY_ASSUMPTIONS

    def __init__(self, parameters: DecoyParameters) -> None:
        if len(parameters.intensities) != self.n_intensities:
            raise ProofError(
                f"proof {self.name} needs {self.n_intensities} intensities, got {len(parameters.intensities)}"
            )
        if parameters.detector_spread is not None and self.name != "tupkary2024":
            raise ProofError(
                f"proof {self.name} assumes equal detectors and can do nothing with detector_spread; take it "
                "out, or name proof tupkary2024"
            )
        self.parameters = parameters
        self.waived = parameters.waived
        self.provided_for = _provided_for(parameters)
        self.is_agreed = parameters.thresholds is not None
        self._agreed_bits = None if parameters.thresholds is None else self._agree(parameters.thresholds)

    @property
    @abstractmethod
    def constant_bits(self) -> float:
        """What the proof charges for its epsilons, in bits."""

    @abstractmethod
    def estimate(self, statistics: Statistics) -> DecoyEstimate:
        """Bound vacuum events, single-photon events and phase errors of a block."""

    def sample_sizes(self) -> tuple[int, int] | None:
        """Nothing is cut: all detections of the key basis make key, all of the test basis test."""
        return None

    def check_test(self, statistics: Statistics) -> None:
        """Refuse a block by its test; see :meth:`postproc.estimation.proof.Proof.check_test`."""
        estimate = self.estimate(self._best_case(statistics))
        self._accept(estimate)
        if self._bits(estimate, 0) < 1:
            raise BlockRefused(f"no secret bit is in reach, whatever is said from here: {_figures(estimate)}")

    def secret_length(self, statistics: Statistics, leak: Leak) -> Bound:
        """Give the length; see :meth:`postproc.estimation.proof.Proof.secret_length`."""
        estimate = self.estimate(statistics)
        self._accept(estimate)
        self._within_budget(leak)
        bits = self._bits(estimate, leak.total_bits)
        if bits < 1:
            raise BlockRefused(f"no secret bit is left: {_figures(estimate)}, {leak.total_bits} bits leaked")
        epsilon = Epsilon(self.parameters.eps_sec, self.parameters.eps_cor)
        return Bound(bits, epsilon, {**estimate.figures(), "leak_bits": float(leak.total_bits)})

    def _check_shape(self, statistics: Statistics) -> None:
        if statistics.n_intensities != self.n_intensities or len(statistics.test) != self.n_intensities:
            raise ProofError(
                f"proof {self.name} needs counts of {self.n_intensities} intensities, got {statistics}"
            )

    def _best_case(self, statistics: Statistics) -> Statistics:
        """Complete statistics with what is not known yet, in the parties' favour."""
        if not self.needs_key_errors or statistics.key_errors is not None:
            return statistics
        return msgspec.structs.replace(statistics, key_errors=(0,) * len(statistics.key))

    def _bits(self, estimate: DecoyEstimate, leak_bits: int) -> int:
        if self._agreed_bits is not None:
            return self._agreed_bits
        return self._floor(estimate.vacuum, estimate.single_photons, estimate.phase_error, leak_bits)

    def _agree(self, agreed: DecoyThresholds) -> int:
        """Evaluate the length at the thresholds, once and before the run."""
        bits = self._floor(
            agreed.vacuum_min, agreed.single_photons_min, agreed.phase_error_max, agreed.leak_max_bits
        )
        if bits < 1:
            raise ProofError(f"proof {self.name} gives {bits} secret bits at the agreed thresholds {agreed}")
        return bits

    def _floor(self, vacuum: float, single_photons: float, phase_error: float, leak_bits: int) -> int:
        counted = vacuum if self.counts_vacuum else 0.0
        return floor(key_length(counted, single_photons, phase_error, leak_bits, self.constant_bits))

    def _accept(self, estimate: DecoyEstimate) -> None:
        """Hold the bounds against the thresholds."""
        if estimate.phase_error >= RANDOM or estimate.single_photons <= 0:
            raise BlockRefused(f"the test shows no usable single-photon signal: {_figures(estimate)}")
        agreed = self.parameters.thresholds
        if agreed is None:
            return
        _at_least("vacuum events", estimate.vacuum, agreed.vacuum_min)
        _at_least("single-photon events", estimate.single_photons, agreed.single_photons_min)
        if estimate.phase_error > agreed.phase_error_max:
            raise BlockRefused(
                f"the bound on the phase error rate is {estimate.phase_error:.3%}, "
                f"above the agreed {agreed.phase_error_max:.3%}"
            )

    def _within_budget(self, leak: Leak) -> None:
        agreed = self.parameters.thresholds
        if agreed is not None and leak.total_bits > agreed.leak_max_bits:
            raise BlockRefused(f"{leak.total_bits} bits leaked, above the agreed {agreed.leak_max_bits}")


def _provided_for(parameters: DecoyParameters) -> frozenset[Assumption]:
    """Means known as intervals, and detectors that differ by so much, are in the bounds."""
    met = set()
    if not parameters.intensities.known:
        met.add(Assumption.EXACT_INTENSITIES)
    if parameters.detector_spread is not None:
        met.add(Assumption.EQUAL_DETECTOR_EFFICIENCY)
    return frozenset(met)


def _at_least(what: str, bound: float, least: float) -> None:
    if bound < least:
        raise BlockRefused(f"the bound on the {what} is {bound:.1f}, below the agreed {least:.1f}")


def _figures(estimate: DecoyEstimate) -> str:
    return (
        f"at least {estimate.vacuum:.0f} vacuum and {estimate.single_photons:.0f} single-photon events, "
        f"phase error rate up to {estimate.phase_error:.3%}"
    )
