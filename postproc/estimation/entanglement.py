"""What the BBM92 proofs share: agreed sizes, the acceptance test, and the length with its refusals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from math import floor
from typing import ClassVar, Literal, NamedTuple

from postproc.errors import BlockRefused, ProofError
from postproc.estimation.assumptions import BBM92_ASSUMPTIONS, Assumption
from postproc.estimation.parameters import EntanglementParameters, EntanglementThresholds
from postproc.estimation.proof import Bound, Epsilon
from postproc.estimation.statistics import Leak, Statistics


class Sample(NamedTuple):
    """A raw key and the test that speaks for it.

    Attributes
    ----------
    key_bits, test_bits : int
        Sizes n and k.
    errors : int
        Errors in the test: as many as are accepted (fixed length), or as were seen.
    """

    key_bits: int
    test_bits: int
    errors: int

    @property
    def qber(self) -> float:
        """Error rate of the test."""
        return self.errors / self.test_bits


class Length(NamedTuple):
    """A key length before rounding down, and the figures behind it."""

    bits: float
    details: dict[str, float]


class EntanglementProof(ABC):
    """A fixed-length BBM92 proof; subclasses state the theorem and evaluate its length.

    Parameters
    ----------
    parameters : EntanglementParameters
        Configuration.

    Raises
    ------
    ProofError
        If the agreed sizes leave no secret bit.
    """

    name: ClassVar[str]
    source: ClassVar[str]
    protocol: ClassVar[Literal["bbm92"]] = "bbm92"
    length: ClassVar[Literal["fixed"]] = "fixed"
    n_intensities: ClassVar[int] = 1
    needs_key_errors: ClassVar[bool] = False
    assumptions: ClassVar[frozenset[Assumption]] = BBM92_ASSUMPTIONS

    def __init__(self, parameters: EntanglementParameters) -> None:
        self.parameters = parameters
        self.waived = parameters.waived
        self.provided_for: frozenset[Assumption] = frozenset()
        self.is_agreed = parameters.thresholds is not None
        self._agreed = None if parameters.thresholds is None else self._agree(parameters.thresholds)

    @abstractmethod
    def evaluate(self, sample: Sample, leak_bits: float) -> Length:
        """Give the theorem's length for a test with at most ``sample.errors`` errors."""

    def sample_sizes(self) -> tuple[int, int] | None:
        """Key and test bits that sifting must cut a block down to, at random; None to keep all."""
        agreed = self.parameters.thresholds
        return None if agreed is None else (agreed.key_bits, agreed.test_bits)

    def check_test(self, statistics: Statistics) -> None:
        """Refuse a block by its test; see :meth:`postproc.estimation.proof.Proof.check_test`."""
        sample = self._sample(statistics)
        if self._agreed is None and self.evaluate(sample, 0).bits < 1:
            raise BlockRefused(f"no secret bit is in reach, whatever is said from here: {_figures(sample)}")

    def secret_length(self, statistics: Statistics, leak: Leak) -> Bound:
        """Give the length; see :meth:`postproc.estimation.proof.Proof.secret_length`."""
        sample = self._sample(statistics)
        agreed = self.parameters.thresholds
        if agreed is not None and leak.total_bits > agreed.leak_max_bits:
            raise BlockRefused(f"{leak.total_bits} bits leaked, above the agreed {agreed.leak_max_bits}")
        length = self._agreed or self.evaluate(sample, leak.total_bits)
        if length.bits < 1:
            raise BlockRefused(f"no secret bit is left: {_figures(sample)}, {leak.total_bits} bits leaked")
        epsilon = Epsilon(self.parameters.eps_sec, self.parameters.eps_cor)
        details = {**length.details, "qber_test": sample.qber, "leak_bits": float(leak.total_bits)}
        return Bound(floor(length.bits), epsilon, details)

    def _agree(self, agreed: EntanglementThresholds) -> Length:
        """Evaluate the length at the thresholds, once and before the run."""
        sample = Sample(agreed.key_bits, agreed.test_bits, _accepted_errors(agreed))
        length = self.evaluate(sample, agreed.leak_max_bits)
        if length.bits < 1:
            raise ProofError(
                f"proof {self.name} gives {length.bits:.0f} secret bits at the agreed thresholds {agreed}"
            )
        return length

    def _sample(self, statistics: Statistics) -> Sample:
        """Hold the counts against the agreed sizes and error rate."""
        if len(statistics.key) != 1 or len(statistics.test) != 1:
            raise ProofError(f"proof {self.name} needs one count a basis, got {statistics}")
        sample = Sample(statistics.key[0], statistics.test[0], statistics.test_errors[0])
        if min(sample.key_bits, sample.test_bits) < 1:
            raise BlockRefused(f"there is nothing to test or nothing to keep: {_figures(sample)}")
        if self.parameters.thresholds is not None:
            _check_agreed(sample, self.parameters.thresholds)
        return sample


def _check_agreed(sample: Sample, agreed: EntanglementThresholds) -> None:
    for what, got, wanted in (
        ("key", sample.key_bits, agreed.key_bits),
        ("test", sample.test_bits, agreed.test_bits),
    ):
        if got != wanted:
            raise BlockRefused(f"the block has {got} {what} bits, and exactly {wanted} are agreed")
    if sample.errors > _accepted_errors(agreed):
        raise BlockRefused(
            f"the test's error rate {sample.qber:.3%} is above the agreed {agreed.qber_max:.3%}"
        )


def _accepted_errors(agreed: EntanglementThresholds) -> int:
    """Largest number of test errors within the agreed rate, read as the decimal that was written."""
    return int(agreed.test_bits * Fraction(str(agreed.qber_max)))


def _figures(sample: Sample) -> str:
    return f"{sample.key_bits} key bits, {sample.errors} errors in a test of {sample.test_bits} bits"
