"""A light path through space: what arrives at a ground station of what a satellite sends.

Sources: Gaussian beams, Saleh and Teich, "Fundamentals of Photonics", ch. 3; jitter of the pointing widens the
averaged beam; the air is taken as plane layers, good to a few percent above 20 degrees. Orders of magnitude:
Liao et al., Nature 549, 43 (2017), 10 urad of divergence, 1 m telescope: 22 dB of spreading over 1200 km.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log10, pi, radians, sin
from typing import Annotated

from annotated_types import Ge, Gt, Interval

LIGHT_M_S = 299_792_458.0


@dataclass(frozen=True, kw_only=True)
class FreeSpace:
    """The optics at both ends, and the air.

    Attributes
    ----------
    wavelength_nm : float
    aperture_m, station_aperture_m : float
        Diameters of the telescopes; the beam's waist is half the satellite's radius, so that hardly anything is cut.
    pointing_urad : float
        Standard deviation of the pointing, along each axis.
    zenith_transmission : float
        Of the air, straight up, on a clear night.
    other_losses_db : float
        Optics and coupling at both ends, and a margin.
    """

    wavelength_nm: Annotated[float, Gt(0)] = 850.0
    aperture_m: Annotated[float, Gt(0)] = 0.3
    station_aperture_m: Annotated[float, Gt(0)] = 1.0
    pointing_urad: Annotated[float, Ge(0)] = 1.0
    zenith_transmission: Annotated[float, Interval(gt=0, le=1)] = 0.8
    other_losses_db: Annotated[float, Ge(0)] = 6.0

    def loss_db(self, range_m: float, elevation_deg: float) -> float:
        """Loss over a path.

        Parameters
        ----------
        range_m : float
            From the satellite to the station.
        elevation_deg : float
            Of the satellite over the station's horizon; above 0.
        """
        return self.spreading_db(range_m) + self.air_db(elevation_deg) + self.other_losses_db

    def spreading_db(self, range_m: float) -> float:
        """What passes by the station's telescope."""
        waist = self.aperture_m / 4
        divergence = self.wavelength_nm * 1e-9 / (pi * waist)
        # Averaged over Gaussian jitter the beam stays Gaussian, and is wider by twice its standard deviation.
        width_2 = waist**2 + (divergence**2 + (2e-6 * self.pointing_urad) ** 2) * range_m**2
        return _db(1 - exp(-2 * (self.station_aperture_m / 2) ** 2 / width_2))

    def air_db(self, elevation_deg: float) -> float:
        """What the air takes."""
        return _db(self.zenith_transmission) / sin(radians(elevation_deg))


def doppler_ppm(range_rate_m_s: float) -> float:
    """How much faster the sender's clock seems to run, in parts per million; negative while it goes away."""
    return -range_rate_m_s / LIGHT_M_S * 1e6


def _db(transmission: float) -> float:
    return -10 * log10(transmission)
