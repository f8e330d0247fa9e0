"""What stands on the live bench, in numbers; see :mod:`drivers.emulation.bench.parameters` for the style.

Set as the `nominal` figures say, the bench gives the light that a scenario asks for. Set otherwise, it
gives what physics says.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, exp, expm1
from typing import Annotated

from annotated_types import Gt, Interval

from drivers.emulation.bench.parameters import (
    TRUE_CLOCK,
    Clock,
    Detector,
    ErrorRate,
    NonNegative,
    PairParty,
    Positive,
    Receiver,
    _Strict,
)
from drivers.emulation.bench.satellite import SatellitePass
from drivers.emulation.bench.way import PLAIN_FIBRE, POLARISATION, Encoding, Fibre, check_way

Angle = Annotated[float, Interval(ge=-180, le=180)]


@dataclass(frozen=True, kw_only=True)
class LaserDiode(_Strict):
    """A laser diode: no light up to its threshold, then light in proportion.

    Attributes
    ----------
    threshold_ma : float
        Where it begins to lase.
    nominal_ma : float
        Current of its nominal power.
    photodiode_ma_per_ma : float
        What its monitor photodiode gives for each mA above the threshold.
    """

    threshold_ma: NonNegative = 10.0
    nominal_ma: Positive = 40.0
    photodiode_ma_per_ma: NonNegative = 0.01

    def __post_init__(self) -> None:
        if self.nominal_ma <= self.threshold_ma:
            raise ValueError(
                f"the laser does not lase at {self.nominal_ma} mA, its threshold is {self.threshold_ma} mA"
            )

    def relative_power(self, current_ma: float) -> float:
        """Power in units of the nominal one."""
        return max(current_ma - self.threshold_ma, 0.0) / (self.nominal_ma - self.threshold_ma)


@dataclass(frozen=True, kw_only=True)
class Nanowire(_Strict):
    """How a superconducting nanowire depends on its bias current.

    Efficiency saturates as an error function, dark counts grow exponentially, and above the switching
    current it latches: it stays resistive and counts nothing until the bias is taken away.

    Attributes
    ----------
    nominal_ua : float
        Bias at which efficiency and dark counts are those of the `Detector`.
    half_ua, width_ua : float
        Where the error function is at half, and its width.
    dark_scale_ua : float
        Bias step by which dark counts grow e-fold.
    switching_ua, return_ua : float
        Above the one it latches, below the other it comes back.
    line_kohm, hot_kohm : float
        Resistance of its line, and of the wire itself where it is hot: latched, or blinded by bright light (L.
        Lydersen et al., New J. Phys. 13, 113042 (2011)).
    """

    nominal_ua: Positive = 15.0
    half_ua: Positive = 9.0
    width_ua: Positive = 2.5
    dark_scale_ua: Positive = 1.2
    switching_ua: Positive = 22.0
    return_ua: Positive = 3.0
    line_kohm: Positive = 10.0
    hot_kohm: NonNegative = 40.0

    def biased(self, detector: Detector, current_ua: float) -> tuple[float, float]:
        """Efficiency and dark count rate in Hz of a detector under a bias."""
        if current_ua <= 0:
            return 0.0, 0.0
        efficiency = detector.efficiency * self._saturation(current_ua) / self._saturation(self.nominal_ua)
        dark_hz = detector.dark_count_rate_hz * exp((current_ua - self.nominal_ua) / self.dark_scale_ua)
        return min(efficiency, 1.0), dark_hz

    def _saturation(self, current_ua: float) -> float:
        return (1 + erf((current_ua - self.half_ua) / self.width_ua)) / 2


@dataclass(frozen=True, kw_only=True)
class Avalanche(_Strict):
    """How an avalanche diode depends on its excess bias and temperature.

    Efficiency saturates exponentially with the voltage above breakdown; dark counts grow exponentially with it, and
    double for every few kelvin.

    Attributes
    ----------
    nominal_v, nominal_c : float
        Excess bias and temperature at which efficiency and dark counts are those of the `Detector`.
    scale_v : float
        Excess bias at which 63 % of the highest efficiency are reached.
    dark_scale_v : float
        Step of excess bias by which dark counts grow e-fold.
    doubling_c : float
        Step of temperature by which dark counts double.
    """

    nominal_v: Positive = 5.0
    nominal_c: float = -40.0
    scale_v: Positive = 3.0
    dark_scale_v: Positive = 4.0
    doubling_c: Positive = 8.0

    def biased(self, detector: Detector, excess_v: float, temperature_c: float) -> tuple[float, float]:
        """Efficiency and dark count rate in Hz of a detector under an excess bias."""
        if excess_v <= 0:
            return 0.0, 0.0
        efficiency = (
            detector.efficiency * expm1(-excess_v / self.scale_v) / expm1(-self.nominal_v / self.scale_v)
        )
        warmer = 2 ** ((temperature_c - self.nominal_c) / self.doubling_c)
        dark_hz = detector.dark_count_rate_hz * exp((excess_v - self.nominal_v) / self.dark_scale_v) * warmer
        return min(efficiency, 1.0), dark_hz


LASER_DIODE = LaserDiode()
NANOWIRE = Nanowire()
AVALANCHE = Avalanche()


@dataclass(frozen=True, kw_only=True)
class DecoyAlice(_Strict):
    """Alice's optics: pulsed laser, modulators, monitor tap, attenuator.

    Attributes
    ----------
    nominal_mean : float
        Mean photon number of the brightest pulses at her output, with laser and attenuator at their nominal
        settings.
    nominal_attenuation_db : float
        The attenuator's.
    laser : LaserDiode
    extinction_db : float
        Lowest level the modulators reach, below the brightest; asked for less, they give this.
    intensity_fluctuation : float
        Relative standard deviation of the pulse energy from one block of bench time to the next.
    monitor_share : float
        Part of the light ahead of the attenuator that goes to the power meter; the nominal mean counts it as
        gone.
    monitor_noise : float
        Relative standard deviation of the power meter's readings.
    wavelength_nm : float
    """

    nominal_mean: Positive
    nominal_attenuation_db: NonNegative = 40.0
    laser: LaserDiode = LASER_DIODE
    extinction_db: Annotated[float, Gt(0)] = 40.0
    intensity_fluctuation: Annotated[float, Interval(ge=0, le=0.3)] = 0.0
    monitor_share: Annotated[float, Interval(gt=0, lt=1)] = 0.5
    monitor_noise: Annotated[float, Interval(ge=0, le=0.3)] = 0.002
    wavelength_nm: Annotated[float, Interval(ge=300, le=3000)] = 1550.0


@dataclass(frozen=True, kw_only=True)
class LiveBb84Scene(_Strict):
    """Decoy-state BB84, live; see :class:`~drivers.emulation.bench.parameters.Bb84Scene`.

    Attributes
    ----------
    alice : DecoyAlice
    channel_loss_db, misalignment_error : float
    bob, bob_clock : Receiver, Clock
    nanowire : Nanowire
        Of all of Bob's detectors.
    pulse_v : float
        Height of the pulses that the detectors send to the tagger.
    fibre_turn_deg : tuple of float
        What the fibre does to the polarisation: it turns the Poincaré sphere about S1, S2 and S3, one after the
        other. The key basis lies along S1, the test basis along S2.
    fibre, satellite, encoding : Fibre, SatellitePass or None, Encoding
        See :class:`~drivers.emulation.bench.scenes.Bb84Scene`.
    """

    alice: DecoyAlice
    channel_loss_db: NonNegative
    misalignment_error: ErrorRate
    bob: Receiver
    fibre_turn_deg: tuple[Angle, Angle, Angle] = (0.0, 0.0, 0.0)
    bob_clock: Clock = TRUE_CLOCK
    nanowire: Nanowire = NANOWIRE
    pulse_v: float = 2.0
    fibre: Fibre = PLAIN_FIBRE
    satellite: SatellitePass | None = None
    encoding: Encoding = POLARISATION

    def __post_init__(self) -> None:
        check_way(self.bob, self.fibre, self.satellite, self.encoding)


@dataclass(frozen=True, kw_only=True)
class LiveBbm92Scene(_Strict):
    """BBM92, live; see :class:`~drivers.emulation.bench.parameters.Bbm92Scene`.

    Attributes
    ----------
    pair_rate_hz : float
        At the pump laser's nominal current; in proportion to its power otherwise.
    pump : LaserDiode
    key_error, test_error : float
    alice, bob : PairParty
    fibre_turn_deg : tuple of float
        What the fibres do to the polarisation of a pair; see
        :func:`~drivers.emulation.bench.polarisation.through_fibre`.
    nanowire : Nanowire
    pulse_v : float
    """

    pair_rate_hz: NonNegative
    key_error: ErrorRate
    test_error: ErrorRate
    alice: PairParty
    bob: PairParty
    fibre_turn_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    pump: LaserDiode = LASER_DIODE
    nanowire: Nanowire = NANOWIRE
    pulse_v: float = 2.0
