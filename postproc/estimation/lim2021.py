r"""Proof ``lim2021``: BBM92 with small blocks.

**Statement.** C. C.-W. Lim, F. Xu, J.-W. Pan, A. Ekert, "Security analysis of quantum key distribution with
small block length and its application to quantum space communications", Phys. Rev. Lett. 126, 100501
(2021). Everything is as in :mod:`postproc.estimation.tomamichel_leverrier2017` but for the sampling term:
for any :math:`0 < \xi < \nu`, with m = n + k,

.. math:: \epsilon_{pe}^2 = e^{-2 m k \xi^2/(n+1)} + e^{-2\Gamma((n(\nu-\xi))^2 - 1)}, \quad
   \Gamma = \frac{1}{m(\delta+\xi)+1} + \frac{1}{m - m(\delta+\xi)+1} .

==================  ========================================================================================
term                where it comes from
==================  ========================================================================================
first exponential   Serfling: the error rate of the whole block exceeds the test's by no more than xi
second exponential  D. Hush, C. Scovel, Stat. Probab. Lett. 75, 127 (2005): given that, the key's errors
                    exceed their mean by no more than n(nu - xi); Gamma falls with the errors of the block,
                    so their largest number is the worst
==================  ========================================================================================

**Checked how far.** Agrees with an independent implementation (``tests/vectors``). The formula was taken
from code and follows from the two inequalities; the printed paper was not compared line by line.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import ClassVar

from postproc.estimation.entanglement import Sample
from postproc.estimation.search import maximise
from postproc.estimation.tomamichel_leverrier2017 import Failure, OptimisedDeviation


def hush_scovel_failure(n: int, k: int, qber: float, deviation: float, split: float) -> float:
    """``eps_pe`` at nu = `deviation` and xi = `split`; n key bits, k test bits, error rate `qber`."""
    m = n + k
    errors = m * (qber + split)
    weight = 1 / (errors + 1) + 1 / (m - errors + 1)
    block = exp(-2 * m * k * split * split / (n + 1))
    key = exp(-2 * weight * ((n * (deviation - split)) ** 2 - 1))
    return sqrt(block + key)


def best_split(n: int, k: int, qber: float, deviation: float) -> float:
    """Find the xi that makes ``eps_pe`` smallest, 0 < xi < nu = `deviation`."""
    return maximise(lambda split: -hush_scovel_failure(n, k, qber, deviation, split), 0, deviation)


def best_failure(n: int, k: int, qber: float, deviation: float) -> float:
    """``eps_pe`` at nu = `deviation` and the best xi."""
    return hush_scovel_failure(n, k, qber, deviation, best_split(n, k, qber, deviation))


class Lim2021(OptimisedDeviation):
    """The proof of this module."""

    name: ClassVar[str] = "lim2021"
    source: ClassVar[str] = "Lim, Xu, Pan, Ekert, Phys. Rev. Lett. 126, 100501 (2021)"

    def failure(self, sample: Sample) -> Failure:
        """Serfling's inequality for the block, then Hush and Scovel's for the key."""
        return lambda deviation: best_failure(sample.key_bits, sample.test_bits, sample.qber, deviation)
