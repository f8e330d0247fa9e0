"""The mean photon number of Alice's pulses, by her attenuator, with her power meter for reference.

The power at the tap says how many photons pass it a second; the attenuator does the rest. Bob's counts at several
attenuations show whether it attenuates by what it says. More than what was agreed never leaves Alice.
"""

from __future__ import annotations

from math import ceil, log10

import numpy as np
from scipy.constants import c, h

from drivers.errors import NotTaken
from drivers.roles import Attenuator, LightSource, PowerMeter, TimeTagger
from qkdctl.calibration.record import Change, Picture
from qkdctl.calibration.stand import Light, Stand
from qkdctl.calibration.steps.light import SETTLE_S, scenario_light
from qkdctl.calibration.steps.putting_back import putting_back
from qkdctl.calibration.steps.step import Found, prepares_and_measures, stand_at
from qkdctl.config.scenario import Scenario
from qkdctl.node.light import pattern

PLACES = ("alice.attenuator", "alice.power_meter")
READINGS = 20
FURTHER_DB = (0.0, 2.0, 4.0, 6.0, 9.0)
COUNT_S = 0.3
STEADY = 0.05
"""Relative standard deviation of the power beyond which pulses are no pulses of one intensity."""

STEPS_UP = 20
"""Hundredths of a dB by which an attenuator may fall short of what it is set to."""

ENOUGH = 1000
"""Counts that have to be expected at an attenuation for it to be compared."""

HONEST_DB = 0.4
"""How far counts may lie from what the attenuator says."""


class MeanPhotons:
    """Power, attenuation, counts."""

    name = "mean-photon-number"
    what = "set the attenuator to the agreed mean photon number, by the power meter"

    def fits(self, scenario: Scenario) -> bool:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        return prepares_and_measures(scenario) and stand_at(scenario, *PLACES, "bob.tagger")

    def run(self, stand: Stand) -> Found:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        meter, target = stand.need(PLACES[1], PowerMeter), stand.decoy.intensities[0].mean
        with scenario_light(stand, stand.decoy.slot_hz) as light:
            stand.tell("reading the power meter")
            readings_w = [light.pass_time(lambda: meter.power_w) for _ in range(READINGS)]
            power_w = float(np.mean(readings_w)) - _zero_w(stand, light, meter)
            photons = _photons(stand, power_w, meter.wavelength_nm)
            spread = float(np.std(readings_w)) / max(power_w, 1e-30)
            figures = {"tap_power_nw": power_w * 1e9, "tap_spread": spread}
            if photons <= 0 or spread > STEADY:
                return Found(
                    False, "the power at the tap is not steady", UNSTEADY, figures=figures, places=PLACES
                )
            needed_db = 10 * log10(photons / target) - stand.scenario.calibration.output_loss_db
            low, high = stand.limits(PLACES[0], "attenuation_db")
            if not low <= needed_db <= high:
                verdict = f"{needed_db:.2f} dB would be needed, and the attenuator has {low:g} to {high:g} dB"
                return Found(False, verdict, OUT_OF_RANGE, figures=figures, places=PLACES)
            return self._set(stand, light, needed_db, figures)

    def _set(self, stand: Stand, light: Light, needed_db: float, figures: dict[str, float]) -> Found:
        attenuator = stand.need(PLACES[0], Attenuator)
        before_db = attenuator.attenuation_db

        def put_back() -> None:
            # The light goes out first: as it was may be brighter than agreed.
            light.block(dark=True)
            attenuator.attenuation_db = before_db

        with putting_back(put_back):
            chosen_db, reads_db = _dim(stand, attenuator, needed_db)
            picture, off_db = _honesty(stand, light, chosen_db)
        target = stand.decoy.intensities[0].mean
        was = target * 10 ** ((needed_db - before_db) / 10)
        mean = target * 10 ** ((needed_db - reads_db) / 10)
        figures |= {"attenuation_db": reads_db, "mean_before": was, "mean": mean}
        verdict = f"mean photon number {mean:.4f} at {reads_db:.2f} dB; it was {was:.3f}"
        if off_db is None:
            verdict += "; Bob's counts are too few to check the attenuator by"
        else:
            figures["attenuator_off_db"] = off_db
        if off_db is not None and off_db > HONEST_DB:
            put_back()
            verdict = f"Bob's counts lie {off_db:.2f} dB from what the attenuator says"
            return Found(False, verdict, DISHONEST, figures=figures, pictures=[picture], places=PLACES)
        change = Change(PLACES[0], "attenuation_db", before_db, chosen_db)
        return Found(True, verdict, "", [change], figures, [picture], PLACES)


def _zero_w(stand: Stand, light: Light, meter: PowerMeter) -> float:
    """What the meter tells without any light."""
    laser = stand.find("alice.laser", LightSource)
    if laser is None:
        return 0.0
    laser.emitting = False
    stand.clock.wait(SETTLE_S)
    zero_w = float(np.mean([light.pass_time(lambda: meter.power_w) for _ in range(READINGS)]))
    laser.emitting = True
    stand.clock.wait(SETTLE_S)
    return zero_w


def _photons(stand: Stand, power_w: float, wavelength_nm: float) -> float:
    """Photons in the brightest pulse behind the tap, from the mean power at it."""
    sent, share = pattern(stand.decoy), stand.scenario.calibration.tap_share
    pulse_j = power_w * (1 - share) / share / sent.slot_hz / float(np.dot(sent.levels, sent.probabilities))
    return float(pulse_j * wavelength_nm * 1e-9 / (h * c))


def _dim(stand: Stand, attenuator: Attenuator, needed_db: float) -> tuple[float, float]:
    """Set the attenuator so that it reads at least what is needed; give what it was set to, and what it reads."""
    _, high = stand.limits(PLACES[0], "attenuation_db")
    # Rounded up: never brighter than agreed.
    hundredths, reads_db = ceil(needed_db * 100), 0.0
    for more in range(STEPS_UP):
        chosen_db = min((hundredths + more) / 100, high)
        attenuator.attenuation_db = chosen_db
        reads_db = attenuator.attenuation_db
        if reads_db >= needed_db:
            return chosen_db, reads_db
    raise NotTaken(
        f"{PLACES[0]}: reads {reads_db:.2f} dB whatever it is set to, and {needed_db:.2f} dB are needed; look at its "
        "limits"
    )


def _honesty(stand: Stand, light: Light, chosen_db: float) -> tuple[Picture, float | None]:
    """Count at Bob at the attenuation that was chosen, and beyond; leave it as it was chosen.

    Gives how far counts lie from what the attenuator says, in dB; None where too few are expected to tell.
    """
    tagger, attenuator = stand.need("bob.tagger", TimeTagger), stand.need(PLACES[0], Attenuator)
    _, high = stand.limits(PLACES[0], "attenuation_db")
    at_db = [chosen_db + more for more in FURTHER_DB if chosen_db + more <= high]

    def counts() -> float:
        return float(light.count_rates_hz(tagger, COUNT_S).sum())

    light.block(dark=True)
    dark_hz = counts()
    light.block(dark=False)
    rates = []
    for number, value in enumerate(at_db, 1):
        stand.tell(f"attenuation {number} of {len(at_db)}")
        attenuator.attenuation_db = value
        rates.append(counts() - dark_hz)
    attenuator.attenuation_db = chosen_db
    expected = [rates[0] * 10 ** ((at_db[0] - value) / 10) for value in at_db]
    # What is expected decides: an attenuator that closes would take its own points away.
    off_db = [
        abs(10 * log10(max(rate, 1 / COUNT_S) / awaited))
        for rate, awaited in zip(rates[1:], expected[1:], strict=True)
        if awaited * COUNT_S > ENOUGH
    ]
    lines: dict[str, list[float | None]] = {"Bob counts": [*rates], "the attenuator says": [*expected]}
    picture = Picture(
        "Counts by attenuation", "attenuation (dB)", "counts per second", at_db, lines, chosen_db
    )
    return picture, max(off_db, default=None)


UNSTEADY = (
    "See whether the laser is on and its current steady, the power meter's wavelength right, its fibre in."
)
OUT_OF_RANGE = (
    "Change the laser's current or the fixed attenuators, tell [calibration] output_loss_db of these, and calibrate "
    "again."
)
DISHONEST = (
    "The attenuator does not attenuate by what it says, or the detectors saturate. Look at its wavelength and offset, "
    "and at the count rates."
)
