import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.synchronisation import uncertainty
from postproc.synchronisation.uncertainty import Uncertainty

elapsed = st.floats(-1e12, 1e12)
SCALE = np.array([1.0, 1e12, 1e24])
"""Phases in ps, drifts and ramps by what they make of a phase in a second."""


def scaled(covariance):
    return covariance * np.outer(SCALE, SCALE)


@given(st.floats(0, 1e4), st.floats(0, 1e-7), elapsed)
def test_what_is_known_moves_along_the_parabola(phase, drift, t):
    start = Uncertainty.of(phase, drift)
    step = np.array([[1, t, t**2 / 2], [0, 1, t], [0, 0, 1]])
    got = start.after(t).covariance - Uncertainty.of(0.0, 0.0, 0.0).after(t).covariance
    assert np.allclose(scaled(got), scaled(step @ start.covariance @ step.T), rtol=1e-6, atol=1e-6)


@given(st.floats(0, 1e4), st.floats(0, 1e-7), elapsed)
def test_the_phase_alone_fades_as_in_the_matrix(phase, drift, t):
    start = Uncertainty.of(phase, drift)
    assert start.phase_after(t) == pytest.approx(start.after(t).phase, rel=1e-9)
    assert start.phase_after(np.array([t, 0.0])) == pytest.approx([start.after(t).phase, phase**2], rel=1e-9)


@pytest.mark.parametrize("t", [1e9, 1e11, -1e11])
def test_two_steps_are_one(t):
    """Random walks have no memory: waiting twice is waiting once for as long."""
    start = Uncertainty.of(100.0, 1e-8)
    twice, once = start.after(t).after(t).covariance, start.after(2 * t).covariance
    assert np.allclose(scaled(twice), scaled(once), rtol=1e-9)


def test_clocks_wander_as_the_walks_that_they_are_taken_for():
    """Steps of a thousandth of a second, added up: their variances after half a second are those stated."""
    rng, steps, tries, dt = np.random.default_rng(0), 500, 4000, 1e9
    drift = np.zeros(tries)
    ramp, phase = np.zeros(tries), np.zeros(tries)
    for _ in range(steps):
        phase += drift * dt + ramp * dt**2 / 2
        drift += ramp * dt + rng.normal(0, uncertainty.DRIFT_WANDER * (dt / 1e12) ** 0.5, tries)
        ramp += rng.normal(0, uncertainty.RAMP_WANDER / 1e12 * (dt / 1e12) ** 0.5, tries)
    stated = Uncertainty.of(0.0, 0.0, 0.0).after(steps * dt).covariance
    # the variance of 4000 values is known to 2.2 %
    assert np.allclose(scaled(np.cov([phase, drift, ramp])), scaled(stated), rtol=0.1)


@given(st.floats(1, 1e3), st.floats(1e-12, 1e-8), st.floats(1e9, 1e11), st.floats(1, 1e3))
def test_a_measurement_leaves_the_covariance_that_bayes_leaves(phase, drift, t, error):
    prior = Uncertainty.of(phase, drift).after(t)
    # Information adds up: what was known, and what the phase showed.
    known = np.linalg.inv(scaled(prior.covariance))
    posterior = np.linalg.inv(known + np.diag([error**-2, 0, 0]))
    got = prior.measured(error)
    size = np.sqrt(np.outer(np.diag(posterior), np.diag(posterior)))
    assert np.allclose(scaled(got.covariance) / size, posterior / size, atol=1e-5)
    assert np.allclose(prior.gains(error) * SCALE / size[0], posterior[:, 0] / error**2 / size[0], rtol=1e-4)


def test_a_new_measurement_never_makes_it_worse():
    uncertain = Uncertainty.of(10.0, 1e-8)
    assert uncertain.measured(10.0).phase == pytest.approx(50.0)
    assert uncertain.measured(1e9).phase == pytest.approx(100.0)
