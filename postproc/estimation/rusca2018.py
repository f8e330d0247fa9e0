r"""Proof ``rusca2018``: decoy-state BB84 with one decoy.

**Statement.** D. Rusca, A. Boaron, F. Gruenenfelder, A. Martin, H. Zbinden, "Finite-key analysis for the
1-decoy state QKD protocol", Appl. Phys. Lett. 112, 171104 (2018), App. A (arXiv:1801.03443). Against
general attacks, a block that passes the agreed test yields a key that is eps_sec-secret, of the length

.. math:: \ell = \lfloor s^l_{Z,0} + s^l_{Z,1}(1 - h(\phi_Z)) - leak - 6\log_2(19/\epsilon_{sec}) \rfloor .

The paper's Z is the key basis here and its X the test basis. Both intensities make key.

======================================  ====================================================================
term                                    where it comes from
======================================  ====================================================================
:math:`s^l_{Z,0}`                       vacuum events from below, by the two intensities
:math:`s^u_{Z,0}`                       vacuum events from above: half of them are errors, and they cannot
                                        make more errors than were counted *in the key basis*. Any intensity
                                        bounds them; the smallest bound is taken, and the number of
                                        detections caps it
:math:`s^l_{Z,1}`                       single-photon events from below, with :math:`s^u_{Z,0}`
:math:`\phi_Z`                          phase error rate: as in :mod:`postproc.estimation.lim2014`, with the
                                        exact tail at :math:`\epsilon_{sec}/19`
:math:`leak`                            all bits said about the key, with the tag as really sent, and with
                                        the errors per intensity that Bob announces
:math:`6\log_2(19/\epsilon_{sec})`      as in Lim 2014, with 19 equal parts of eps_sec
======================================  ====================================================================

Two readings of the print: :math:`n^\pm` and :math:`m^\pm` carry :math:`e^k/p_k` as in Lim 2014 (A18 omits
it), and the constant under gamma's logarithm is :math:`21^2`, although the epsilon is divided by 19: the
larger value, and the cautious one. ``gamma_terms`` changes it.

**Epsilon.** 19 equal parts: sampling, two chain rules and hashing count 9 as in Lim 2014, and 10 are left
for tails. With two intensities "one expectation is higher than the bound" and "the other is lower" are the
same event, for their sum is what was counted. So n spends one part a basis, the errors two a basis (one a
direction, which pays for taking the smaller of two bounds on the vacuum), and "half of the vacuum events
are errors" one a basis: 8 of the 10.

**Vacuum errors.** That half of the vacuum events are errors holds because Alice's bit is uniform and an
empty pulse carries none of it. It would fail for a source of three states (``four-states``).

**Clamps**, **refused**, and **fixed length** are as in :mod:`postproc.estimation.lim2014`; refused are here
any number of intensities but two, means that violate mu1 > mu2 > 0 (a vacuum tells nothing of single photons),
and statistics without the errors of the key basis. One thing more is open: the acceptance test uses key-basis
errors, which exist only after error correction. The paper treats them as known;
:mod:`postproc.estimation.wiesemann2024` gives the 1-decoy protocol an analysis of its own for that reason. Here
the errors are announced after verification and charged as leak, and acceptance is decided after that; that this
order is covered by the 2018 proof is its claim, not ours.
"""

from __future__ import annotations

from math import inf
from typing import ClassVar, NamedTuple

from postproc.errors import ProofError
from postproc.estimation.decoy import DecoyEstimate, DecoyProof, among, six_logarithms
from postproc.estimation.intensities import Intensities, Scaled
from postproc.estimation.parameters import DecoyParameters
from postproc.estimation.sampling import log_failure, published_phase_error, safe_phase_error
from postproc.estimation.spans import high, low
from postproc.estimation.statistics import Statistics
from postproc.estimation.tails import hoeffding, hoeffding_deviation

TERMS = 19
"""Equal parts of eps_sec."""

GAMMA_TERMS = 21
"""The constant whose square stands under gamma's logarithm."""


class RuscaEstimate(DecoyEstimate, frozen=True, kw_only=True):
    """The bounds of Rusca 2018; see :class:`~postproc.estimation.decoy.DecoyEstimate`.

    Attributes
    ----------
    vacuum_max, test_vacuum_max : float
        Upper bounds on the vacuum events in the key basis and in the test basis.
    """

    vacuum_max: float
    test_vacuum_max: float


def estimate(
    statistics: Statistics,
    intensities: Intensities,
    eps_sec: float,
    *,
    gamma_terms: int = GAMMA_TERMS,
    clamp: bool = True,
    among_detections: bool = True,
    safe_sampling: bool = True,
    strict_sampling: bool = False,
) -> RuscaEstimate:
    """Evaluate the bounds of App. A.

    Parameters
    ----------
    statistics : Statistics
        Counts of two intensities, brightest first, with the errors of the key basis.
    intensities : Intensities
        As sent.
    eps_sec : float
        Secrecy.
    gamma_terms : int
        21 as printed, or 19.
    clamp, safe_sampling : bool
        What keys are made with. Both False: the paper, to the letter.
    among_detections : bool
        With `clamp`: no more events than detections; see :func:`~postproc.estimation.decoy.among`.
    strict_sampling : bool
        See :mod:`postproc.estimation.sampling`.
    """
    if statistics.key_errors is None:
        raise ProofError("proof rusca2018 needs the errors of the key basis, which the corrected key tells")
    failure = eps_sec / TERMS
    found = one_decoy(statistics, intensities, failure, clamp=clamp)
    vacuum, single, test_single, wrong = (
        found.vacuum,
        found.single_photons,
        found.test_single_photons,
        found.wrong,
    )
    if clamp:
        detections = (sum(statistics.key), sum(statistics.test)) if among_detections else (inf, inf)
        vacuum, single = among(detections[0], vacuum, single)
        _, test_single = among(detections[1], found.test_vacuum, test_single)
    phase = published_phase_error(eps_sec / gamma_terms, wrong, test_single, single)
    if safe_sampling:
        phase = safe_phase_error(
            phase, log_failure(failure, strict=strict_sampling), wrong, test_single, single
        )
    return RuscaEstimate(
        vacuum=vacuum,
        vacuum_max=found.vacuum_max,
        single_photons=single,
        test_vacuum_max=found.test_vacuum_max,
        test_single_photons=test_single,
        test_single_photon_errors=wrong,
        deviation=phase.deviation,
        phase_error=phase.rate,
    )


class OneDecoy(NamedTuple):
    """Bounds on the events of both bases, before they are held to the detections.

    Attributes
    ----------
    vacuum, vacuum_max : float
        Vacuum events of the key basis from below and above.
    single_photons : float
        Single-photon events of the key basis from below.
    test_vacuum, test_vacuum_max, test_single_photons : float
        The same of the test basis.
    wrong : float
        Single-photon errors of the test basis from above.
    """

    vacuum: float
    vacuum_max: float
    single_photons: float
    test_vacuum: float
    test_vacuum_max: float
    test_single_photons: float
    wrong: float


def one_decoy(
    statistics: Statistics, intensities: Intensities, failure: float, *, clamp: bool, cap: bool = False
) -> OneDecoy:
    """Bound what the counts hold, each tail failing with probability `failure`."""
    assert statistics.key_errors is not None
    bounds: list[float] = []
    for counts, errors in (
        (statistics.key, statistics.key_errors),
        (statistics.test, statistics.test_errors),
    ):
        scaled = intensities.scaled(counts, hoeffding, failure, clamp=clamp, cap=cap)
        most = _vacuum_max(counts, errors, intensities, failure, clamp=clamp, cap=cap)
        bounds += [_vacuum(scaled, intensities), most, _single_photons(scaled, most, intensities)]
    wrong = _single_photon_errors(statistics.test_errors, intensities, failure, clamp=clamp, cap=cap)
    vacuum, most, single, test_vacuum, test_most, test_single = bounds
    return OneDecoy(vacuum, most, single, test_vacuum, test_most, test_single, wrong)


def _vacuum(scaled: list[Scaled], intensities: Intensities) -> float:
    """Vacuum events from below; the paper has the floor of 0."""
    bright, weak = scaled
    mu1, mu2 = intensities.between
    vacuum = intensities.photon_probability(0) * (mu1 * weak.lower - mu2 * bright.upper) / (mu1 - mu2)
    return max(low(vacuum), 0.0)


def _vacuum_max(
    counts: tuple[int, ...],
    errors: tuple[int, ...],
    intensities: Intensities,
    failure: float,
    *,
    clamp: bool,
    cap: bool,
) -> float:
    """Vacuum events from above, by whichever intensity bounds them best."""
    scaled = intensities.scaled(errors, hoeffding, failure, clamp=clamp, cap=cap)
    tau0 = intensities.photon_probability(0)
    # Each is a bound for all means within their spreads, and so is the least of them.
    fewest = min(high(tau0 * bound.upper) for bound in scaled)
    vacuum = 2 * (fewest + hoeffding_deviation(sum(counts), failure))
    return min(vacuum, float(sum(counts))) if clamp else vacuum


def _single_photons(scaled: list[Scaled], vacuum_max: float, intensities: Intensities) -> float:
    """Single-photon events from below."""
    bright, weak = scaled
    mu1, mu2 = intensities.between
    tau0, tau1 = intensities.photon_probability(0), intensities.photon_probability(1)
    ratio = mu2 / mu1
    vacuum = (1 - ratio * ratio) * vacuum_max / tau0
    return low(tau1 / (mu2 * (1 - ratio)) * (weak.lower - ratio * ratio * bright.upper - vacuum))


def _single_photon_errors(
    errors: tuple[int, ...], intensities: Intensities, failure: float, *, clamp: bool, cap: bool
) -> float:
    """Single-photon errors of the test basis from above."""
    bright, weak = intensities.scaled(errors, hoeffding, failure, clamp=clamp, cap=cap)
    mu1, mu2 = intensities.between
    wrong = high(intensities.photon_probability(1) * (bright.upper - weak.lower) / (mu1 - mu2))
    return min(max(wrong, 0.0), float(sum(errors))) if clamp else wrong


def check_intensities(proof: str, intensities: Intensities) -> None:
    """Raise ProofError unless mu1 > mu2 > 0, wherever the means lie."""
    mu1, mu2 = intensities.between
    # What the single-photon events are divided by.
    if not low(mu2 * (1 - mu2 / mu1)) > 0:
        raise ProofError(
            f"proof {proof} needs mu1 > mu2 > 0, got {mu1}, {mu2}: its one decoy must hold photons; raise its "
            "mean, or send the vacuum beside a decoy and name proof lim2014"
        )


class Rusca2018(DecoyProof):
    """The proof of this module."""

    name: ClassVar[str] = "rusca2018"
    source: ClassVar[str] = "Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), App. A (arXiv:1801.03443v2)"
    n_intensities: ClassVar[int] = 2
    needs_key_errors: ClassVar[bool] = True

    def __init__(self, parameters: DecoyParameters) -> None:
        super().__init__(parameters)
        check_intensities(self.name, parameters.intensities)

    @property
    def constant_bits(self) -> float:
        """See :class:`~postproc.estimation.decoy.DecoyProof`."""
        return six_logarithms(self.parameters.eps_sec, TERMS)

    def estimate(self, statistics: Statistics) -> RuscaEstimate:
        """Bound the events of a block, with clamps and safe sampling."""
        self._check_shape(statistics)
        return estimate(
            statistics,
            self.parameters.intensities,
            self.parameters.eps_sec,
            strict_sampling=self.parameters.strict_sampling,
        )
