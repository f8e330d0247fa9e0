"""How clicks advance through the slots, sought by the length of the vector sum of their phases.

A pace is a rate and its even change, the ramp: two clocks drift apart, and a satellite's Doppler shift changes
that drift by up to a slot within a tenth of a second.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RAMP_STEP = 2.0
"""Trial ramps lie ``RAMP_STEP / span**2`` apart: that bends the phase by a quarter turn."""

STRAIGHT = 0.02
"""Turns by which a ramp may bend the phase without being sought."""

ENOUGH = 2**14
"""Clicks from which on more of them do not sharpen the pace noticeably."""

ENOUGH_TO_SEE = 2**11
"""Clicks that surely show a beat that a part of them has shown."""

STEPS, STEPS_AN_ELEMENT = 12, 3
"""Trial rates to either side, four resolution elements: what showed the beat may have been lit for a part of its
time only, and then its rate is known no better."""


class Pace(NamedTuple):
    """At `at`, a click advances by ``1 + rate`` turns a nominal slot, and that rate grows by `ramp` a slot.

    Attributes
    ----------
    at : float
        In nominal slots since the first click.
    rate, ramp : float
        Relative, and relative per slot.
    """

    at: float
    rate: float
    ramp: float = 0.0

    def seen_from(self, at: float) -> Pace:
        """The same, with another reference."""
        return Pace(at, self.rate + self.ramp * (at - self.at), self.ramp)

    def turns(self, since: NDArray[np.float64]) -> NDArray[np.float64]:
        """Phases in turns, whole ones left out where they would cost digits."""
        along = since - self.at
        return np.asarray(since - np.floor(since) + along * (self.rate + self.ramp / 2 * along))


class Clicks(NamedTuple):
    """Clicks in nominal slots since the first one, and their channels."""

    since: NDArray[np.float64]
    channel: NDArray[np.uint8]

    def first(self, n: int) -> Clicks:
        """The first of them."""
        return Clicks(self.since[:n], self.channel[:n])

    @property
    def span(self) -> float:
        """How many slots they span."""
        return max(float(self.since[-1] - self.since[0]), 1.0)

    @property
    def middle(self) -> float:
        """Halfway between the first and the last."""
        return float(self.since[0] + self.since[-1]) / 2

    def by_channel(self, most: int = 2**62) -> list[NDArray[np.float64]]:
        """Give each channel's, of at most so many evenly chosen ones."""
        step = -(-len(self.since) // most)
        since, channel = self.since[::step], self.channel[::step]
        return [since[channel == one] for one in np.unique(channel)]


def trial_ramps(span: float, centre: float, within: float) -> NDArray[np.float64]:
    """Ramps to try, close enough to each other that one of them is nearly right."""
    steps = int(np.ceil(within * span**2 / RAMP_STEP)) if within * span**2 / 8 > STRAIGHT else 0
    return np.asarray(centre + np.arange(-steps, steps + 1) * (within / max(steps, 1)), np.float64)


def climb(clicks: Clicks, pace: Pace, ramp_within: float, *, to_the_top: bool = True) -> Pace:
    """Climb to the strongest beat near: some resolution elements of the rate away, and `ramp_within` of the ramp.

    The light may fill only a part of the clicks, so they are all weighed together. If more clicks are to come, a
    third of an element is near enough.
    """
    pace = pace.seen_from(clicks.middle)
    seen = clicks.by_channel(ENOUGH_TO_SEE)
    ramps = trial_ramps(clicks.span, pace.ramp, ramp_within)
    strongest, best = -1.0, pace
    for ramp in ramps.tolist():
        bent = Pace(pace.at, pace.rate, ramp)
        power = np.sum([_powers(since, bent, clicks.span) for since in seen], axis=0)
        if power.max() > strongest:
            rate = bent.rate + (int(np.argmax(power)) - STEPS) / clicks.span / STEPS_AN_ELEMENT
            strongest, best = float(power.max()), bent._replace(rate=rate)
    return _newton(clicks.by_channel(ENOUGH), best, clicks.span, bent=len(ramps) > 1) if to_the_top else best


def _powers(since: NDArray[np.float64], pace: Pace, span: float) -> NDArray[np.float64]:
    """Squares of the vector sums over n at rates `STEPS` to either side; shape (2 * STEPS + 1,).

    From one rate to the next, each click turns by an angle of its own.
    """
    turn = np.exp(2j * np.pi * (since - pace.at) / span / STEPS_AN_ELEMENT)
    phase = np.exp(2j * np.pi * pace.turns(since)) * turn**-STEPS
    sums = np.empty(2 * STEPS + 1, np.complex128)
    for place in range(len(sums)):
        sums[place] = phase.sum()
        phase *= turn
    return np.asarray(np.abs(sums) ** 2 / len(since))


def _newton(groups: list[NDArray[np.float64]], pace: Pace, span: float, *, bent: bool) -> Pace:
    """Go to the top of the hill that `pace` stands on; stay there if it is none."""
    size = 2 if bent else 1
    scale = np.array([1 / span, 2 / span**2])[:size]
    at = pace
    for _ in range(5):
        gradient, curvature = np.zeros(size), np.zeros((size, size))
        for since in groups:
            _add_slopes(since, at, scale, gradient, curvature)
        if (np.linalg.eigvalsh(curvature) >= 0).any():
            return pace
        step = -np.linalg.solve(curvature, gradient)
        if np.abs(step).max() > 1:
            return pace
        moved = step * scale
        at = Pace(at.at, at.rate + moved[0], at.ramp + (moved[1] if bent else 0.0))
    return at


def _add_slopes(
    since: NDArray[np.float64],
    pace: Pace,
    scale: NDArray[np.float64],
    gradient: NDArray[np.float64],
    curvature: NDArray[np.float64],
) -> None:
    """Add a channel's part of the power's derivatives by rate and ramp, in units of `scale`."""
    along = since - pace.at
    phase = np.exp(2j * np.pi * pace.turns(since))
    turned = 2j * np.pi * np.stack([along, along**2 / 2])[: len(scale)] * scale[:, None]
    total, first = phase.sum(), turned @ phase
    second = (turned * phase) @ turned.T
    gradient += 2 * (np.conj(total) * first).real / len(since)
    curvature += 2 * (np.outer(np.conj(first), first) + np.conj(total) * second).real / len(since)
