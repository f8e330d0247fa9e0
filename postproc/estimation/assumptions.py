"""What the proofs take for granted about a link, by name.

A proof is a theorem about a model. Each :class:`Assumption` is one sentence of that model which a real link
may fail. A scenario states the facts of its link in a :class:`Link`; what a proof assumes and the link does
not have is either waived by name, and then the key is a demonstration, or the session is refused.

Not in this list, because no waiver could make sense of their absence: quantum mechanics holds, each party's
room is closed to Eve, the parties' random bits are uniform and private, and the classical channel is
authenticated.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

import msgspec


class Assumption(Enum):
    """A sentence of a proof's model; the value is the name that a scenario waives it by.

    Attributes
    ----------
    meaning : str
        The sentence in plain language.
    source : str
        Where a proof says it needs it, or who showed what happens without it.
    """

    meaning: str
    source: str

    def __new__(cls, name: str, meaning: str, source: str) -> Assumption:
        """Make a member whose value is its name in scenario files."""
        member = object.__new__(cls)
        member._value_ = name
        member.meaning = meaning
        member.source = source
        return member

    FIXED_LENGTH = (
        "fixed-length",
        "thresholds, leak budget and key length are agreed before the run, a block outside them is refused",
        "Tomamichel 2012, Table I; arXiv:2405.16578; a variable length needs a proof like arXiv:2408.17349",
    )
    BLOCKS_END_BY_CLOCK = (
        "blocks-end-by-clock",
        "a block ends after a number of slots or a time fixed beforehand, never once enough counts are in",
        "Pfister et al. arXiv:1506.07502 (sifting attack on step 3 of Lim 2014)",
    )
    ACTIVE_BASIS_CHOICE = (
        "active-basis-choice",
        "each basis is chosen by private random bits, independent of the light, not by a beam splitter",
        "Tomamichel 2012, Table I; passive choice: arXiv:2507.04248, arXiv:2511.21253",
    )
    EQUAL_DETECTOR_EFFICIENCY = (
        "equal-detector-efficiency",
        "whether a signal is detected does not depend on the basis it is measured in",
        "Tomamichel 2012, Device Model; Lim 2014, Sec. V; with a mismatch: arXiv:2408.17349",
    )
    INDEPENDENT_DETECTIONS = (
        "independent-detections",
        "the detectors keep no memory of earlier slots: no dead time of single ones, no afterpulses",
        "Tomamichel 2012, Device Model (memoryless device)",
    )
    DOUBLE_CLICKS_COUNTED = (
        "double-clicks-counted",
        "a double click becomes a random bit and is counted, never dropped",
        "Lim 2014, Sec. II step 2",
    )
    SILENT_TIMES = (
        "silent-times",
        "the published arrival times say nothing about the bits",
        "Lamas-Linares and Kurtsiefer, Opt. Express 15, 9388 (2007)",
    )
    CHARGED_RECONCILIATION = (
        "charged-reconciliation",
        "every bit that either party says about its key is in the leak, Bob's answers too",
        "Tomamichel 2012, Eq. (S6); arXiv:2307.00576",
    )
    QUBIT_MEASUREMENT = (
        "qubit-measurement",
        "Alice measures one qubit a slot, in two bases whose overlap is at most the configured one",
        "Tomamichel 2012, Device Model (preparation quality q)",
    )
    PHASE_RANDOMISED = (
        "phase-randomised",
        "the phase of every pulse is uniformly random and independent of the others",
        "Lim 2014, Sec. II",
    )
    EXACT_INTENSITIES = (
        "exact-intensities",
        "every pulse has exactly the mean photon number of its setting, whatever the settings around it",
        "Lim 2014, Eq. (A3); with correlations: arXiv:2105.11165",
    )
    IDEAL_STATES = (
        "ideal-states",
        "the two bases are mutually unbiased, and nothing but the photon number tells the settings apart",
        "Lim 2014, Apps. A and B",
    )
    FOUR_STATES = (
        "four-states",
        "in both bases both bits are sent, with equal probability",
        "Lim 2014, Sec. II step 1; three states: Rusca et al. PRA 98, 052336 (2018)",
    )


class Link(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The facts of a link that decide which assumptions hold; what is not known does not hold.

    The fields follow :class:`Assumption` in order (:attr:`Assumption.FIXED_LENGTH` is a fact of the
    configured proof instead).
    """

    block_end: Literal["clock", "counts", "unknown"] = "unknown"
    basis_choice: Literal["active", "passive", "unknown"] = "unknown"
    detector_efficiencies: Literal["equal", "unequal", "unknown"] = "unknown"
    detections: Literal["independent", "correlated", "unknown"] = "unknown"
    double_clicks: Literal["random-bit", "dropped", "unknown"] = "unknown"
    published_times: Literal["silent", "informative", "unknown"] = "unknown"
    reconciliation: Literal["charged", "half-charged", "unknown"] = "unknown"
    alice_measures: Literal["qubits", "modes", "unknown"] = "unknown"
    pulse_phases: Literal["random", "fixed", "unknown"] = "unknown"
    intensities: Literal["exact", "interval", "unknown"] = "unknown"
    prepared_states: Literal["ideal", "imperfect", "unknown"] = "unknown"
    states: Literal[4, 3, "unknown"] = "unknown"


# Which fact of the link makes which assumption true.
HOLDS_WHEN: dict[Assumption, tuple[str, object]] = {
    Assumption.BLOCKS_END_BY_CLOCK: ("block_end", "clock"),
    Assumption.ACTIVE_BASIS_CHOICE: ("basis_choice", "active"),
    Assumption.EQUAL_DETECTOR_EFFICIENCY: ("detector_efficiencies", "equal"),
    Assumption.INDEPENDENT_DETECTIONS: ("detections", "independent"),
    Assumption.DOUBLE_CLICKS_COUNTED: ("double_clicks", "random-bit"),
    Assumption.SILENT_TIMES: ("published_times", "silent"),
    Assumption.CHARGED_RECONCILIATION: ("reconciliation", "charged"),
    Assumption.QUBIT_MEASUREMENT: ("alice_measures", "qubits"),
    Assumption.PHASE_RANDOMISED: ("pulse_phases", "random"),
    Assumption.EXACT_INTENSITIES: ("intensities", "exact"),
    Assumption.IDEAL_STATES: ("prepared_states", "ideal"),
    Assumption.FOUR_STATES: ("states", 4),
}

_COMMON = frozenset(
    {
        Assumption.FIXED_LENGTH,
        Assumption.BLOCKS_END_BY_CLOCK,
        Assumption.ACTIVE_BASIS_CHOICE,
        Assumption.EQUAL_DETECTOR_EFFICIENCY,
        Assumption.INDEPENDENT_DETECTIONS,
        Assumption.DOUBLE_CLICKS_COUNTED,
        Assumption.SILENT_TIMES,
        Assumption.CHARGED_RECONCILIATION,
    }
)

BBM92_ASSUMPTIONS = _COMMON | {Assumption.QUBIT_MEASUREMENT}
"""What the BBM92 proofs assume."""

DECOY_ASSUMPTIONS = _COMMON | {
    Assumption.PHASE_RANDOMISED,
    Assumption.EXACT_INTENSITIES,
    Assumption.IDEAL_STATES,
    Assumption.FOUR_STATES,
}
"""What the decoy-state BB84 proofs assume."""
