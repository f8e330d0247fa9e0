r"""Proof ``lim2014``: decoy-state BB84 with two decoys.

**Statement.** C. C. W. Lim, M. Curty, N. Walenta, F. Xu, H. Zbinden, "Concise security bounds for practical
decoy-state quantum key distribution", Phys. Rev. A 89, 022307 (2014). Against general (coherent) attacks, a
block that passes the agreed test yields a key that is eps_sec-secret, of the length

.. math:: \ell = \lfloor s_{X,0} + s_{X,1}(1 - h(\phi_X)) - leak - 6\log_2(21/\epsilon_{sec}) \rfloor .

The paper's X is the key basis here and its Z the test basis. All intensities make key.

======================================  ====================================================================
term                                    where it comes from
======================================  ====================================================================
:math:`s_{X,0}`                         vacuum events, Eqs. (2), (A4): Eve knows nothing of their bits
:math:`s_{X,1}`                         single-photon events, Eqs. (3), (A5)
:math:`\phi_X`                          phase error rate: test errors, Eqs. (4), (A6), carried over by
                                        random sampling, Eqs. (5), (B2); raised to the exact hypergeometric
                                        tail at :math:`\epsilon_{sec}/21` where that is larger
                                        (``sampling.py``)
:math:`leak`                            all bits said about the key. The paper's :math:`\lambda_{EC}` and,
                                        in place of its :math:`\log_2(2/\epsilon_{cor})`, the tag as really
                                        sent
:math:`6\log_2(21/\epsilon_{sec})`      Eq. (B3) with :math:`\beta = (\alpha_2 \alpha_3 \nu)^2`: two chain
                                        rules and the leftover hash lemma
======================================  ====================================================================

**Epsilon.** Eq. (B4): :math:`\epsilon_{sec} = 2[2\alpha_1 + \alpha_2 + \alpha_3] + \nu + 10\epsilon_1 +
2\epsilon_2`, all equal, hence 21: sampling, two chain rules and hashing count 9, the five tails of n in
each basis 10, the two tails of m count 2. Correctness is the collision bound of the verification hash,
whoever computes it. Tails: Hoeffding, one deviation for all intensities (Eq. A1).

**Clamps** (:func:`estimate` with ``clamp``, always on for keys). Expectations and numbers of events are not
negative, vacuum and single-photon events are not more than the detections, and no more single-photon errors
can have happened than errors were counted. These are facts and cost no epsilon; the paper leaves them out,
and ``clamp=False`` gives its formulas literally (but never fewer than 0 vacuum events).

**Refused.** Any number of intensities but three; intensities that violate mu1 > mu2 + mu3, mu2 > mu3 >= 0;
a block outside the thresholds; a phase error rate of one half or more; a length below 1.

**Fixed length: what is proven and what is not.** The thresholds are on the *bounds*, so the argument is one
of joint events: "the block is accepted" together with "the true numbers are worse than the thresholds"
implies that one of the tails above failed, and the sum of the failures is in eps_sec however rarely the
test passes. The length is then the formula at the thresholds. The paper itself evaluates the formula at the
observed counts and fixes only the phase error, and repeats its steps "until" counts are reached; Wiesemann
et al., arXiv:2405.16578, call the fixed-length treatment and the acceptance tests of earlier work flawed
and prove a repaired protocol with other constants (15 in place of 21). Their proof is not implemented here.
What remains open in this one: the sampling probability (``strict_sampling``), and the conditioning inside
the entropy terms, which the paper does in words. Without thresholds (``fixed-length`` waived) no published
theorem stands behind the number: a demonstration.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import ClassVar

from postproc.errors import ProofError
from postproc.estimation.decoy import DecoyEstimate, DecoyProof, among, six_logarithms
from postproc.estimation.intensities import Intensities, Scaled
from postproc.estimation.parameters import DecoyParameters
from postproc.estimation.sampling import log_failure, published_phase_error, safe_phase_error
from postproc.estimation.spans import high, low
from postproc.estimation.statistics import Statistics
from postproc.estimation.tails import Interval, Tail, chernoff_root, hoeffding

TERMS = 21
"""Equal parts of eps_sec, Eq. (B4)."""


class LimEstimate(DecoyEstimate, frozen=True, kw_only=True):
    """The bounds of Lim 2014; see :class:`~postproc.estimation.decoy.DecoyEstimate`.

    Attributes
    ----------
    test_vacuum : float
        Lower bound on the vacuum events in the test basis.
    """

    test_vacuum: float


def estimate(
    statistics: Statistics,
    intensities: Intensities,
    eps_sec: float,
    *,
    tail: Tail = hoeffding,
    clamp: bool = True,
    among_detections: bool = True,
    safe_sampling: bool = True,
    strict_sampling: bool = False,
) -> LimEstimate:
    """Evaluate Eqs. (2) to (5).

    Parameters
    ----------
    statistics : Statistics
        Counts of three intensities, brightest first.
    intensities : Intensities
        As sent.
    eps_sec : float
        Secrecy.
    tail : Tail
        Inequality between counts and expectations; the paper has Hoeffding's.
    clamp, safe_sampling : bool
        What keys are made with. Both False: the paper, to the letter.
    among_detections : bool
        With `clamp`: no more events than detections; see :func:`~postproc.estimation.decoy.among`.
    strict_sampling : bool
        See :mod:`postproc.estimation.sampling`.
    """
    failure = eps_sec / TERMS
    key, test, errors = (
        intensities.scaled(counts, tail, failure, clamp=clamp)
        for counts in (statistics.key, statistics.test, statistics.test_errors)
    )
    vacuum, single = events(key, intensities)
    test_vacuum, test_single = events(test, intensities)
    wrong = single_photon_errors(errors, intensities)
    if clamp:
        detections = (sum(statistics.key), sum(statistics.test)) if among_detections else (inf, inf)
        vacuum, single = among(detections[0], vacuum, single)
        test_vacuum, test_single = among(detections[1], test_vacuum, test_single)
        wrong = min(max(wrong, 0.0), float(sum(statistics.test_errors)))
    phase = published_phase_error(failure, wrong, test_single, single)
    if safe_sampling:
        phase = safe_phase_error(
            phase, log_failure(failure, strict=strict_sampling), wrong, test_single, single
        )
    return LimEstimate(
        vacuum=vacuum,
        single_photons=single,
        test_vacuum=test_vacuum,
        test_single_photons=test_single,
        test_single_photon_errors=wrong,
        deviation=phase.deviation,
        phase_error=phase.rate,
    )


def events(scaled: list[Scaled], intensities: Intensities) -> tuple[float, float]:
    """Vacuum events (not below 0) and single-photon events of one basis from below, Eqs. (2) and (3)."""
    bright, weak, vacuum_like = scaled
    mu1, mu2, mu3 = intensities.between
    tau0, tau1 = intensities.photon_probability(0), intensities.photon_probability(1)
    vacuum = max(low(tau0 * (mu2 * vacuum_like.lower - mu3 * weak.upper) / (mu2 - mu3)), 0.0)
    # The paper's mu1 (mu2 - mu3) - mu2^2 + mu3^2 and mu2^2 - mu3^2 in factors: sharper where means are spans.
    multi = (mu2 - mu3) * (mu2 + mu3) / (mu1 * mu1) * (bright.upper - vacuum / tau0)
    single = tau1 * (weak.lower - vacuum_like.upper - multi) / ((mu2 - mu3) * (1 - (mu2 + mu3) / mu1))
    return vacuum, low(single)


def single_photon_errors(scaled: list[Scaled], intensities: Intensities) -> float:
    """Single-photon errors from above, Eq. (4)."""
    _, weak, vacuum_like = scaled
    _, mu2, mu3 = intensities.between
    return high(intensities.photon_probability(1) * (weak.upper - vacuum_like.lower) / (mu2 - mu3))


def check_intensities(proof: str, intensities: Intensities) -> None:
    """Raise ProofError unless mu1 > mu2 + mu3, wherever the means lie."""
    mu1, mu2, mu3 = intensities.between
    if not low(mu1 - (mu2 + mu3)) > 0:
        raise ProofError(f"proof {proof} needs mu1 > mu2 + mu3, got {mu1}, {mu2}, {mu3}")


class Lim2014(DecoyProof):
    """The proof of this module."""

    name: ClassVar[str] = "lim2014"
    source: ClassVar[str] = "Lim et al., Phys. Rev. A 89, 022307 (2014), Eqs. (1)-(5), (A1)-(A10), (B1)-(B4)"
    n_intensities: ClassVar[int] = 3
    needs_key_errors: ClassVar[bool] = False

    def __init__(self, parameters: DecoyParameters) -> None:
        super().__init__(parameters)
        check_intensities(self.name, parameters.intensities)

    def tail(self, counts: Sequence[int], failure: float) -> list[Interval]:
        """Hoeffding's inequality, Eq. (A1)."""
        return hoeffding(counts, failure)

    @property
    def constant_bits(self) -> float:
        """See :class:`~postproc.estimation.decoy.DecoyProof`."""
        return six_logarithms(self.parameters.eps_sec, TERMS)

    def estimate(self, statistics: Statistics) -> LimEstimate:
        """Bound the events of a block by Eqs. (2) to (5), with clamps and safe sampling."""
        self._check_shape(statistics)
        return estimate(
            statistics,
            self.parameters.intensities,
            self.parameters.eps_sec,
            tail=self.tail,
            strict_sampling=self.parameters.strict_sampling,
        )


class Lim2014Chernoff(Lim2014):
    """Proof ``lim2014-chernoff``: the same theorem with the tails of Chernoff's inequality.

    Each count is bounded by itself (:func:`~postproc.estimation.tails.chernoff_root`), which is tighter for
    the weak intensities. Independence, the number of tails and so eps_sec are those of Lim 2014. Sidhu et
    al., npj Quantum Inf. 8, 18 (2022) use Lim 2014 so, with the looser closed form.
    """

    name: ClassVar[str] = "lim2014-chernoff"
    source: ClassVar[str] = (
        Lim2014.source + " with Chernoff tails as in Sidhu et al., npj Quantum Inf. 8, 18 (2022)"
    )

    def tail(self, counts: Sequence[int], failure: float) -> list[Interval]:
        """Chernoff's inequality."""
        return chernoff_root(counts, failure)
