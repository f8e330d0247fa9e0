"""A satellite's pass over the receiver: how far it is, how fast that changes, what of its light arrives.

The orbit is a circle and the Earth a sphere that stands still, which is good to a few percent of the duration. What
arrives is worked out in :mod:`~drivers.emulation.bench.free_space`, with the pointing's jitter drawn for each block. A
transmitter's pulse that leaves at t arrives at ``t + range(t) / c``, exactly.

Source of the geometry: O. Montenbruck and E. Gill, "Satellite Orbits" (2000), ch. 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import acos, asin, cos, inf, log10, pi, radians, sqrt
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray

from drivers.emulation.bench.detection import Times
from drivers.emulation.bench.free_space import LightPath
from drivers.emulation.bench.parameters import NonNegative, Positive, _Strict
from drivers.emulation.bench.seeds import stream
from postproc.timetags.types import PICOSECONDS_PER_SECOND

EARTH_KM = 6371.0
EARTH_KM3_S2 = 398_600.4418
LIGHT_KM_S = 299_792.458
Seconds = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SatellitePass(_Strict):
    """One pass.

    Attributes
    ----------
    altitude_km : float
    culmination_deg : float
        Highest elevation; 90 for a pass through the zenith.
    rises_at_s : float
        Bench time when it comes over the horizon of the link.
    horizon_deg : float
        Below this elevation there is no link.
    divergence_urad : float
        Full divergence of the beam: a disc of ``divergence * range``, as bright as the beam on its axis, would hold it.
    aperture_m : float
        Diameter of the receiver's telescope.
    zenith_transmission : float
        Of the air, straight up.
    pointing_urad : float
        Standard deviation of the pointing about each axis, anew in each block of 20 ms; 0 for none.
    optics_db : float
        Loss of all else.
    """

    altitude_km: Annotated[float, Interval(ge=160, le=50_000)] = 500.0
    culmination_deg: Annotated[float, Interval(gt=0, le=90)] = 90.0
    rises_at_s: Annotated[float, Ge(0)] = 0.0
    horizon_deg: Annotated[float, Interval(ge=0, lt=90)] = 10.0
    divergence_urad: Annotated[float, Gt(0)] = 10.0
    aperture_m: Positive = 1.0
    zenith_transmission: Annotated[float, Interval(gt=0, le=1)] = 0.7
    pointing_urad: NonNegative = 0.0
    optics_db: NonNegative = 0.0

    def __post_init__(self) -> None:
        if self.culmination_deg <= self.horizon_deg:
            raise ValueError(
                f"the satellite culminates at {self.culmination_deg:g} degrees and never comes over the horizon of "
                f"{self.horizon_deg:g}"
            )

    @cached_property
    def culminates_at_s(self) -> float:
        """Bench time of the highest elevation."""
        return self.rises_at_s + self.duration_s / 2

    @cached_property
    def duration_s(self) -> float:
        """How long it stands over the horizon."""
        along = cos(self._central_angle(self.horizon_deg)) / cos(self._central_angle(self.culmination_deg))
        return 2 * acos(along) / self._pace

    def range_km(self, time_s: Seconds) -> Seconds:
        """Distance at times of the bench."""
        orbit = EARTH_KM + self.altitude_km
        ranges: Seconds = np.sqrt(EARTH_KM**2 + orbit**2 - 2 * EARTH_KM * orbit * self._cosine(time_s))
        return ranges

    def elevation_deg(self, time_s: Seconds) -> Seconds:
        """Elevation at times of the bench."""
        orbit = EARTH_KM + self.altitude_km
        sine = (orbit * self._cosine(time_s) - EARTH_KM) / self.range_km(time_s)
        return np.rad2deg(np.arcsin(sine))

    def delay_ps(self, departure_ps: Times) -> Times:
        """Time of flight of what departs at times of the bench."""
        time_s = departure_ps / PICOSECONDS_PER_SECOND
        flight_s = self.range_km(time_s) / LIGHT_KM_S
        return np.rint(flight_s * PICOSECONDS_PER_SECOND).astype(np.int64)

    def mean_loss_db(self, time_s: float) -> float:
        """Loss, the jitter of the pointing left out; infinite below the horizon."""
        at = np.array([time_s])
        elevation_deg, range_km = float(self.elevation_deg(at)[0]), float(self.range_km(at)[0])
        # The horizon's own instant is in, whatever the last digit says.
        if elevation_deg < self.horizon_deg - 1e-9:
            return inf
        return self.light.aimed_loss_db(1e3 * range_km, elevation_deg)

    @cached_property
    def light(self) -> LightPath:
        """The way of its light."""
        return LightPath(
            divergence_urad=self.divergence_urad,
            aperture_m=self.aperture_m,
            zenith_transmission=self.zenith_transmission,
            pointing_urad=self.pointing_urad,
            other_losses_db=self.optics_db,
        )

    def fading(self, seed: int, block: int) -> float:
        """Share of the light that the pointing lets arrive in a block; its distribution is a beta."""
        if not self.pointing_urad:
            return 1.0
        return float(stream(seed, "pointing", block).random() ** (1 / self.light.beta))

    def loss_db(self, seed: int, block: int, time_s: float) -> float:
        """Loss in a block in whose middle it is such a time."""
        share = self.fading(seed, block)
        return self.mean_loss_db(time_s) - (10 * log10(share) if share > 0 else -inf)

    @property
    def _pace(self) -> float:
        """Radians a second along the orbit."""
        return sqrt(EARTH_KM3_S2 / (EARTH_KM + self.altitude_km) ** 3)

    def _central_angle(self, elevation_deg: float) -> float:
        """Between receiver and satellite, seen from the Earth's centre, where the satellite stands so high."""
        elevation = radians(elevation_deg)
        return pi / 2 - elevation - asin(EARTH_KM / (EARTH_KM + self.altitude_km) * cos(elevation))

    def _cosine(self, time_s: Seconds) -> Seconds:
        """Cosine of that angle at times of the bench."""
        along = self._pace * (time_s - self.culminates_at_s)
        cosine: Seconds = np.cos(self._central_angle(self.culmination_deg)) * np.cos(along)
        return cosine
