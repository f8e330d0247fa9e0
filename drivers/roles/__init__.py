"""What an instrument of each kind can do. Everything above the drivers knows these and no driver."""

from __future__ import annotations

from drivers.roles.detection import (
    AvalancheDetector,
    Discriminator,
    Nanowires,
    SinglePhotonDetectors,
    TimeTagger,
)
from drivers.roles.instrument import Instrument
from drivers.roles.light import (
    Attenuator,
    Laser,
    LightSource,
    OpticalSwitch,
    PolarisationController,
    PowerMeter,
    TunableLaser,
)
from drivers.roles.playing import plays
from drivers.roles.preparation import Pattern, RandomSource, StateTransmitter

__all__ = [
    "Attenuator",
    "AvalancheDetector",
    "Discriminator",
    "Instrument",
    "Laser",
    "LightSource",
    "Nanowires",
    "OpticalSwitch",
    "Pattern",
    "PolarisationController",
    "PowerMeter",
    "RandomSource",
    "SinglePhotonDetectors",
    "StateTransmitter",
    "TimeTagger",
    "TunableLaser",
    "plays",
]
