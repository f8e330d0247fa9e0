"""What a system of single-photon detectors does."""

from __future__ import annotations

import pytest

from drivers.roles import AvalancheDetector, Nanowires, SinglePhotonDetectors
from tests.drivers.contract.conftest import Subject

ROLE = "detectors"


@pytest.fixture
def detectors(subject: Subject) -> SinglePhotonDetectors:
    assert isinstance(subject.instrument, SinglePhotonDetectors)
    return subject.instrument


def test_they_take_a_bias(detectors: SinglePhotonDetectors) -> None:
    assert isinstance(detectors, Nanowires | AvalancheDetector)
    name = "bias_current_ua" if isinstance(detectors, Nanowires) else "bias_v"
    before = getattr(detectors, name)
    lower = tuple(each / 2 for each in before) if isinstance(before, tuple) else before - 2
    setattr(detectors, name, lower)
    assert getattr(detectors, name) == pytest.approx(lower, abs=0.2)
    setattr(detectors, name, before)


def test_they_can_be_taken_out_and_back(detectors: SinglePhotonDetectors) -> None:
    for wanted in (True, False, True):
        detectors.enabled = wanted
        assert detectors.enabled is wanted


def test_each_has_a_count_rate(detectors: SinglePhotonDetectors) -> None:
    rates = detectors.count_rates_hz()
    assert len(rates) == (len(detectors.bias_current_ua) if isinstance(detectors, Nanowires) else 1)
    assert all(rate >= 0 for rate in rates)


def test_emulated_ones_see_only_while_they_are_biased(
    detectors: SinglePhotonDetectors, subject: Subject
) -> None:
    if subject.stand is None:
        pytest.skip("a laboratory's bias is its own affair")
    if isinstance(detectors, Nanowires):
        detectors.bias_current_ua = (15.0,) * len(detectors.bias_current_ua)
    detectors.enabled = True
    assert sum(detectors.count_rates_hz()) > 0
    detectors.make_safe()
    assert sum(detectors.count_rates_hz()) == 0


def test_a_higher_bias_counts_more_in_the_dark(detectors: SinglePhotonDetectors, subject: Subject) -> None:
    if subject.stand is None:
        pytest.skip("a laboratory's bias is its own affair")
    detectors.enabled = True
    name, step = ("bias_current_ua", 3.0) if isinstance(detectors, Nanowires) else ("bias_v", 6.0)
    before = getattr(detectors, name)
    if isinstance(before, tuple):
        before = (15.0,) * len(before)
    rates = []
    for times in (0, 1):
        more = times * step
        setattr(
            detectors,
            name,
            tuple(each + more for each in before) if isinstance(before, tuple) else before + more,
        )
        rates.append(sum(sum(detectors.count_rates_hz()) for _ in range(3)))
    assert rates[1] > 1.5 * rates[0] > 0
