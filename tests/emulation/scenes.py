"""Scenes for the tests of the bench, and how far from theory a count may be."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

import numpy as np

from drivers.emulation.bench.parameters import (
    Bbm92Scene,
    Clock,
    DecoySource,
    Detector,
    PairParty,
    Receiver,
)
from drivers.emulation.bench.scenes import Bb84Scene
from postproc.timetags.types import StateChunk, TagChunk

#: Counts are compared at five standard deviations: a false alarm in 1.7 million comparisons. Seeds are fixed,
#: so a test that passes once passes always.
SIGMAS = 5.0

QUIET = Detector(efficiency=0.6, dark_count_rate_hz=0, jitter_rms_ps=50, dead_time_ps=0)


def receiver(*detectors: Detector, key: float = 0.5) -> Receiver:
    """Four detectors, alike if only one is given."""
    four = detectors if len(detectors) == 4 else detectors * 4
    return Receiver(key_basis_probability=key, detectors=four)  # type: ignore[arg-type]


def bb84(**changes: object) -> Bb84Scene:
    """A short, bright link."""
    source = DecoySource(
        slot_rate_hz=1e8,
        intensities=(0.6, 0.15, 0.001),
        intensity_probabilities=(0.6, 0.3, 0.1),
        key_basis_probability=0.8,
    )
    scene = {
        "source": source,
        "n_slots": 400_000,
        "channel_loss_db": 2.0,
        "misalignment_error": 0.03,
        "bob": receiver(QUIET, key=0.7),
    }
    return Bb84Scene(**(scene | changes))  # type: ignore[arg-type]


def bbm92(**changes: object) -> Bbm92Scene:
    """A short, bright link."""
    scene = {
        "pair_rate_hz": 2e6,
        "duration_s": 0.2,
        "key_error": 0.02,
        "test_error": 0.05,
        "alice": PairParty(receiver=receiver(QUIET, key=0.6), loss_db=1.0),
        "bob": PairParty(receiver=receiver(QUIET, key=0.9), loss_db=3.0, clock=Clock(offset_ps=777)),
    }
    return Bbm92Scene(**(scene | changes))  # type: ignore[arg-type]


def tags(chunks: Iterable[TagChunk]) -> tuple[np.ndarray, np.ndarray]:
    """All times and channels."""
    chunks = list(chunks)
    return np.concatenate([c.time_ps for c in chunks]), np.concatenate([c.channel for c in chunks])


def states(chunks: Iterable[StateChunk]) -> np.ndarray:
    """All states."""
    return np.concatenate([chunk.states for chunk in chunks])


def poissonian(count: int, mean: float) -> bool:
    """Whether a Poisson count fits its mean."""
    return abs(count - mean) <= SIGMAS * sqrt(mean) + 1


def binomial(count: int, trials: int, probability: float) -> bool:
    """Whether a share fits its probability."""
    return abs(count - trials * probability) <= SIGMAS * sqrt(trials * probability * (1 - probability)) + 1
