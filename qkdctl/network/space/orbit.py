"""When a satellite passes over a ground station, from its two-line elements (SGP4, by skyfield)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import asin, cos, degrees, radians, sin

import numpy as np
from numpy.typing import NDArray

from qkdctl.errors import ConfigurationError

STEP_S = 5.0
TWILIGHT_DEG = -6.0

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Station:
    """Where somebody looks up from."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float = 0.0


@dataclass(frozen=True)
class Pass:
    """A pass, in steps of `STEP_S`.

    Attributes
    ----------
    start : datetime
        UTC.
    range_m, elevation_deg, range_rate_m_s : array of float, shape (steps,)
        In the middle of each step.
    """

    start: datetime
    range_m: Array
    elevation_deg: Array
    range_rate_m_s: Array

    @property
    def stop(self) -> datetime:
        """When it is over."""
        return self.start + timedelta(seconds=STEP_S * len(self.range_m))


def passes(
    tle: tuple[str, str],
    station: Station,
    start: datetime,
    days: float,
    min_elevation_deg: float,
    *,
    night_only: bool = True,
) -> list[Pass]:
    """Give the passes over a station that begin within some days.

    Parameters
    ----------
    tle : tuple of str
        Two-line elements.
    station : Station
    start : datetime
        With its time zone.
    days : float
    min_elevation_deg : float
        A pass begins and ends there.
    night_only : bool
        Leave out passes in whose middle the sun is higher than 6 degrees below the horizon.

    Raises
    ------
    ConfigurationError
        If the elements are none.
    """
    from skyfield.api import EarthSatellite, load, wgs84  # slow to import

    scale = load.timescale(builtin=True)
    check_tle(tle)
    seen = EarthSatellite(*tle, "satellite", scale) - wgs84.latlon(
        station.latitude_deg, station.longitude_deg, station.altitude_m
    )
    begin = start.astimezone(UTC)
    times, heights, events = scale.from_datetime(begin), scale.from_datetime(begin + timedelta(days=days)), []
    satellite = EarthSatellite(*tle, "satellite", scale)
    where = wgs84.latlon(station.latitude_deg, station.longitude_deg, station.altitude_m)
    found, kinds = satellite.find_events(where, times, heights, altitude_degrees=min_elevation_deg)
    rise: datetime | None = None
    for time, kind in zip(found.utc_datetime() if len(kinds) else (), kinds, strict=True):
        if kind == 0:
            rise = time
        elif kind == 2 and rise is not None:
            events.append((rise, time))
            rise = None
    return [
        one
        for first, last in events
        if (one := _sampled(scale, seen, first, last)) is not None
        and not (night_only and sun_elevation_deg(first + (last - first) / 2, station) > TWILIGHT_DEG)
    ]


def _sampled(scale: object, seen: object, rise: datetime, set_: datetime) -> Pass | None:
    steps = int((set_ - rise).total_seconds() // STEP_S)
    if steps == 0:
        return None
    middles = [rise + timedelta(seconds=STEP_S * (step + 0.5)) for step in range(steps)]
    apparent = seen.at(scale.from_datetimes(middles))  # type: ignore[attr-defined]
    elevation, _, distance = apparent.altaz()
    position, velocity = apparent.position.m, apparent.velocity.m_per_s
    rate = (position * velocity).sum(axis=0) / distance.m
    return Pass(rise, np.asarray(distance.m), np.asarray(elevation.degrees), np.asarray(rate))


def sun_elevation_deg(when: datetime, station: Station) -> float:
    """How high the sun stands, good to a few hundredths of a degree.

    Source: the low-precision formulas of the Astronomical Almanac, section C.
    """
    days = (when - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86400
    anomaly = radians(357.528 + 0.9856003 * days)
    longitude = radians(280.460 + 0.9856474 * days + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 4e-7 * days)
    declination = asin(sin(tilt) * sin(longitude))
    ascension = np.arctan2(cos(tilt) * sin(longitude), cos(longitude))
    sidereal = radians((280.46061837 + 360.98564736629 * days + station.longitude_deg) % 360)
    latitude, hour = radians(station.latitude_deg), sidereal - ascension
    height = sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(hour)
    return degrees(asin(height))


def check_tle(tle: tuple[str, str]) -> None:
    """See that two lines are two-line elements.

    Raises
    ------
    ConfigurationError
        If they are not.
    """
    for number, line in enumerate(tle, 1):
        if len(line) != 69 or not line.isascii() or line[0] != str(number) or not line[68].isdigit():
            raise ConfigurationError(
                f"line {number} of a two-line element set is {line!r}, expected 69 plain characters that begin with "
                f"{number} and end in a checksum"
            )
        if checksum(line) != int(line[68]):
            raise ConfigurationError(
                f"line {number} of a two-line element set has the checksum {line[68]}, expected {checksum(line)}: "
                "a character was changed"
            )


def checksum(line: str) -> int:
    """The sum of a line's digits, each minus sign counting one, without the last digit; modulo 10."""
    return sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10
