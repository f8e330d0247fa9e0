"""The tagger's threshold: in the middle of the plateau between noise and the pulses' height."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drivers.roles import Discriminator, TimeTagger
from postproc.types import Role
from qkdctl.calibration.record import Picture
from qkdctl.calibration.stand import Stand
from qkdctl.calibration.steps.light import scenario_light
from qkdctl.calibration.steps.putting_back import putting_back
from qkdctl.calibration.steps.step import Found, has_setting
from qkdctl.config.scenario import Scenario

STEP_V, HIGHEST_V = 0.05, 3.0
COUNT_S = 0.1
FLAT = 0.03
"""Counts on the plateau are equal within this, beyond chance."""

SIGMAS = 4.0
LEAST = 100
"""Counts at a threshold; fewer look alike by chance."""

FEWEST = 5
"""Points of a plateau; shorter ones are none."""


class Threshold:
    """Counts at every threshold.

    Parameters
    ----------
    party : {"alice", "bob"}
    """

    def __init__(self, party: Role) -> None:
        self.name = f"{party}-threshold"
        self.what = f"set the threshold of {party.capitalize()}'s tagger"
        self._party = party
        self._place = f"{party}.tagger"

    def fits(self, scenario: Scenario) -> bool:
        """See :class:`~qkdctl.calibration.steps.step.Step`: a recording that is played has no threshold."""
        return has_setting(scenario, self._place, "threshold_v")

    def run(self, stand: Stand) -> Found:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        input_ = stand.need(self._place, Discriminator)
        before = input_.threshold_v

        def put_back() -> None:
            input_.threshold_v = before

        with putting_back(put_back):
            return self._scan(stand, input_, before)

    def _scan(self, stand: Stand, input_: Discriminator, before: float) -> Found:
        tagger = stand.need(self._place, TimeTagger)
        sign = -1.0 if before < 0 else 1.0
        low, high = stand.limits(self._place, "threshold_v")
        heights = np.arange(STEP_V, min(HIGHEST_V, high if sign > 0 else -low) + STEP_V / 2, STEP_V)
        own = [tagger.channels.index(each.channel) for each in stand.receiver(self._party).detectors]
        rates = []
        with scenario_light(stand) as light:
            for number, height in enumerate(heights, 1):
                stand.tell(f"threshold {number} of {len(heights)}")
                input_.threshold_v = round(sign * float(height), 3)
                rates.append(light.count_rates_hz(tagger, COUNT_S))
            input_.threshold_v = before
        table = np.array(rates)[:, own]
        picture = _picture(self._party, sign * heights, table, own)
        flat = plateau(table * COUNT_S)
        if flat is None:
            return Found(
                False, "the counts have no plateau", ADVICE, pictures=[picture], places=(self._place,)
            )
        first, last = (float(heights[place]) for place in flat)
        chosen = round(sign * (first + last) / 2, 3)
        change = stand.set(self._place, "threshold_v", chosen)
        verdict = f"plateau from {sign * first:g} to {sign * last:g} V; set to {chosen:g} V"
        figures = {"plateau_from_v": sign * first, "plateau_to_v": sign * last, "threshold_v": chosen}
        picture = Picture(picture.title, picture.x_label, picture.y_label, picture.x, picture.lines, chosen)
        return Found(True, verdict, "", [change], figures, [picture], (self._place,))


def plateau(counts: NDArray[np.float64]) -> tuple[int, int] | None:
    """Find the longest run of thresholds at which all detectors count alike.

    Parameters
    ----------
    counts : array of float64, shape (thresholds, detectors)

    Returns
    -------
    tuple of int or None
        First and last place.
    """
    best: tuple[int, int] | None = None
    for first in range(len(counts)):
        level = counts[first]
        if (level < LEAST).any():
            continue
        bound = FLAT * level + SIGMAS * np.sqrt(2 * level)
        alike = (np.abs(counts[first:] - level) <= bound).all(axis=1)
        last = first + (int(np.argmin(alike)) if not alike.all() else len(alike)) - 1
        if last - first >= FEWEST - 1 and (best is None or last - first > best[1] - best[0]):
            best = (first, last)
    return best


def _picture(party: Role, x: NDArray[np.float64], rates: NDArray[np.float64], own: list[int]) -> Picture:
    lines: dict[str, list[float | None]] = {f"channel {c}": rates[:, i].tolist() for i, c in enumerate(own)}
    title = f"Counts by threshold at {party.capitalize()}"
    return Picture(title, "threshold (V)", "counts per second", x.tolist(), lines)


ADVICE = (
    "Every detector has to count the same over some range of thresholds. Look whether all are biased and lit, and "
    "whether the pulses have the sign of the threshold that the scenario gives."
)
