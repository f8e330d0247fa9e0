r"""Proof ``tupkary2024``: decoy-state BB84 with two decoys, variable length, detectors that may differ.

**Statement.** D. Tupkary, S. Nahar, P. Sinha, N. Lütkenhaus, "Phase error rate estimation in QKD with
imperfect detectors", arXiv:2408.17349 (Quantum 9, 1937 (2025)). Against coherent attacks, a block of whatever
counts yields a key that is eps_sec-secret, of the length

.. math:: \ell = \lfloor s_1 (1 - h(\phi)) - leak - 2\log_2\frac{1}{2\epsilon_{PA}} \rfloor .

The length is computed from what was observed: there are no thresholds.

======================================  ====================================================================
term                                    where it comes from
======================================  ====================================================================
:math:`s_1`, test :math:`s_1`, v        the two-decoy bounds of Lim 2014 (Eqs. 2 to 4) with Hoeffding's
                                        deviation :math:`\sqrt{(n/2)\ln(2/\epsilon^2)}`
:math:`\phi`                            :math:`(v/s_1 + \gamma_S + \delta_1 + \gamma_1)/(1-\delta_2-\gamma_2)`
:math:`\gamma_S`                        Serfling: :math:`\sqrt{\frac{(c+d)(c+1)}{c^2 d}\ln\frac1\epsilon}`
:math:`\delta_1, \delta_2`              how far the detectors may differ (:class:`DetectorSpread`); 0 for
                                        equal ones
:math:`\gamma_1, \gamma_2`              Hoeffding on a binomial number: :math:`\sqrt{\ln(1/\epsilon)/d}`, 0
                                        where its delta is 0
:math:`leak`                            all bits said about the key, with the tag as really sent
======================================  ====================================================================

**Epsilon.** Nine pairs of tails fail with probability at most :math:`\epsilon^2` each, and so do
Serfling's bound and the two binomial ones: together :math:`\epsilon_{AT}^2 = 12\epsilon^2`. The key is
:math:`2\epsilon_{AT} + \epsilon_{PA}` secret. A third of eps_sec goes to each of the three summands.

**Where the figures come from.** The authors' own program for that paper, read and written anew. It takes a
planned leak; here the leak is what was said. That the number of bits an interactive error correction comes
to say may depend on the key is a **reservation**: the theorem lets it depend on what was announced. Vacuum
events are left out of the length, as there.

**Detectors.** The efficiencies of Bob's detectors may lie anywhere within ``1 +- efficiency`` of a common
value and their dark counts within ``1 +- dark_counts`` of a probability a slot, and Eve may choose anew for
each pulse. With spreads configured, ``equal-detector-efficiency`` is not assumed.

**Refused.** Any number of intensities but three; intensities that violate mu1 > mu2 + mu3; thresholds, which
mean nothing here; a phase error rate of one half or more; a length below 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, log2, sqrt
from typing import ClassVar, Literal

from postproc.errors import ProofError
from postproc.estimation.assumptions import DECOY_ASSUMPTIONS, Assumption
from postproc.estimation.decoy import DecoyProof, among
from postproc.estimation.lim2014 import LimEstimate, check_intensities, events, single_photon_errors
from postproc.estimation.parameters import DecoyParameters, DetectorSpread
from postproc.estimation.sampling import RANDOM
from postproc.estimation.statistics import Statistics
from postproc.estimation.tails import Interval, hoeffding_deviation
from postproc.estimation.wiesemann2024 import serfling

NO_SPREAD = DetectorSpread(efficiency=0.0, dark_counts=0.0, dark_count_probability=0.0)
EVENTS = 12
"""Bounds that may fail: nine pairs of tails, one sampling, two binomial numbers."""


def two_sided(counts: Sequence[int], failure: float) -> list[Interval]:
    """Hoeffding's inequality, both sides together with probability at most ``failure**2``."""
    deviation = hoeffding_deviation(sum(counts), failure**2 / 2)
    return [Interval(n - deviation, n + deviation) for n in counts]


def mismatch(spread: DetectorSpread) -> tuple[float, float]:
    r"""Give :math:`\delta_1` and :math:`\delta_2` of detectors that may differ."""
    least = spread.dark_count_probability * (1 - spread.dark_counts)
    most = spread.dark_count_probability * (1 + spread.dark_counts)
    ratio = (1 - spread.efficiency) / (1 + spread.efficiency)
    lit = (1 - least) ** 2 * (1 - ratio)
    if most == 0:
        return 4 * (1 - sqrt(1 - lit)), lit
    quiet, loud = 1 - (1 - least) ** 2, 1 - (1 - most) ** 2
    # With no dark counts at all at the lower end, nothing is known of what clicks without a photon.
    dark_one = (1 - quiet / loud) * (most * (2 - least) / quiet) if quiet else 1.0
    return max(dark_one, 4 * (1 - sqrt(1 - lit))), max(1 - quiet / loud, lit)


def binomial_deviation(n: float, delta: float, failure: float) -> float:
    """How far a binomial share may exceed `delta`, but for a probability of ``failure**2``."""
    return sqrt(log(1 / failure) / n) if delta > 0 else 0.0


def phase_error(
    wrong: float, test: float, key: float, failure: float, spread: DetectorSpread
) -> tuple[float, float | None]:
    """Give the bound on the phase error rate, at most one half, and its statistical part."""
    if min(test, key) <= 0:
        return RANDOM, None
    one, two = mismatch(spread)
    deviation = serfling(failure, test, key)
    above = wrong / test + deviation + one + binomial_deviation(key, one, failure)
    below = 1 - two - binomial_deviation(key, two, failure)
    return (min(above / below, RANDOM) if below > 0 else RANDOM), deviation


class Tupkary2024(DecoyProof):
    """The proof of this module."""

    name: ClassVar[str] = "tupkary2024"
    source: ClassVar[str] = (
        "Tupkary et al., arXiv:2408.17349 (2024), two decoys, as the authors' program has it"
    )
    n_intensities: ClassVar[int] = 3
    needs_key_errors: ClassVar[bool] = False
    counts_vacuum: ClassVar[bool] = False
    length: ClassVar[Literal["fixed", "variable"]] = "variable"
    assumptions: ClassVar[frozenset[Assumption]] = DECOY_ASSUMPTIONS - {Assumption.FIXED_LENGTH}

    def __init__(self, parameters: DecoyParameters) -> None:
        super().__init__(parameters)
        if parameters.thresholds is not None:
            raise ProofError(
                f"proof {self.name} computes the length from the counts; take the thresholds out, or name a "
                "proof of fixed length"
            )
        check_intensities(self.name, parameters.intensities)
        self._spread = parameters.detector_spread or NO_SPREAD

    @property
    def constant_bits(self) -> float:
        """See :class:`~postproc.estimation.decoy.DecoyProof`."""
        return 2 * log2(1 / (2 * self.parameters.eps_sec / 3))

    def estimate(self, statistics: Statistics) -> LimEstimate:
        """Bound the events of a block."""
        self._check_shape(statistics)
        failure, source = self.parameters.eps_sec / 3 / sqrt(EVENTS), self.parameters.intensities
        key, test, errors = (
            source.scaled(counts, two_sided, failure, clamp=True)
            for counts in (statistics.key, statistics.test, statistics.test_errors)
        )
        vacuum, single = among(sum(statistics.key), *events(key, source))
        test_vacuum, test_single = among(sum(statistics.test), *events(test, source))
        wrong = min(max(single_photon_errors(errors, source), 0.0), float(sum(statistics.test_errors)))
        rate, deviation = phase_error(wrong, test_single, single, failure, self._spread)
        return LimEstimate(
            vacuum=vacuum,
            single_photons=single,
            test_vacuum=test_vacuum,
            test_single_photons=test_single,
            test_single_photon_errors=wrong,
            deviation=deviation,
            phase_error=rate,
        )
