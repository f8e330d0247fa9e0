"""Everything a proof must be told before the run. Nothing here may be chosen after seeing data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from postproc.errors import ProofError
from postproc.estimation.assumptions import Assumption
from postproc.estimation.intensities import Intensities

STRICT = {"extra": "forbid", "allow_inf_nan": False}
"""Whoever validates a scenario file against these classes refuses unknown keys and infinities."""


@dataclass(frozen=True, kw_only=True)
class DecoyThresholds:
    """Agreed acceptance test of a decoy-state block; the key length is the formula at these very values.

    Attributes
    ----------
    vacuum_min : float
        Least bound on the vacuum events in the key basis (0 gives them up).
    single_photons_min : float
        Least bound on the single-photon events in the key basis.
    phase_error_max : float
        Largest bound on the phase error rate, below one half.
    leak_max_bits : int
        Budget for everything said about the key: reconciliation, verification tag and the rest.

    Raises
    ------
    ProofError
        If a threshold lies outside its range.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    vacuum_min: float = 0.0
    single_photons_min: float
    phase_error_max: float
    leak_max_bits: int

    def __post_init__(self) -> None:
        _at_least("vacuum_min", self.vacuum_min, 0)
        _at_least("single_photons_min", self.single_photons_min, 1)
        _between("phase_error_max", self.phase_error_max, 0, 0.5)
        _at_least("leak_max_bits", self.leak_max_bits, 0)


@dataclass(frozen=True, kw_only=True)
class DetectorSpread:
    """How far Bob's detectors may differ, as characterised; Eve may choose within it for every pulse.

    Attributes
    ----------
    efficiency : float
        Efficiencies lie within ``1 +- efficiency`` of a common value.
    dark_counts : float
        Dark counts lie within ``1 +- dark_counts`` of a common probability.
    dark_count_probability : float
        That probability, a slot and detector.

    Raises
    ------
    ProofError
        If one lies outside [0, 1).
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    efficiency: float
    dark_counts: float
    dark_count_probability: float

    def __post_init__(self) -> None:
        for name in ("efficiency", "dark_counts", "dark_count_probability"):
            if not 0 <= getattr(self, name) < 1:
                raise ProofError(
                    f"detector_spread {name} must be at least 0 and below 1, got {getattr(self, name)}"
                )


class DecoyParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Configuration of a decoy-state proof.

    Attributes
    ----------
    intensities : Intensities
        Brightest first.
    eps_sec, eps_cor : float
        Secrecy and correctness to be reached, each in (0, 1).
    thresholds : DecoyThresholds or None
        None computes the length from the counts, which needs ``fixed-length`` waived.
    waived : frozenset of Assumption
        What may fail; the key is then a demonstration.
    strict_sampling : bool
        Take the exact sampling tail at the square of the papers' failure probability
        (:mod:`postproc.estimation.sampling`).
    detector_spread : DetectorSpread or None
        How far Bob's detectors may differ, for a proof that bears it.
    """

    intensities: Intensities
    eps_sec: float
    eps_cor: float
    thresholds: DecoyThresholds | None = None
    waived: frozenset[Assumption] = frozenset()
    strict_sampling: bool = False
    detector_spread: DetectorSpread | None = None

    def __post_init__(self) -> None:
        _check_epsilons(self.eps_sec, self.eps_cor)


@dataclass(frozen=True, kw_only=True)
class EntanglementThresholds:
    """Agreed block of a BBM92 proof: sifting cuts down to these sizes at random, and refuses a smaller block.

    Attributes
    ----------
    key_bits, test_bits : int
        Sizes n and k of the raw key and of the test.
    qber_max : float
        Largest error rate of the test that is accepted, in [0, 0.5).
    leak_max_bits : int
        Budget for everything said about the key: reconciliation, verification tag and the rest.

    Raises
    ------
    ProofError
        If a threshold lies outside its range.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    key_bits: int
    test_bits: int
    qber_max: float
    leak_max_bits: int

    def __post_init__(self) -> None:
        _at_least("key_bits", self.key_bits, 1)
        _at_least("test_bits", self.test_bits, 1)
        _between("qber_max", self.qber_max, 0, 0.5)
        _at_least("leak_max_bits", self.leak_max_bits, 0)


class EntanglementParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Configuration of a BBM92 proof.

    Attributes
    ----------
    eps_sec, eps_cor : float
        Secrecy and correctness to be reached, each in (0, 1).
    thresholds : EntanglementThresholds or None
        None computes the length from the counts, which needs ``fixed-length`` waived.
    waived : frozenset of Assumption
        What may fail; the key is then a demonstration.
    preparation_quality : float
        ``q = -log2 max |<x|z>|^2`` over the states of Alice's two bases, in (0, 1]; 1 for mutually unbiased
        bases of a qubit (Tomamichel 2012, Device Model).
    """

    eps_sec: float
    eps_cor: float
    thresholds: EntanglementThresholds | None = None
    waived: frozenset[Assumption] = frozenset()
    preparation_quality: float = 1.0

    def __post_init__(self) -> None:
        _check_epsilons(self.eps_sec, self.eps_cor)
        if not 0 < self.preparation_quality <= 1:
            raise ProofError(f"preparation_quality must be in (0, 1], got {self.preparation_quality}")


def _check_epsilons(eps_sec: float, eps_cor: float) -> None:
    for name, value in (("eps_sec", eps_sec), ("eps_cor", eps_cor)):
        if not 0 < value < 1:
            raise ProofError(f"{name} must be between 0 and 1, both excluded, got {value}")


def _at_least(name: str, value: float, least: float) -> None:
    if not least <= value < float("inf"):
        raise ProofError(f"threshold {name} must be at least {least}, got {value}")


def _between(name: str, value: float, least: float, below: float) -> None:
    if not least <= value < below:
        raise ProofError(f"threshold {name} must be at least {least} and below {below}, got {value}")
