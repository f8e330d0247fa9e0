"""The detectors' delays against the slots, and the gate around a slot's centre in which clicks count."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from postproc.errors import SynchronisationFailed
from postproc.timetags.types import PICOSECONDS_PER_SECOND
from qkdctl.calibration.following import FULL, Sample, follow
from qkdctl.calibration.record import AGREED, Picture
from qkdctl.calibration.stand import Stand
from qkdctl.calibration.steps.step import Found, prepares_and_measures, stand_at
from qkdctl.config.scenario import Scenario

PLACES = ("alice.transmitter", "bob.tagger")
ENOUGH, LONGEST_S = 200_000, 3.0
FEWEST = 1000
HELD = 0.999
"""Share of the light that a gate has to hold."""

WIDER = 1.5
"""A gate is so much wider than that: clocks and delays drift between calibrations."""

ROUND_PS = 1000
BINS = 200


class Delays:
    """Arrivals against the slots."""

    name = "delays"
    what = "find the delays of Bob's detectors, and the gate that holds the light"

    def fits(self, scenario: Scenario) -> bool:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        return prepares_and_measures(scenario) and stand_at(scenario, *PLACES)

    def run(self, stand: Stand) -> Found:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        try:
            delay_ps, sample = follow(stand, ENOUGH, LONGEST_S)
        except SynchronisationFailed as error:
            return Found(False, f"the slots were not found: {error}", ADVICE, places=PLACES)
        own = [each.channel for each in stand.receiver("bob").detectors]
        lit = sample.state >> np.uint8(2) == FULL
        if weak := [str(c) for c in own if np.count_nonzero(sample.channel[lit] == c) < FEWEST]:
            return Found(False, f"too few clicks on channel {', '.join(weak)}", ADVICE, places=PLACES)
        # What remains of a delay after the lock shows in the arrivals.
        left = {c: float(np.median(sample.residual_ps[lit & (sample.channel == c)])) for c in own}
        found = [float(round(delay_ps[c] + left[c])) for c in own]
        centred = sample.residual_ps - np.array([left.get(c, 0.0) for c in range(256)])[sample.channel]
        return _set(stand, found, centred[lit], sample)


def gate_width_ps(behind_ps: NDArray[np.float64], period_ps: float, resolution_ps: float) -> int:
    """Choose a gate.

    Parameters
    ----------
    behind_ps : array of float64
        How far clicks of full pulses lie behind their slots' centres, delays taken off.
    period_ps, resolution_ps : float
        Of the slots; of the tagger, a step of which every gate has to hold.

    Returns
    -------
    int
        Full width in ps.
    """
    steady = len(behind_ps) * _background(behind_ps, period_ps)
    inside = np.sort(np.abs(behind_ps))
    # Clicks that have nothing to do with the light are spread evenly; the rest is the light's.
    light = np.arange(1, len(inside) + 1) - steady * 2 * inside / period_ps
    chance = 2 * np.sqrt(steady)
    half = float(inside[np.argmax(light >= HELD * light[-1] - chance)])
    wide = WIDER * 2 * max(half, resolution_ps / 2)
    return min(ceil(wide / ROUND_PS) * ROUND_PS, int(period_ps))


def _background(behind_ps: NDArray[np.float64], period_ps: float) -> float:
    """Share of the clicks that come at any time: those in the outer half of the slot, twice."""
    return min(2 * float(np.mean(np.abs(behind_ps) > period_ps / 4)), 1.0)


def _set(stand: Stand, found: list[float], behind_ps: NDArray[np.float64], sample: Sample) -> Found:
    period_ps = PICOSECONDS_PER_SECOND / stand.decoy.slot_hz
    resolution_ps = float(getattr(stand.need("bob.tagger", object), "resolution_ps", 0.0))
    gate_ps = min(
        gate_width_ps(behind_ps, PICOSECONDS_PER_SECOND / stand.slot_hz, resolution_ps), int(period_ps)
    )
    own = [each.channel for each in stand.receiver("bob").detectors]
    before = [float(each.delay_ps) for each in stand.receiver("bob").detectors]
    picture = _picture(sample, own, period_ps, gate_ps)
    changes = [
        stand.set(AGREED, "bob.delay_ps", [value - min(found) for value in found]),
        stand.set(AGREED, "gate_ps", float(gate_ps)),
    ]
    moved = np.array(changes[0].after) - np.array(before)
    moved -= moved.mean()
    figures = {f"channel_{c}_delay_ps": value - min(found) for c, value in zip(own, found, strict=True)}
    figures |= {"gate_ps": float(gate_ps), "arrival_rms_ps": float(np.std(behind_ps))}
    verdict = f"delays of {', '.join(f'{(v - min(found)) / 1000:.2f}' for v in found)} ns, up to "
    verdict += f"{np.abs(moved).max() / 1000:.2f} ns from what was agreed; gate of {gate_ps / 1000:g} ns"
    return Found(True, verdict, "", changes, figures, [picture], PLACES)


def _picture(sample: Sample, own: list[int], period_ps: float, gate_ps: int) -> Picture:
    edges = np.linspace(-period_ps / 2, period_ps / 2, BINS + 1)
    x = ((edges[:-1] + edges[1:]) / 2000).tolist()
    lines: dict[str, list[float | None]] = {
        f"channel {c}": np.histogram(sample.residual_ps[sample.channel == c], edges)[0].astype(float).tolist()
        for c in own
    }
    title = f"Arrivals around a slot's centre, delays taken off; the gate is {gate_ps / 1000:g} ns wide"
    return Picture(title, "ns", "clicks", x, lines)


ADVICE = (
    "Look whether the light is on and all detectors count: calibrate threshold, bias and mean photon number first; "
    "a longer clock.preamble_s helps where counts are few."
)
