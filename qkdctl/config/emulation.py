"""The ``[emulation]`` table of a scenario: the light and the instruments when there are none.

It belongs to no agreement between the parties: it takes the place of nature.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Le

from drivers.emulation.bench.live_parameters import Angle, DecoyAlice, LiveBb84Scene, LiveBbm92Scene
from drivers.emulation.bench.parameters import (
    Bbm92Scene,
    Clock,
    DecoySource,
    ErrorRate,
    Eve,
    PairParty,
    Receiver,
)
from drivers.emulation.bench.recordings import Recordings, generate_bb84, generate_bbm92
from drivers.emulation.bench.satellite import SatellitePass
from drivers.emulation.bench.scenes import Bb84Scene
from drivers.emulation.bench.way import PLAIN_FIBRE, POLARISATION, Encoding, Fibre, check_way
from postproc.parameters.session import DecoyBb84

TRUE_CLOCK = Clock()


class _Strict:
    """Whoever validates a file against these classes refuses unknown keys and infinities."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True, kw_only=True)
class DecoyEmulation(_Strict):
    """A decoy-state link; slot rate, intensities and Alice's choice of bases are those of the scenario.

    Attributes
    ----------
    duration_s : float
        How long is recorded.
    eve : Eve or None
        Somebody on the line, in recordings that the bench makes.
    fibre_turn_deg : tuple of float
        What the fibre does to the polarisation, live: turns of the Poincaré sphere about S1 (the key basis), S2 (the
        test basis) and S3, one after the other, that a polarisation controller has to undo.
    fibre : Fibre
        Its dispersion, and how the polarisation drifts in it.
    satellite : SatellitePass or None
        Alice flies over Bob: elevation, loss, Doppler shift and fading are those of her pass.
    encoding : Encoding
        Polarisation or time-bins.
    """

    duration_s: Annotated[float, Gt(0), Le(1e5)]
    channel_loss_db: Annotated[float, Ge(0), Le(200)]
    misalignment_error: ErrorRate
    bob: Receiver
    bob_clock: Clock = TRUE_CLOCK
    eve: Eve | None = None
    fibre_turn_deg: tuple[Angle, Angle, Angle] = (0.0, 0.0, 0.0)
    fibre: Fibre = PLAIN_FIBRE
    satellite: SatellitePass | None = None
    encoding: Encoding = POLARISATION

    def __post_init__(self) -> None:
        watched = self.eve is not None
        check_way(self.bob, self.fibre, self.satellite, self.encoding, watched=watched)

    def scene(self, parameters: DecoyBb84) -> Bb84Scene:
        """Set the bench up."""
        return Bb84Scene(
            source=DecoySource(
                slot_rate_hz=parameters.slot_hz,
                intensities=tuple(intensity.mean for intensity in parameters.intensities),
                intensity_probabilities=tuple(intensity.probability for intensity in parameters.intensities),
                key_basis_probability=parameters.key_basis_probability,
            ),
            n_slots=round(self.duration_s * parameters.slot_hz),
            channel_loss_db=self.channel_loss_db,
            misalignment_error=self.misalignment_error,
            bob=self.bob,
            bob_clock=self.bob_clock,
            eve=self.eve,
            fibre=self.fibre,
            satellite=self.satellite,
            encoding=self.encoding,
        )

    def live_scene(self, parameters: DecoyBb84) -> LiveBb84Scene:
        """Set the live bench up: slots, levels and bases are what Alice's transmitter will be told."""
        return LiveBb84Scene(
            alice=DecoyAlice(nominal_mean=parameters.intensities[0].mean),
            channel_loss_db=self.channel_loss_db,
            misalignment_error=self.misalignment_error,
            bob=self.bob,
            bob_clock=self.bob_clock,
            fibre_turn_deg=self.fibre_turn_deg,
            fibre=self.fibre,
            satellite=self.satellite,
            encoding=self.encoding,
        )


@dataclass(frozen=True, kw_only=True)
class PairEmulation(_Strict):
    """An entanglement-based link; see :class:`drivers.emulation.bench.parameters.Bbm92Scene`.

    Attributes
    ----------
    fibre_turn_deg : tuple of float
        What the fibres do to the polarisation of a pair, live, as in a decoy-state link.
    """

    duration_s: Annotated[float, Gt(0), Le(1e5)]
    pair_rate_hz: Annotated[float, Ge(0), Le(1e9)]
    key_error: ErrorRate
    test_error: ErrorRate
    alice: PairParty
    bob: PairParty
    fibre_turn_deg: tuple[Angle, Angle, Angle] = (0.0, 0.0, 0.0)

    def scene(self) -> Bbm92Scene:
        """Set the bench up."""
        fields = self.__dataclass_fields__.keys() - {"fibre_turn_deg"}
        return Bbm92Scene(**{name: getattr(self, name) for name in fields})

    def live_scene(self) -> LiveBbm92Scene:
        """Set the live bench up."""
        fields = self.__dataclass_fields__.keys() - {"duration_s"}
        return LiveBbm92Scene(**{name: getattr(self, name) for name in fields})


Emulation = DecoyEmulation | PairEmulation


def generate(emulation: Emulation, parameters: object, seed: int, directory: Path) -> Recordings:
    """Write what both parties would have recorded."""
    if isinstance(emulation, DecoyEmulation):
        assert isinstance(parameters, DecoyBb84)
        return generate_bb84(emulation.scene(parameters), seed, directory)
    return generate_bbm92(emulation.scene(), seed, directory)
