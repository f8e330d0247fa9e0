"""Light's way from a satellite to a ground station: what of it arrives. One model, for the bench and for link budgets.

The beam is Gaussian and far from its waist; its width is told by the disc that the same power would fill with the
brightness that the beam has on its axis. A beam of radius w (where the irradiance is 1/e^2 of the axis's) has
``2 P / (pi w^2)`` there, a disc of diameter d has ``4 P / (pi d^2)``: the same for ``d = sqrt(2) w``. So a telescope
of diameter D gets ``(D / d)^2`` while that is small, and off the axis by r that times ``exp(-2 r^2 / w^2)``. Where
the pointing jitters by sigma about each axis, r is Rayleigh distributed, and what arrives is a share U^(1 / beta) of
that, U uniform, with ``beta = w^2 / (4 (sigma range)^2) = divergence^2 / (8 sigma^2)``: a beta distribution, of mean
``beta / (beta + 1)``. The air is taken as plane layers, good to a few percent above 20 degrees.

Sources: Gaussian beams, Saleh and Teich, "Fundamentals of Photonics", ch. 3; fading, J. H. Shapiro, S. Guha and B. I.
Erkmen, J. Opt. Netw. 4, 501 (2005), and V. P. Vasylyev et al., PRL 108, 220501 (2012). Orders of magnitude: Liao et
al., Nature 549, 43 (2017): 10 urad of divergence, a telescope of 1 m, 22 dB of spreading over 1200 km.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log10, pi, radians, sin, sqrt
from typing import Annotated

from annotated_types import Ge, Gt, Interval

LIGHT_M_S = 299_792_458.0


@dataclass(frozen=True, kw_only=True)
class LightPath:
    """A beam, a telescope, and the air between.

    Attributes
    ----------
    divergence_urad : float
        Full divergence: the disc has a diameter of ``divergence * range``.
    aperture_m : float
        Diameter of the receiver's telescope.
    zenith_transmission : float
        Of the air, straight up.
    pointing_urad : float
        Standard deviation of the pointing about each axis.
    other_losses_db : float
    """

    divergence_urad: float
    aperture_m: float
    zenith_transmission: float
    pointing_urad: float = 0.0
    other_losses_db: float = 0.0

    @property
    def beta(self) -> float:
        """Shape of the fading; infinite for none."""
        wobble = self._wobble
        return 1 / wobble if wobble else inf

    def aimed_loss_db(self, range_m: float, elevation_deg: float) -> float:
        """Loss over a path while the beam's axis meets the telescope.

        Parameters
        ----------
        range_m : float
            From the satellite to the station.
        elevation_deg : float
            Of the satellite over the station's horizon; above 0.
        """
        return self.spreading_db(range_m) + self.air_db(elevation_deg) + self.other_losses_db

    def mean_loss_db(self, range_m: float, elevation_deg: float) -> float:
        """Loss over a path, averaged over the jitter of the pointing."""
        return self.aimed_loss_db(range_m, elevation_deg) + self.pointing_db

    def spreading_db(self, range_m: float) -> float:
        """What passes by the telescope."""
        return 20 * log10(max(self.divergence_urad * 1e-6 * range_m / self.aperture_m, 1.0))

    def air_db(self, elevation_deg: float) -> float:
        """What the air takes."""
        return -10 * log10(self.zenith_transmission) / sin(radians(elevation_deg))

    @property
    def pointing_db(self) -> float:
        """What the jitter of the pointing takes on the average."""
        return 10 * log10(1 + self._wobble)

    @property
    def _wobble(self) -> float:
        """The pointing's variance over the beam's: what the mean share falls short of 1 by, over that share."""
        return 8 * (self.pointing_urad / self.divergence_urad) ** 2


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

    @property
    def path(self) -> LightPath:
        """The way of the light; diffraction settles its divergence."""
        half_angle = self.wavelength_nm * 1e-9 / (pi * self.aperture_m / 4)
        return LightPath(
            divergence_urad=sqrt(2) * half_angle * 1e6,
            aperture_m=self.station_aperture_m,
            zenith_transmission=self.zenith_transmission,
            pointing_urad=self.pointing_urad,
            other_losses_db=self.other_losses_db,
        )


def doppler_ppm(range_rate_m_s: float) -> float:
    """How much faster the sender's clock seems to run, in parts per million; negative while it goes away."""
    return -range_rate_m_s / LIGHT_M_S * 1e6
