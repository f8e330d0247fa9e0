"""The contract between a named proof and the protocol that trusts it."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from postproc.errors import ProofError
from postproc.estimation.assumptions import HOLDS_WHEN, Assumption, Link
from postproc.estimation.statistics import Leak, Statistics


class Epsilon(msgspec.Struct, frozen=True):
    """What a key may fail by: it is ``secrecy + correctness`` secure, and each is a bound per block.

    The tags of the authenticated channel come on top, one failure probability a tag; whoever holds the two
    ledgers adds them.
    """

    secrecy: float
    correctness: float

    @property
    def total(self) -> float:
        """Both together."""
        return self.secrecy + self.correctness


class Bound(msgspec.Struct, frozen=True):
    """How many secret bits a block gives, and why.

    Attributes
    ----------
    secret_bits : int
        Length of the key to extract, at least 1 (a block without a secret bit is refused instead).
    epsilon : Epsilon
        What the length stands for: the secrecy that the formula delivers, and the correctness that the
        configuration demands of the verification tag.
    details : dict of str to float
        The figures behind the length, for reports.
    """

    secret_bits: int
    epsilon: Epsilon
    details: dict[str, float]


class Proof(Protocol):
    """A security proof with its parameters filled in."""

    @property
    def name(self) -> str:
        """Name in scenario files and on every key."""

    @property
    def source(self) -> str:
        """The publication, with the equations used."""

    @property
    def protocol(self) -> Literal["bbm92", "decoy-bb84"]:
        """The protocol that the theorem speaks of."""

    @property
    def n_intensities(self) -> int:
        """Number of intensities (1 for BBM92)."""

    @property
    def length(self) -> Literal["fixed", "variable"]:
        """Whether the theorem is about a length agreed beforehand, or about one computed from the counts."""

    @property
    def assumptions(self) -> frozenset[Assumption]:
        """What the theorem takes for granted."""

    @property
    def waived(self) -> frozenset[Assumption]:
        """What the configuration allows to fail; see :func:`waivers_in_use`."""

    @property
    def provided_for(self) -> frozenset[Assumption]:
        """Assumptions whose failure, as far as configured, the bounds pay for."""

    @property
    def is_agreed(self) -> bool:
        """Whether thresholds, and so the length, are agreed before the run."""

    @property
    def needs_key_errors(self) -> bool:
        """Whether :meth:`secret_length` needs the errors of the key basis."""

    def sample_sizes(self) -> tuple[int, int] | None:
        """Key and test bits that sifting must cut a block down to, at random; None to keep all."""

    def check_test(self, statistics: Statistics) -> None:
        """Refuse a block right after the test step, if it cannot become key whatever follows.

        Raises
        ------
        BlockRefused
            With the figure that is out of bounds.
        """

    def secret_length(self, statistics: Statistics, leak: Leak) -> Bound:
        """Give the number of secret bits.

        Raises
        ------
        BlockRefused
            If a figure is outside the agreed thresholds, or no secret bit is left.
        ProofError
            If the statistics are not of the shape that the proof speaks of.
        """


def unmet(proof: Proof, link: Link) -> tuple[Assumption, ...]:
    """Assumptions of `proof` that `link` does not fulfil, in the order of the enumeration."""
    return tuple(a for a in Assumption if a in proof.assumptions and not _holds(a, proof, link))


def waivers_in_use(proof: Proof, link: Link) -> tuple[Assumption, ...]:
    """Assumptions that fail and that the configuration waives; a key made so is a demonstration of them.

    Raises
    ------
    ProofError
        If an assumption fails and is not waived.
    """
    failing = unmet(proof, link)
    for assumption in failing:
        if assumption not in proof.waived:
            raise ProofError(
                f"proof {proof.name} assumes {assumption.value} ({assumption.meaning}), and here "
                f"{_fact(assumption, link)}; make it true, choose another proof, or list "
                f'"{assumption.value}" under waived: the key is then a demonstration'
            )
    return failing


def _holds(assumption: Assumption, proof: Proof, link: Link) -> bool:
    if assumption is Assumption.FIXED_LENGTH:
        return proof.length == "variable" or proof.is_agreed
    if assumption in proof.provided_for:
        return True
    fact, wanted = HOLDS_WHEN[assumption]
    return bool(getattr(link, fact) == wanted)


def _fact(assumption: Assumption, link: Link) -> str:
    if assumption is Assumption.FIXED_LENGTH:
        return "no thresholds are configured"
    fact, wanted = HOLDS_WHEN[assumption]
    return f"{fact} is {getattr(link, fact)!r}, not {wanted!r}"
