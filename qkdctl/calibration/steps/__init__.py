"""The steps of a calibration, in their order: each needs what those before it have set."""

from __future__ import annotations

from qkdctl.calibration.steps.bias import Bias
from qkdctl.calibration.steps.check import Check
from qkdctl.calibration.steps.dead_time import DeadTime
from qkdctl.calibration.steps.delays import Delays
from qkdctl.calibration.steps.mean_photons import MeanPhotons
from qkdctl.calibration.steps.pairs import PairCheck, PairDelays, PairPolarisation
from qkdctl.calibration.steps.polarisation import Polarisation
from qkdctl.calibration.steps.step import Found, Step
from qkdctl.calibration.steps.threshold import Threshold

STEPS: tuple[Step, ...] = (
    Threshold("alice"),
    Threshold("bob"),
    Bias("alice"),
    Bias("bob"),
    MeanPhotons(),
    DeadTime("alice"),
    DeadTime("bob"),
    Delays(),
    Polarisation(),
    Check(),
    PairDelays(),
    PairPolarisation(),
    PairCheck(),
)

__all__ = ["STEPS", "Found", "Step"]
