"""A line through looks that resemble each other: what wanders is not taken for what grows."""

import numpy as np
import pytest

from qkdctl.soak.growth import growth

TIMES = 10.0 * np.arange(600)


def wandering(rng, remembers):
    """Noise of variance one that forgets in so many looks."""
    keep = np.exp(-1 / remembers)
    values = [rng.standard_normal()]
    for step in np.sqrt(1 - keep**2) * rng.standard_normal(len(TIMES) - 1):
        values.append(keep * values[-1] + step)
    return np.array(values)


@pytest.mark.parametrize("remembers", [0.01, 10, 60])
def test_what_wanders_is_seldom_said_to_grow(remembers):
    """In 2.5 % of the cases; if all looks counted as independent, in 30 % to 40 % where they remember."""
    rng = np.random.default_rng(12)
    wrong = [growth(TIMES, wandering(rng, remembers)).least > 0 for _ in range(100)]
    assert np.mean(wrong) <= 0.08


@pytest.mark.parametrize("remembers", [0.01, 10])
def test_what_grows_is_found_in_what_wanders(remembers):
    rng = np.random.default_rng(13)
    found = [growth(TIMES, wandering(rng, remembers) + 4 * TIMES / TIMES[-1]).least > 0 for _ in range(40)]
    assert np.mean(found) > 0.9


def test_the_slope_of_a_line():
    assert growth(TIMES, 3 + 0.25 * TIMES) == pytest.approx((0.25, 0.25))


def test_a_single_step_is_no_growth():
    assert growth(TIMES, np.where(TIMES > 3500, 4.0, 0.0)).least == 0
