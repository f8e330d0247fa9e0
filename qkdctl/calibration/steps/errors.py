"""Error rates of both bases, from clicks and the states that were sent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qkdctl.calibration.following import FULL, Sample
from qkdctl.calibration.stand import Stand


class ErrorRates(NamedTuple):
    """Errors and clicks in equal bases, key basis first, of full pulses within the gate.

    Attributes
    ----------
    errors, clicks : tuple of int
    """

    errors: tuple[int, int]
    clicks: tuple[int, int]

    @property
    def rates(self) -> tuple[float, float]:
        """Error rate of each basis; one half where there were no clicks."""
        key, test = (
            errors / clicks if clicks else 0.5
            for errors, clicks in zip(self.errors, self.clicks, strict=True)
        )
        return key, test


def error_rates(stand: Stand, sample: Sample) -> ErrorRates:
    """Compare clicks with what was sent."""
    basis, bit = _outcomes(stand)
    sent = sample.state
    counted = (sent >> np.uint8(2) == FULL) & (np.abs(sample.residual_ps) <= stand.decoy.gate_ps / 2)
    same = counted & ((sent & np.uint8(1)) == basis[sample.channel])
    wrong = (sent >> np.uint8(1) & np.uint8(1)) != bit[sample.channel]
    key, test = (same & (basis[sample.channel] == each) for each in (0, 1))
    return ErrorRates(
        (int((wrong & key).sum()), int((wrong & test).sum())), (int(key.sum()), int(test.sum()))
    )


def _outcomes(stand: Stand) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Tables of basis (2 for none) and bit by channel."""
    basis, bit = np.full(256, 2, np.uint8), np.zeros(256, np.uint8)
    for detector in stand.receiver("bob").detectors:
        basis[detector.channel] = detector.basis == stand.decoy.bases.test
        bit[detector.channel] = detector.bit
    return basis, bit
