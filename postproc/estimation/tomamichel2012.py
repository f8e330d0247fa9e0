r"""Proofs ``tomamichel2012`` and ``tomamichel2012-exact``: BBM92 and single-photon BB84.

**Statement.** M. Tomamichel, C. C. W. Lim, N. Gisin, R. Renner, "Tight finite-key analysis for quantum
cryptography", Nat. Commun. 3, 634 (2012), Theorem 2. A protocol that takes n key bits and k test bits,
aborts if the test's error rate exceeds Q_tol or more than the agreed leak is said, and hashes down to

.. math:: \ell = \lfloor n(q - h(Q_{tol} + \mu)) - leak - 2\log_2(1/\epsilon_{sec}) \rfloor, \quad
   \mu = \sqrt{\frac{n+k}{nk}\,\frac{k+1}{k}\,\ln\frac{4}{\epsilon_{sec}}}

bits is eps_sec-secret against general (coherent) attacks.

===================================  =======================================================================
term                                 where it comes from
===================================  =======================================================================
:math:`nq`                           uncertainty relation for smooth entropies, Eq. (4); q is the
                                     preparation quality of Alice's two bases, 1 for mutually unbiased bases
                                     of a qubit
:math:`n h(Q_{tol}+\mu)`             smooth max-entropy of Bob's guess in the other basis, Eq. (5), Lemma 3.
                                     The rate Q_tol is the one that the test enforces: a whole number of
                                     errors over k
:math:`leak`                         everything said about the key, Eq. (S6). The paper's leak_EC and, in
                                     place of its :math:`\log_2(2/\epsilon_{cor})`, the verification tag as
                                     really sent
:math:`2\log_2(1/\epsilon_{sec})`    leftover hash lemma, with :math:`\bar\epsilon = \epsilon_{sec}/2`
===================================  =======================================================================

**Epsilon.** :math:`\epsilon_{sec} = 2\epsilon + \bar\epsilon`, with the smoothing :math:`\epsilon =
\epsilon_{sec}/4` divided by the square root of the probability to pass, which cancels against that
probability (Eq. S9). Correctness is the collision bound of the verification hash, whoever computes it.

**The exact variant** replaces the sampling term alone. Which tail probability is the paper's mu? Lemma 3
smooths by leaving out the event "Lambda_key >= Lambda_pe + mu although the test passed"; leaving out an
event of probability p costs a purified distance of :math:`\sqrt p` (Eq. S17). Serfling's bound on the event
is :math:`e^{-2 n k^2 \mu^2/((n+k)(k+1))}`, and the mu above makes it exactly :math:`(\epsilon_{sec}/4)^2`.
So the exact variant asks for the least e with

.. math:: \Pr[\text{test errors} \le k Q_{tol} \text{ and key errors} > e] \le (\epsilon_{sec}/4)^2

for every number of errors that Eve may have put into the n + k bits;
:mod:`postproc.estimation.hypergeometric` finds the worst number and sums the tail. Under the smoothed
distribution the key has at most e errors with certainty, so Eq. (S19) gives the max-entropy :math:`n
h(e/n)`, and everything else in the proof stays as it is, eps_sec too. The random subset that the tail
speaks of is the split of the n + k bits into key and test, as in the paper. Since Serfling's inequality
bounds the same event for every number of errors, e/n <= Q_tol + mu always.

**Fixed length.** n, k, Q_tol, the leak budget and the length are agreed before the run, sifting cuts to n
and k at random, and everything outside is refused: that is the theorem's protocol, but for one thing. Its
sifting repeats "until" n and k are reached, which opens the sifting attack (arXiv:1506.07502); here a block
ends by the clock and is refused if it is too small. With ``fixed-length`` waived, n, k, the errors and the
leak of the block itself go into the formula: no theorem stands behind that number, and the key is a
demonstration.

**Refused.** A block of other sizes, too many test errors, too much leak; a configuration that leaves no
secret bit.
"""

from __future__ import annotations

from abc import abstractmethod
from math import log, log2, sqrt
from typing import ClassVar

from postproc.estimation.entanglement import EntanglementProof, Length, Sample
from postproc.estimation.entropy import entropy_bound
from postproc.estimation.hypergeometric import key_errors_max


def serfling_phase_error(sample: Sample, eps_sec: float) -> float:
    """``Q_tol + mu``, Theorem 2."""
    n, k, _ = sample
    return sample.qber + sqrt((n + k) / (n * k) * (k + 1) / k * log(4 / eps_sec))


def exact_phase_error(sample: Sample, eps_sec: float) -> float:
    """``e / n`` with the exact tail, see above."""
    return key_errors_max(*sample, log_failure=2 * log(eps_sec / 4)) / sample.key_bits


def key_length(
    n: int, phase_error: float, leak_bits: float, eps_sec: float, preparation_quality: float = 1
) -> float:
    """Key length before rounding down, Theorem 2.

    Parameters
    ----------
    n : int
        Raw key bits.
    phase_error : float
        Upper bound on the error rate that the key would show in the test basis.
    leak_bits : float
        All bits said about the key, with the verification tag (in the paper
        ``leak_EC + log2(2 / eps_cor)``).
    eps_sec : float
        Secrecy.
    preparation_quality : float
        q.
    """
    return n * (preparation_quality - entropy_bound(phase_error)) - leak_bits - 2 * log2(1 / eps_sec)


class _Theorem2(EntanglementProof):
    """Theorem 2 with one or the other bound on the phase error."""

    @abstractmethod
    def phase_error(self, sample: Sample) -> float:
        """Bound the error rate that the key would show in the test basis."""

    def evaluate(self, sample: Sample, leak_bits: float) -> Length:
        """Evaluate Theorem 2."""
        phase_error = self.phase_error(sample)
        eps_sec, quality = self.parameters.eps_sec, self.parameters.preparation_quality
        bits = key_length(sample.key_bits, phase_error, leak_bits, eps_sec, quality)
        return Length(bits, {"phase_error": phase_error})


class Tomamichel2012(_Theorem2):
    """Theorem 2 as published, with Serfling's inequality."""

    name: ClassVar[str] = "tomamichel2012"
    source: ClassVar[str] = "Tomamichel et al., Nat. Commun. 3, 634 (2012), Theorem 2, Eqs. (S3)-(S19)"

    def phase_error(self, sample: Sample) -> float:
        """``Q_tol + mu``."""
        return serfling_phase_error(sample, self.parameters.eps_sec)


class Tomamichel2012Exact(_Theorem2):
    """Theorem 2 with the exact hypergeometric tail in place of Serfling's inequality."""

    name: ClassVar[str] = "tomamichel2012-exact"
    source: ClassVar[str] = (
        Tomamichel2012.source + ", sampling by the exact hypergeometric tail at (eps_sec/4)^2"
    )

    def phase_error(self, sample: Sample) -> float:
        """``e / n``."""
        return exact_phase_error(sample, self.parameters.eps_sec)
