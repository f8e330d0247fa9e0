"""The pulses of a decoy-state source: mean photon numbers, and how often each is sent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf, isclose
from typing import NamedTuple

import msgspec

from postproc.errors import ProofError
from postproc.estimation.spans import Real, Span, exp, low, poisson
from postproc.estimation.tails import Tail


class Scaled(NamedTuple):
    """A lower and an upper bound on a scaled count; spans where the intensity is one."""

    lower: Real
    upper: Real


class Intensities(msgspec.Struct, frozen=True):
    """Mean photon numbers, brightest first, with the probability of each.

    Attributes
    ----------
    means, probabilities : tuple of float
    spreads : tuple of float
        How far each mean may lie from the truth, as a share of it: the true mean is the same for all pulses
        of a block and lies within ``mean * (1 +- spread)``. Empty where the means are exact. Bounds then hold
        for every choice of means inside (:mod:`postproc.estimation.spans`).

    Raises
    ------
    ProofError
        If the means do not fall, wherever they lie, one is negative, or the probabilities are not those of a
        random choice.
    """

    means: tuple[float, ...]
    probabilities: tuple[float, ...]
    spreads: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.means) != len(self.probabilities):
            raise ProofError(
                f"{len(self.means)} intensities need as many probabilities, got {self.probabilities}"
            )
        if not all(a > b for a, b in pairwise(self.means)) or not self.means or not self.means[-1] >= 0:
            raise ProofError(f"intensities must fall and not be negative, got {self.means}")
        if not all(0 < p < 1 for p in self.probabilities) or not isclose(
            sum(self.probabilities), 1, abs_tol=1e-9
        ):
            raise ProofError(
                f"probabilities of intensities must be positive and add to 1, got {self.probabilities}"
            )

        if self.spreads and (
            len(self.spreads) != len(self.means) or not all(0 <= s < 1 for s in self.spreads)
        ):
            raise ProofError(f"each mean needs a spread from 0 to below 1, got {self.spreads}")
        if not all(low(a - b) > 0 for a, b in pairwise(self.between)):
            raise ProofError(
                f"intensities {self.means} may be in another order within their spreads {self.spreads}"
            )

    def __len__(self) -> int:
        return len(self.means)

    @property
    def known(self) -> bool:
        """Whether the means are exact."""
        return not any(self.spreads)

    @property
    def between(self) -> tuple[Real, ...]:
        """The means, as spans where they are not exact."""
        if self.known:
            return self.means
        spreads = zip(self.means, self.spreads, strict=True)
        return tuple(Span(mean * (1 - spread), mean * (1 + spread)) for mean, spread in spreads)

    def photon_probability(self, n: int) -> Real:
        r""":math:`\tau_n = \sum_k p_k e^{-k} k^n / n!`, n = 0 or 1: how probable n photons are (Lim 2014)."""
        total: Real = 0.0
        for k, p in zip(self.between, self.probabilities, strict=True):
            total += p * poisson(k, n)
        return total

    def scaled(
        self, counts: Sequence[int], tail: Tail, failure: float, *, clamp: bool, cap: bool = False
    ) -> list[Scaled]:
        r"""Bound :math:`\frac{e^k}{p_k} n^*_k`, the counts to be expected had all pulses been of intensity k.

        Parameters
        ----------
        counts : sequence of int
            Detections or errors, one for each intensity.
        tail : Tail
            The inequality between counts and expectations.
        failure : float
            Failure probability of each bound.
        clamp : bool
            Raise lower bounds to 0, which an expectation cannot be below.
        cap : bool
            Lower upper bounds to the sum of the counts, which an expectation cannot be above.

        Returns
        -------
        list of Scaled
            Lim 2014: :math:`n^\pm_{X,k}`, :math:`m^\pm_{Z,k}`.
        """
        floor, most = (0.0 if clamp else -inf), (float(sum(counts)) if cap else inf)
        return [
            Scaled(weight * max(bound.lower, floor), weight * min(bound.upper, most))
            for weight, bound in zip(self._weights(), tail(counts, failure), strict=True)
        ]

    def _weights(self) -> list[Real]:
        return [exp(k) / p for k, p in zip(self.between, self.probabilities, strict=True)]
