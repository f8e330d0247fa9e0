"""Decoy-state BB84 on the bench, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt

from drivers.emulation.bench.parameters import (
    TRUE_CLOCK,
    Clock,
    DecoySource,
    ErrorRate,
    Eve,
    NonNegative,
    Receiver,
    _Strict,
)
from drivers.emulation.bench.satellite import SatellitePass
from drivers.emulation.bench.way import PLAIN_FIBRE, POLARISATION, Encoding, Fibre, check_way


@dataclass(frozen=True, kw_only=True)
class Bb84Scene(_Strict):
    """Decoy-state BB84 from Alice to Bob; bench time is Alice's clock.

    Attributes
    ----------
    source : DecoySource
        Alice.
    n_slots : int
        Pulses sent, from time zero on.
    channel_loss_db : float
        From Alice's output to Bob's beam splitter.
    misalignment_error : float
        Probability that light in the measured basis goes to the wrong detector.
    bob : Receiver
        Bob.
    bob_clock : Clock
        With the time of flight in its offset.
    eve : Eve or None
        If she is there, photons are followed one by one, and it is known which pulses she holds.
    fibre : Fibre
        What it does besides losing light.
    satellite : SatellitePass or None
        Alice flies: her pulses take their time, and lose light on top of the channel's loss.
    encoding : Encoding
        How her states are written into light.
    """

    source: DecoySource
    n_slots: Annotated[int, Gt(0)]
    channel_loss_db: NonNegative
    misalignment_error: ErrorRate
    bob: Receiver
    bob_clock: Clock = TRUE_CLOCK
    eve: Eve | None = None
    fibre: Fibre = PLAIN_FIBRE
    satellite: SatellitePass | None = None
    encoding: Encoding = POLARISATION

    def __post_init__(self) -> None:
        watched = self.eve is not None
        check_way(self.bob, self.fibre, self.satellite, self.encoding, watched=watched)
