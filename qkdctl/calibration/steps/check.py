"""What all of it came to: error rates, counts, and what of them is noise; nothing is set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postproc.errors import SynchronisationFailed
from qkdctl.calibration.following import Sample, follow
from qkdctl.calibration.stand import Stand
from qkdctl.calibration.steps.errors import ErrorRates, error_rates
from qkdctl.calibration.steps.step import Found, prepares_and_measures, stand_at
from qkdctl.config.scenario import Scenario

PLACES = ("alice.transmitter", "bob.tagger")
ENOUGH, LONGEST_S = 200_000, 5.0
USUAL = 0.05
"""Errors above, and no proof makes a good key."""


class Check:
    """A last look."""

    name = "check"
    what = "measure error rates and counts as a session will see them"

    def fits(self, scenario: Scenario) -> bool:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        return prepares_and_measures(scenario) and stand_at(scenario, *PLACES)

    def run(self, stand: Stand) -> Found:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        try:
            delay_ps, sample = follow(stand, ENOUGH, LONGEST_S)
        except SynchronisationFailed as error:
            return Found(False, f"the slots were not found: {error}", ADVICE, places=PLACES)
        return _judge(stand, sample, error_rates(stand, sample), _skew_ps(stand, delay_ps))


def _skew_ps(stand: Stand, delay_ps: NDArray[np.int64]) -> float:
    """How far the detectors' delays lie from what is agreed, apart from what they have in common."""
    off = np.array([delay_ps[each.channel] - each.delay_ps for each in stand.receiver("bob").detectors])
    return float(np.abs(off - off.mean()).max())


def _judge(stand: Stand, sample: Sample, found: ErrorRates, skew_ps: float) -> Found:
    key, test = found.rates
    inside = np.abs(sample.residual_ps) <= stand.decoy.gate_ps / 2
    dark = sample.state >> np.uint8(2) != 0
    # Dark slots are half of all, and what is counted in them would be counted in full ones too.
    noise = int((inside & dark).sum()) / max(int((inside & ~dark).sum()), 1)
    counts_hz = len(sample.channel) / max(sample.duration_s, 1e-9)
    figures = {"qber_key": key, "qber_test": test, "count_rate_hz": counts_hz, "noise_share": noise}
    figures |= {"delay_off_ps": skew_ps, "matched_hz": sum(found.clicks) / max(sample.duration_s, 1e-9)}
    verdict = f"errors {key:.2%} and {test:.2%}, {counts_hz:,.0f} counts a second, {noise:.2%} of them noise"
    good = max(key, test) <= USUAL and skew_ps <= stand.decoy.gate_ps / 2
    if skew_ps > stand.decoy.gate_ps / 2:
        verdict += f"; delays are {skew_ps / 1000:.1f} ns off"
    return Found(good, verdict, "" if good else ADVICE, figures=figures, places=PLACES)


ADVICE = "Calibrate what is not good yet; qkdctl calibrate without --only takes every step in order."
