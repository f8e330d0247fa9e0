"""The light's way from Alice to Bob, beyond a loss: a fibre's length, a satellite's pass, the form of the pulses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot
from typing import Annotated, Literal

from annotated_types import Gt

from drivers.emulation.bench.detection import Times
from drivers.emulation.bench.parameters import NonNegative, Receiver, _Strict
from drivers.emulation.bench.polarisation import Turn
from drivers.emulation.bench.satellite import SatellitePass
from drivers.emulation.bench.walks import Drift
from postproc.timetags.types import PICOSECONDS_PER_SECOND

#: Full width at half maximum of a Gaussian, in standard deviations.
FWHM = 2.354820045


@dataclass(frozen=True, kw_only=True)
class Fibre(_Strict):
    """What a fibre does besides losing light, which is the channel's loss.

    Attributes
    ----------
    length_km : float
    dispersion_ps_nm_km : float
        17 for a standard fibre at 1550 nm.
    linewidth_nm : float
        Full width at half maximum of the light: it spreads the arrivals by dispersion times length times this.
    drift_deg_per_root_s : float
        Standard deviation of the polarisation's turn about each axis of the Poincaré sphere after a second. A buried
        cable does a tenth of a degree, an aerial one hundreds.
    """

    length_km: NonNegative = 0.0
    dispersion_ps_nm_km: NonNegative = 17.0
    linewidth_nm: NonNegative = 0.0
    drift_deg_per_root_s: NonNegative = 0.0

    @property
    def spread_ps(self) -> float:
        """Standard deviation of the arrivals of one pulse's photons."""
        return self.dispersion_ps_nm_km * self.length_km * self.linewidth_nm / FWHM


PLAIN_FIBRE = Fibre()


@dataclass(frozen=True, kw_only=True)
class Encoding(_Strict):
    """How a state is written into light.

    Attributes
    ----------
    kind : {"polarisation", "time-bin"}
        Time-bin: the key basis is an early or a late pulse, each on a detector of its own behind a fast switch. The
        test basis is both pulses at once, and their phase; an interferometer lets them meet in the middle of three
        peaks, and half of the light goes into the outer two, which tell nothing.
    bin_ps : int
        From the early to the late pulse.
    """

    kind: Literal["polarisation", "time-bin"] = "polarisation"
    bin_ps: Annotated[int, Gt(0)] = 2_000


POLARISATION = Encoding()


class Way:
    """What becomes of pulses at times of the bench.

    Parameters
    ----------
    fibre : Fibre
    satellite : SatellitePass or None
        If there is one, its loss comes on top of the channel's.
    seed : int
    """

    def __init__(self, fibre: Fibre, satellite: SatellitePass | None, seed: int) -> None:
        self._satellite, self._seed = satellite, seed
        self._drift = Drift(fibre.drift_deg_per_root_s, seed)

    def loss_db(self, block: int, middle_ps: int) -> float:
        """Loss in a block with such a middle, apart from the channel's."""
        if self._satellite is None:
            return 0.0
        return self._satellite.loss_db(self._seed, block, middle_ps / PICOSECONDS_PER_SECOND)

    def arrivals(self, departure_ps: Times) -> Times:
        """Give when what departs arrives: with a fibre at once, its time of flight stands in Bob's clock."""
        return (
            departure_ps if self._satellite is None else departure_ps + self._satellite.delay_ps(departure_ps)
        )

    def turn(self, middle_ps: int) -> Turn:
        """Give what has become of the polarisation."""
        return self._drift.turn(middle_ps)


def spread(receiver: Receiver, fibre: Fibre) -> Receiver:
    """Let a receiver's detectors answer to photons as if the fibre's spread were their own."""
    if not fibre.spread_ps:
        return receiver
    detectors = (
        replace(each, jitter_rms_ps=hypot(each.jitter_rms_ps, fibre.spread_ps)) for each in receiver.detectors
    )
    return replace(receiver, detectors=tuple(detectors))  # type: ignore[arg-type]


def check_way(
    bob: Receiver,
    fibre: Fibre,
    satellite: SatellitePass | None,
    encoding: Encoding,
    *,
    watched: bool = False,
) -> None:
    """Refuse what does not go together; with Eve there, also a way on which she cannot be followed.

    Raises
    ------
    ValueError
        Saying what does not.
    """
    if satellite is not None and bob.basis_choice == "active":
        raise ValueError(
            "a switch that chooses the basis in step with the slots cannot follow a satellite; let the choice be "
            "passive"
        )
    if encoding.kind == "time-bin" and fibre.drift_deg_per_root_s:
        raise ValueError("the polarisation's drift is nothing to time-bins; leave drift_deg_per_root_s at 0")
    if watched:
        check_watched(fibre, satellite, encoding)


def check_watched(fibre: Fibre, satellite: SatellitePass | None, encoding: Encoding) -> None:
    """Refuse a way on which Eve cannot be followed.

    Raises
    ------
    ValueError
        Saying why not.
    """
    there = {
        "a satellite": satellite is not None,
        "time-bins": encoding.kind == "time-bin",
        "a fibre in which the polarisation drifts": bool(fibre.drift_deg_per_root_s),
    }
    if found := [what for what, is_there in there.items() if is_there]:
        raise ValueError(
            "Eve's photons are followed one by one, in polarisation and through a fibre at rest only; expected such a "
            f"link, found {' and '.join(found)}: take it out, or leave Eve out"
        )
