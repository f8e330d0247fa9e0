r"""Proof ``tomamichel-leverrier2017``: BBM92, with the sampling deviation chosen for the longest key.

**Statement.** M. Tomamichel, A. Leverrier, "A largely self-contained and complete security proof for
quantum key distribution", Quantum 1, 14 (2017). The protocol and the fixed length are those of
:mod:`postproc.estimation.tomamichel2012`. For any deviation :math:`0 < \nu < 1/2 - \delta`, with
:math:`\delta` the accepted error rate, the key is secret up to :math:`\epsilon_{sec} = 2\epsilon_{pe}(\nu)
+ \epsilon_{pa}` if

.. math:: \ell \le n(q - h(\delta + \nu)) - leak - 2\log_2\frac{1}{2\epsilon_{pa}}, \quad
   \epsilon_{pe} = e^{-n k^2 \nu^2/((n+k)(k+1))} .

=====================  =====================================================================================
term                   where it comes from
=====================  =====================================================================================
:math:`n(q - h)`       as in :mod:`postproc.estimation.tomamichel2012`
:math:`leak`           everything said about the key: the paper's r + t, with the tag t as really sent
:math:`\epsilon_{pe}`  smoothing, the square root of Serfling's bound for the key against the test
:math:`\epsilon_{pa}`  leftover hash lemma; what :math:`2\epsilon_{pe}` leaves of eps_sec
=====================  =====================================================================================

The paper states :math:`\epsilon = 2^{-t} + \epsilon_{sec}`; :math:`2^{-t}` is the correctness. nu depends
on n, k, delta and eps_sec alone, which are agreed before the run; any nu is secure, and the search may be
rough.

**Checked how far.** Agrees with an independent implementation (``tests/vectors``). The formula was taken
from a transcription; the printed paper was not compared line by line.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from math import exp, inf, log2
from typing import ClassVar

from postproc.estimation.entanglement import EntanglementProof, Length, Sample
from postproc.estimation.entropy import entropy_bound
from postproc.estimation.search import maximise

Failure = Callable[[float], float]
"""From a deviation nu to ``eps_pe``, which falls with nu."""


def serfling_failure(n: int, k: int, deviation: float) -> float:
    """``eps_pe`` at nu = `deviation`, for n key bits and k test bits."""
    return exp(-n * k * k * deviation * deviation / ((n + k) * (k + 1)))


def key_length(
    n: int, phase_error: float, failure: float, leak_bits: float, eps_sec: float, quality: float = 1
) -> float:
    """Key length before rounding down; minus infinity if the sampling alone spends eps_sec.

    Parameters
    ----------
    n : int
        Raw key bits.
    phase_error : float
        ``delta + nu``.
    failure : float
        ``eps_pe`` at nu.
    leak_bits : float
        All bits said about the key, with the verification tag.
    eps_sec : float
        Secrecy.
    quality : float
        q.
    """
    amplification = eps_sec - 2 * failure
    if amplification <= 0:
        return -inf
    return n * (quality - entropy_bound(phase_error)) - leak_bits - 2 * log2(1 / (2 * amplification))


def best_deviation(n: int, qber: float, failure: Failure, eps_sec: float) -> float:
    """Find the nu that gives the longest key, 0 < nu < 1/2 - `qber`."""

    def score(deviation: float) -> float:
        length = key_length(n, qber + deviation, failure(deviation), 0, eps_sec)
        # Too small a nu spends more than eps_sec: tell the search in which direction to leave.
        return length if length > -inf else -1e18 * (1 + failure(deviation))

    return maximise(score, 0, 0.5 - qber)


class OptimisedDeviation(EntanglementProof):
    """A proof that looks for its deviation."""

    @abstractmethod
    def failure(self, sample: Sample) -> Failure:
        """Give the sampling term of the proof."""

    def evaluate(self, sample: Sample, leak_bits: float) -> Length:
        """Evaluate the length at the best deviation."""
        eps_sec, quality = self.parameters.eps_sec, self.parameters.preparation_quality
        failure = self.failure(sample)
        deviation = best_deviation(sample.key_bits, sample.qber, failure, eps_sec)
        phase_error = sample.qber + deviation
        bits = key_length(sample.key_bits, phase_error, failure(deviation), leak_bits, eps_sec, quality)
        return Length(bits, {"phase_error": phase_error, "deviation": deviation})


class TomamichelLeverrier2017(OptimisedDeviation):
    """The proof of this module."""

    name: ClassVar[str] = "tomamichel-leverrier2017"
    source: ClassVar[str] = "Tomamichel and Leverrier, Quantum 1, 14 (2017)"

    def failure(self, sample: Sample) -> Failure:
        """Serfling's inequality."""
        return lambda deviation: serfling_failure(sample.key_bits, sample.test_bits, deviation)
