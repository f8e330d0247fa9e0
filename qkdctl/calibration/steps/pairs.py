"""Links of photon pairs: delays and coincidence window, the polarisation, and a last look."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from drivers.roles import PolarisationController
from postproc.errors import SynchronisationFailed
from postproc.parameters.session import Bbm92
from qkdctl.calibration.pairing import Coincidences, PairFollower
from qkdctl.calibration.record import AGREED, Picture
from qkdctl.calibration.stand import Stand
from qkdctl.calibration.steps.delays import ROUND_PS, WIDER, gate_width_ps
from qkdctl.calibration.steps.errors import ErrorRates
from qkdctl.calibration.steps.light import scenario_light
from qkdctl.calibration.steps.polarisation import Look, judge, search
from qkdctl.calibration.steps.step import Found, stand_at
from qkdctl.config.scenario import Scenario
from qkdctl.errors import ConfigurationError
from qkdctl.keystore.pair import PARTIES

TAGGERS = ("alice.tagger", "bob.tagger")
CONTROLLERS = ("bob.polarisation", "alice.polarisation")
"""One is enough: whoever turns either photon turns the pair."""

ENOUGH, LONGEST_S = 6_000, 3.0
SURE, SURELY_S = 50_000, 4.0
USUAL = 0.05
LOCKING = "locking the clocks"
BINS = 80
WIDE_PS = 40_000
"""Pairs are looked for so far apart, to tell them from clicks that are close by chance."""


def is_pairs(scenario: Scenario) -> bool:
    """Say whether both parties measure pairs, and can be listened to."""
    return isinstance(scenario.parameters, Bbm92) and stand_at(scenario, *TAGGERS)


class PairDelays:
    """Coincidences by the detectors in which they are."""

    name = "pair-delays"
    what = "find the delays of both parties' detectors, and the coincidence window that holds the pairs"

    def fits(self, scenario: Scenario) -> bool:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        return is_pairs(scenario)

    def run(self, stand: Stand) -> Found:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        parameters = _parameters(stand)
        follower = PairFollower(stand, parameters, WIDE_PS)
        try:
            with scenario_light(stand):
                stand.tell(LOCKING)
                found = follower.start()
                sample = follower.take(SURE, SURELY_S, stand.tell)
        except SynchronisationFailed as error:
            return Found(False, f"the clocks were not locked: {error}", UNSEEN, places=TAGGERS)
        finally:
            follower.stop()
        window_ps = _window_ps(sample.residual_ps, parameters)
        changes, figures = [], {"window_ps": float(window_ps)}
        for party in PARTIES:
            delays = [
                each.delay_ps + getattr(found.delays, party)[each.channel]
                for each in stand.receiver(party).detectors
            ]
            least = min(delays)
            changes.append(stand.set(AGREED, f"{party}.delay_ps", [float(round(d - least)) for d in delays]))
            figures |= {
                f"{party}_channel_{each.channel}_delay_ps": round(delay - least)
                for each, delay in zip(stand.receiver(party).detectors, delays, strict=True)
            }
        changes.append(stand.set(AGREED, "window_ps", float(window_ps)))
        farthest = max(max(change.after) for change in changes[:2] if isinstance(change.after, list))
        verdict = f"detectors of a party lie up to {farthest / 1000:.2f} ns apart; window of {window_ps / 1000:g} ns"
        return Found(True, verdict, "", changes, figures, [_picture(sample, window_ps)], TAGGERS)


class PairPolarisation:
    """Errors by position of one party's controller."""

    name = "pair-polarisation"
    what = "align the polarisation of the pairs: fewest errors in both bases"

    def fits(self, scenario: Scenario) -> bool:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        return is_pairs(scenario) and any(stand_at(scenario, place) for place in CONTROLLERS)

    def run(self, stand: Stand) -> Found:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        place = next(place for place in CONTROLLERS if place in stand.places)
        controller = stand.need(place, PolarisationController)
        follower = PairFollower(stand, _parameters(stand))

        def measure(enough: int, longest_s: float) -> ErrorRates:
            return pair_errors(stand, follower.take(enough, longest_s))

        try:
            with scenario_light(stand):
                stand.tell(LOCKING)
                follower.start()
                course = search(stand, controller, measure, Look(ENOUGH, LONGEST_S), Look(SURE, SURELY_S))
        except SynchronisationFailed as error:
            return Found(False, f"the clocks were not locked: {error}", UNSEEN, places=TAGGERS)
        finally:
            follower.stop()
        return judge((place, *TAGGERS), controller, course)


class PairCheck:
    """A last look."""

    name = "pair-check"
    what = "measure error rates and coincidences as a session will see them"

    def fits(self, scenario: Scenario) -> bool:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        return is_pairs(scenario)

    def run(self, stand: Stand) -> Found:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        follower = PairFollower(stand, _parameters(stand))
        try:
            with scenario_light(stand):
                stand.tell(LOCKING)
                follower.start()
                sample = follower.take(SURE, SURELY_S, stand.tell)
        except SynchronisationFailed as error:
            return Found(False, f"the clocks were not locked: {error}", UNSEEN, places=TAGGERS)
        finally:
            follower.stop()
        key, test = pair_errors(stand, sample).rates
        rate_hz = len(sample.alice) / sample.duration_s
        figures = {"qber_key": key, "qber_test": test, "coincidences_hz": rate_hz}
        good = max(key, test) <= USUAL
        verdict = f"errors {key:.2%} and {test:.2%}, {rate_hz:,.0f} coincidences a second"
        return Found(good, verdict, "" if good else MISALIGNED, figures=figures, places=TAGGERS)


def pair_errors(stand: Stand, sample: Coincidences) -> ErrorRates:
    """Compare both parties' bits where their bases are equal."""
    test = _parameters(stand).bases.test
    basis, bit = np.full((2, 256), 2, np.uint8), np.zeros((2, 256), np.uint8)
    for i, party in enumerate(PARTIES):
        for detector in stand.receiver(party).detectors:
            basis[i, detector.channel], bit[i, detector.channel] = detector.basis == test, detector.bit
    same = basis[0, sample.alice] == basis[1, sample.bob]
    wrong = bit[0, sample.alice] != bit[1, sample.bob]
    of = [same & (basis[0, sample.alice] == each) for each in (0, 1)]
    errors, clicks = ([int(np.count_nonzero(each & which)) for each in of] for which in (wrong, same))
    return ErrorRates((errors[0], errors[1]), (clicks[0], clicks[1]))


def _parameters(stand: Stand) -> Bbm92:
    parameters = stand.scenario.parameters
    if not isinstance(parameters, Bbm92):
        raise ConfigurationError(
            f"{stand.scenario.name}: has no source of pairs; this step is for links that do"
        )
    return parameters


def _window_ps(residual_ps: NDArray[np.float64], parameters: Bbm92) -> int:
    """Hold nearly all of the pairs, and room to drift; in sessions Bob's times come in bins, which needs room, too."""
    wide_ps = gate_width_ps(residual_ps, WIDE_PS, 0.0)
    return max(wide_ps, ceil((wide_ps / WIDER + parameters.bin_ps) / ROUND_PS) * ROUND_PS)


def _picture(sample: Coincidences, window_ps: int) -> Picture:
    counts, edges = np.histogram(sample.residual_ps, BINS, (-WIDE_PS / 2, WIDE_PS / 2))
    title = f"Bob's clicks after Alice's, delays taken off; the window is {window_ps / 1000:g} ns wide"
    x = ((edges[:-1] + edges[1:]) / 2000).tolist()
    return Picture(title, "ns", "coincidences", x, {"all detectors": counts.astype(float).tolist()})


UNSEEN = (
    "Look whether the pump is on and all detectors count; calibrate threshold and bias first; a longer "
    "clock.preamble_s helps where pairs are few."
)
MISALIGNED = (
    "Calibrate the polarisation, or align it by hand; look whether the detectors' bits and bases in the scenario "
    "are right."
)
