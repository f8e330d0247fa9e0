r"""Proof ``wiesemann2024``: decoy-state BB84 with one decoy, the fixed-length treatment repaired.

**Statement.** J. Wiesemann, J. Krause, D. Tupkary, N. Lütkenhaus, D. Rusca, N. Walenta, "A consolidated and
accessible security proof for finite-size decoy-state quantum key distribution", arXiv:2405.16578 (Quantum 10,
2037 (2026)). Against coherent attacks, a block that passes the agreed test yields a key that is
eps_sec-secret, of the length

.. math:: \ell = \lfloor s^-_1 (1 - h(\Lambda^+)) - leak - 4\log_2\frac{15}{2^{1/4}\epsilon_{sec}} \rfloor .

======================================  ====================================================================
term                                    where it comes from
======================================  ====================================================================
:math:`s^\pm_0, s^-_1, v^+_1`           as in Rusca 2018, by Hoeffding's inequality, every bound on an
                                        expectation held to [0, number of events]; the failure probability
                                        of each is :math:`\epsilon_{sec}/15`
:math:`\Lambda^+`                       :math:`v^+_1/s^-_1` of the test basis plus Serfling's deviation
                                        :math:`\sqrt{\frac{c+d}{cd}\frac{c+1}{c}\ln\frac{15}{\epsilon_{sec}}}`,
                                        c single photons of the test basis and d of the key basis
:math:`leak`                            all bits said about the key. In place of the paper's
                                        :math:`\log_2(2/\epsilon_{cor})`, the tag as really sent
:math:`4\log_2(15/2^{1/4}\epsilon_{sec})`  smoothing and the leftover hash lemma
======================================  ====================================================================

**What it repairs.** Fixed-length treatment and acceptance test of the earlier works, and that the statistics
of a one-decoy protocol exist only after error correction: here too the errors per intensity are announced
after verification, and acceptance is decided then.

**Where the figures come from.** The authors' own program (jankhg, "secure key rate simulation 1-decoy BB84"),
whose constants these are; its default, which leaves the vacuum events out of the length, is kept. How the 15
parts of eps_sec divide was not compared line by line with the printed proof. That program does one decoy; the
constants of the paper's two-decoy protocol are not known to us, and there is no proof of that name here.

**Serfling.** Unlike Fung's approximation in Rusca 2018 it is a bound for every number of errors, and its
probability is the *square* of the one that enters the logarithm: the strict reading of
:mod:`postproc.estimation.sampling`, which needs no repair.

**Refused** is as in :mod:`postproc.estimation.rusca2018`.
"""

from __future__ import annotations

from math import log, log2, sqrt
from typing import ClassVar

from postproc.errors import ProofError
from postproc.estimation.decoy import DecoyProof, among
from postproc.estimation.intensities import Intensities
from postproc.estimation.parameters import DecoyParameters
from postproc.estimation.rusca2018 import RuscaEstimate, check_intensities, one_decoy
from postproc.estimation.sampling import RANDOM
from postproc.estimation.statistics import Statistics

TERMS = 15
"""Equal parts of eps_sec."""


def serfling(failure: float, test: float, key: float) -> float:
    r"""Serfling's deviation: exceeded with probability at most ``failure**2``.

    :math:`\sqrt{\frac{c+d}{cd}\frac{c+1}{c}\ln\frac1\epsilon}` for a sample of c out of c + d.
    """
    return sqrt((test + key) / (test * key) * (test + 1) / test * log(1 / failure))


def estimate(statistics: Statistics, intensities: Intensities, eps_sec: float) -> RuscaEstimate:
    """Bound the events of a block; see the module's table."""
    if statistics.key_errors is None:
        raise ProofError(
            "proof wiesemann2024 needs the errors of the key basis, which the corrected key tells"
        )
    failure = eps_sec / TERMS
    found = one_decoy(statistics, intensities, failure, clamp=True, cap=True)
    _, single = among(sum(statistics.key), 0.0, found.single_photons)
    _, test_single = among(sum(statistics.test), 0.0, found.test_single_photons)
    rate, deviation = RANDOM, None
    if min(single, test_single) > 0:
        deviation = serfling(failure, test_single, single)
        rate = min(min(found.wrong / test_single, RANDOM) + deviation, RANDOM)
    return RuscaEstimate(
        vacuum=found.vacuum,
        vacuum_max=found.vacuum_max,
        single_photons=single,
        test_vacuum_max=found.test_vacuum_max,
        test_single_photons=test_single,
        test_single_photon_errors=found.wrong,
        deviation=deviation,
        phase_error=rate,
    )


class Wiesemann2024(DecoyProof):
    """The proof of this module."""

    name: ClassVar[str] = "wiesemann2024"
    source: ClassVar[str] = (
        "Wiesemann et al., arXiv:2405.16578 (2024), one decoy, as the authors' program has it"
    )
    n_intensities: ClassVar[int] = 2
    needs_key_errors: ClassVar[bool] = True
    counts_vacuum: ClassVar[bool] = False

    def __init__(self, parameters: DecoyParameters) -> None:
        super().__init__(parameters)
        check_intensities(self.name, parameters.intensities)

    @property
    def constant_bits(self) -> float:
        """See :class:`~postproc.estimation.decoy.DecoyProof`."""
        return 4 * log2(TERMS / (self.parameters.eps_sec * 2**0.25))

    def estimate(self, statistics: Statistics) -> RuscaEstimate:
        """Bound the events of a block."""
        self._check_shape(statistics)
        return estimate(statistics, self.parameters.intensities, self.parameters.eps_sec)
