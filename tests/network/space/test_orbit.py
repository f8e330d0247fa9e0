"""Passes, the sun, the light's path, and how much key that makes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulation.bench.free_space import FreeSpace, LightPath, doppler_ppm
from drivers.emulation.bench.satellite import SatellitePass
from qkdctl.errors import ConfigurationError
from qkdctl.network.models import decoy_scenario
from qkdctl.network.space.downlink import pooled_bits
from qkdctl.network.space.orbit import STEP_S, Pass, Station, check_tle, passes, sun_elevation_deg

TLE = (
    "1 99001U 26001A   26335.00000000  .00000000  00000-0  10000-4 0  9992",
    "2 99001  97.6000  60.0000 0001000   0.0000   0.0000 15.05000000    12",
)
LUXEMBOURG = Station(49.69, 6.35, 300)
START = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def found():
    return passes(TLE, LUXEMBOURG, START, 3.0, 20.0)


def test_a_pass_rises_culminates_and_sets(found):
    assert len(found) >= 2
    for one in found:
        top = int(np.argmax(one.elevation_deg))
        assert np.all(np.diff(one.elevation_deg[: top + 1]) > 0)
        assert np.all(np.diff(one.elevation_deg[top:]) < 0)
        assert one.elevation_deg.min() > 19.9
        # Nearest when highest; coming before, going after.
        assert abs(int(np.argmin(one.range_m)) - top) <= 1
        assert np.all(one.range_rate_m_s[: top - 1] < 0)
        assert np.all(one.range_rate_m_s[top + 2 :] > 0)
        # The rate is that of the range.
        middle = (one.range_m[2:] - one.range_m[:-2]) / (2 * STEP_S)
        assert np.allclose(one.range_rate_m_s[1:-1], middle, atol=25)


def test_a_satellite_at_550_km_is_as_far_as_geometry_says(found):
    """Spherical Earth: the law of cosines between its centre, the station and the satellite."""
    for one in found:
        top = np.deg2rad(one.elevation_deg.max())
        radius, height = 6371e3, 557e3
        slant = np.sqrt((radius * np.sin(top)) ** 2 + 2 * radius * height + height**2) - radius * np.sin(top)
        assert one.range_m.min() == pytest.approx(slant, rel=0.04)


def test_the_doppler_shift_is_that_of_low_orbits(found):
    shifts = [doppler_ppm(rate) for one in found for rate in one.range_rate_m_s]
    assert 15 < max(shifts) < 25
    assert -25 < min(shifts) < -15


def test_passes_by_day_are_left_out(found):
    everything = passes(TLE, LUXEMBOURG, START, 3.0, 20.0, night_only=False)
    assert len(everything) > len(found)
    starts = {one.start for one in found}
    for one in everything:
        middle = one.start + (one.stop - one.start) / 2
        assert (one.start in starts) == (sun_elevation_deg(middle, LUXEMBOURG) <= -6)


@pytest.mark.parametrize(
    ("when", "station", "expected"),
    [
        # At an equinox the sun stands overhead at the equator at noon; the equation of time is then 7.5 min.
        (datetime(2026, 3, 20, 12, 7, 30, tzinfo=UTC), Station(0, 0), 90.0),
        # At the solstices it is 23.44 degrees off, on either side of the year.
        (datetime(2026, 6, 21, 12, 2, tzinfo=UTC), Station(49.69, 0), 90 - 49.69 + 23.44),
        (datetime(2026, 12, 21, 11, 58, tzinfo=UTC), Station(49.69, 0), 90 - 49.69 - 23.44),
        (datetime(2026, 12, 21, 23, 58, tzinfo=UTC), Station(49.69, 0), -(90 - 49.69 + 23.44)),
    ],
)
def test_the_sun_stands_where_it_does(when, station, expected):
    assert sun_elevation_deg(when, station) == pytest.approx(expected, abs=0.3)


@pytest.mark.parametrize("change", [(0, "2"), (20, "9"), (68, "5"), (68, "x"), (68, "²"), (20, "²")])
def test_a_changed_line_is_noticed(change):
    place, character = change
    line = TLE[0][:place] + character + TLE[0][place + 1 :]
    with pytest.raises(ConfigurationError, match="two-line element"):
        check_tle((line, TLE[1]))


def test_loss_has_the_size_that_was_measured():
    """Liao et al. 2017: 22 dB of spreading at 1200 km with 10 urad of divergence and 1 m, under 3 dB for pointing."""
    micius = LightPath(divergence_urad=10.0, aperture_m=1.0, zenith_transmission=0.8, pointing_urad=1.2)
    assert micius.spreading_db(1200e3) == pytest.approx(22, abs=0.5)
    assert micius.pointing_db < 3
    assert micius.air_db(90) == pytest.approx(0.97, abs=0.01)
    assert micius.air_db(30) == pytest.approx(1.94, abs=0.01)


def test_a_telescope_gets_what_the_integral_over_a_jittering_gaussian_beam_says():
    """The disc is the beam's own where the telescope is small: of a tenth a few percent are missing."""
    space = FreeSpace(pointing_urad=1.0)
    range_m, half_angle = 600e3, space.wavelength_nm * 1e-9 / (np.pi * space.aperture_m / 4)
    w, radius = half_angle * range_m, space.station_aperture_m / 2
    rng = np.random.default_rng(12)
    # A point of the telescope, as the axis sees it: even over the disc, and moved by the jitter.
    turn, out = rng.uniform(0, 2 * np.pi, 400_000), radius * np.sqrt(rng.uniform(0, 1, 400_000))
    points = np.stack((out * np.cos(turn), out * np.sin(turn))) + rng.normal(0, 1e-6 * range_m, (2, 400_000))
    density = 2 / (np.pi * w**2) * np.exp(-2 * (points**2).sum(0) / w**2)
    share = density.mean() * np.pi * radius**2
    path = space.path
    modelled = 10 ** (-(path.spreading_db(range_m) + path.pointing_db) / 10)
    assert 1.0 < modelled / share < 1.06


def test_a_pass_of_the_bench_and_a_link_budget_are_one_model():
    """The bench's mean over its fading is what the budget takes."""
    space = FreeSpace(pointing_urad=1.5)
    flown = SatellitePass(
        divergence_urad=space.path.divergence_urad,
        aperture_m=space.station_aperture_m,
        zenith_transmission=space.zenith_transmission,
        pointing_urad=space.pointing_urad,
        optics_db=space.other_losses_db,
    )
    at = np.array([flown.culminates_at_s + 40.0])
    range_m, elevation = 1e3 * float(flown.range_km(at)[0]), float(flown.elevation_deg(at)[0])
    mean = np.mean([flown.fading(1, block) for block in range(20_000)])
    faded = flown.mean_loss_db(float(at[0])) - 10 * np.log10(mean)
    assert faded == pytest.approx(space.path.mean_loss_db(range_m, elevation), abs=0.05)


@given(st.floats(3e5, 2e6), st.floats(20, 89), st.floats(0, 20))
def test_loss_grows_with_distance_air_and_jitter(range_m, elevation, jitter):
    space = FreeSpace(pointing_urad=jitter)
    path = space.path
    assert path.mean_loss_db(range_m, elevation) > space.other_losses_db
    assert path.mean_loss_db(1.1 * range_m, elevation) > path.mean_loss_db(range_m, elevation)
    assert path.mean_loss_db(range_m, elevation) > path.mean_loss_db(range_m, elevation + 1)
    assert FreeSpace(pointing_urad=jitter + 1).path.pointing_db > path.pointing_db


def far(seconds, range_km=1200.0):
    steps = int(seconds / STEP_S)
    return Pass(START, np.full(steps, range_km * 1e3), np.full(steps, 25.0), np.zeros(steps))


def test_passes_pooled_give_more_than_each_alone():
    parameters, emulation = decoy_scenario("test", "demo")
    space = FreeSpace()
    alone = pooled_bits([far(60)], space, parameters, emulation)
    together = pooled_bits([far(60), far(60), far(60)], space, parameters, emulation)
    assert together > 3 * max(alone, 0.0)
    assert together > 0
    # What counts is what was seen, not when.
    assert pooled_bits([far(180)], space, parameters, emulation) == together


def test_a_longer_way_gives_less():
    parameters, emulation = decoy_scenario("test", "demo")
    bits = [pooled_bits([far(180, km)], FreeSpace(), parameters, emulation) for km in (600, 900, 1200)]
    assert bits == sorted(bits, reverse=True)


def test_a_pass_ends_after_its_steps():
    assert far(60).stop - START == timedelta(seconds=60)
