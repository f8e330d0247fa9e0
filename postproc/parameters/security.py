"""What a session's security stands on: facts about the link, and the proof that uses them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from postproc.estimation.parameters import DecoyThresholds, DetectorSpread, EntanglementThresholds
from postproc.parameters.strict import Strict

Epsilon = Annotated[float, Ge(1e-60), Le(1e-3)]


@dataclass(frozen=True)
class Link(Strict):
    """Facts about the link that a proof may assume, as far as they are known.

    The scenario states them honestly; what the stages themselves see to (double clicks, where blocks end,
    what is charged) is not asked for. See :class:`postproc.estimation.assumptions.Assumption`.
    """

    basis_choice: Literal["active", "passive", "unknown"] = "unknown"
    detector_efficiencies: Literal["equal", "unequal", "unknown"] = "unknown"
    detections: Literal["independent", "correlated", "unknown"] = "unknown"
    published_times: Literal["silent", "informative", "unknown"] = "unknown"
    alice_measures: Literal["qubits", "modes", "unknown"] = "unknown"
    pulse_phases: Literal["random", "fixed", "unknown"] = "unknown"
    intensities: Literal["exact", "interval", "unknown"] = "unknown"
    prepared_states: Literal["ideal", "imperfect", "unknown"] = "unknown"
    states: Literal[4, 3, "unknown"] = 4


@dataclass(frozen=True, kw_only=True)
class _Security(Strict):
    """The proof that a session stands on.

    Attributes
    ----------
    proof : str
        Name of the proof.
    eps_sec, eps_cor : float
        Secrecy and correctness of each block's key.
    waived : tuple of str
        Assumptions of the proof that the link does not fulfil and that this scenario lets pass, by name;
        keys are then a demonstration.
    """

    proof: str
    eps_sec: Epsilon
    eps_cor: Epsilon
    waived: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PairSecurity(_Security):
    """The proof of a BBM92 session."""

    preparation_quality: Annotated[float, Gt(0), Le(1)] = 1.0
    thresholds: EntanglementThresholds | None = None


@dataclass(frozen=True, kw_only=True)
class DecoySecurity(_Security):
    """The proof of a decoy-state session."""

    strict_sampling: bool = False
    thresholds: DecoyThresholds | None = None
    detector_spread: DetectorSpread | None = None
