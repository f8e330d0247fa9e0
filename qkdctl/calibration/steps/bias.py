"""The detectors' bias: where the light that is seen, less what dark counts cost, gives the most key.

A superconducting nanowire sees more with more bias until it saturates, while dark counts grow exponentially; far
above it latches (N. Gol'tsman et al., Appl. Phys. Lett. 79, 705 (2001); A. J. Annunziata et al., J. Appl. Phys. 108,
084507 (2010)). Counts in the dark are few, so their logarithm is fitted by a line.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count as numbers

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit
from scipy.special import erf

from drivers.roles import Nanowires
from postproc.parameters.session import DecoyBb84
from postproc.timetags.types import PICOSECONDS_PER_SECOND
from postproc.types import Role
from qkdctl.calibration.record import Picture
from qkdctl.calibration.stand import Light, Stand, Tell
from qkdctl.calibration.steps.light import scenario_light
from qkdctl.calibration.steps.putting_back import putting_back
from qkdctl.calibration.steps.step import Found, has_setting
from qkdctl.config.scenario import Scenario

FIRST_UA, STEP_UA, HIGHEST_UA = 5.0, 1.0, 45.0
FINE_UA = 0.1
BRIGHT_LOOKS, DARK_LOOKS = 2, 3
TOO_DARK = 0.1
"""The scan goes no further once dark counts are this share of the light."""

LATCHED = 0.2
"""Less than this share of the most it counted, in full light, and a detector has latched, unless it is chance."""

MARGIN = 0.85
"""Bias stays below this share of where a detector latched."""

ERROR, EFFICIENCY = 0.01, 1.16
"""The errors of a link without dark counts, and the efficiency of their correction, that key is reckoned with."""

BAD_FIT = 0.1
"""A curve that misses a point by this share of the most that is seen is not believed."""

SEEN_SIGMAS = 5.0
"""Light that stands out less from chance is none, and less that is lost is no latching."""

NOT_DARK = 1.0
"""Dark counts a second below which no line is fitted to them."""


class Bias:
    """Counts in light and in the dark at every bias.

    Parameters
    ----------
    party : {"alice", "bob"}
    """

    def __init__(self, party: Role) -> None:
        self.name = f"{party}-bias"
        self.what = f"set the bias of {party.capitalize()}'s detectors against their dark counts"
        self._party = party
        self._place = f"{party}.detectors"

    def fits(self, scenario: Scenario) -> bool:
        """See :class:`~qkdctl.calibration.steps.step.Step`: for detectors with a bias current."""
        return has_setting(scenario, self._place, "bias_current_ua")

    def run(self, stand: Stand) -> Found:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        detectors = stand.need(self._place, Nanowires)
        before = detectors.bias_current_ua
        with putting_back(lambda: _bias_anew(detectors, before)):
            return self._scan(stand, detectors, before)

    def _scan(self, stand: Stand, detectors: Nanowires, before: tuple[float, ...]) -> Found:
        high_ua = min(stand.limits(self._place, "bias_current_ua")[1], HIGHEST_UA)
        with scenario_light(stand) as light:
            scan = Scan(len(before))
            scan.run(detectors, light, high_ua, stand.tell)
            _bias_anew(detectors, before)
        chosen = [best_bias(*scan.of(i), scan.latched_ua[i], _gated(stand)) for i in range(len(before))]
        picture = scan.picture(self._party)
        if any(each is None for each in chosen):
            silent = ", ".join(str(i + 1) for i, each in enumerate(chosen) if each is None)
            verdict = f"detector {silent} sees no light at any bias"
            return Found(False, verdict, ADVICE, pictures=[picture], places=(self._place,))
        found = [float(each or 0.0) for each in chosen]
        change = stand.set(self._place, "bias_current_ua", found)
        figures = {f"detector_{i + 1}_bias_ua": value for i, value in enumerate(found)}
        latched = [f"{value:g} µA" for value in scan.latched_ua if value is not None]
        verdict = f"set to {', '.join(f'{value:g}' for value in found)} µA"
        verdict += f"; latched at {', '.join(latched)}" if latched else "; none latched"
        return Found(True, verdict, "", [change], figures, [picture], (self._place,))


class Scan:
    """Counts by bias, of each detector up to where it latches.

    Attributes
    ----------
    latched_ua : list of float or None
        Where each latched, if it did.
    """

    def __init__(self, count: int) -> None:
        self._bias_ua: list[float] = []
        self._bright: list[NDArray[np.float64]] = []
        self._dark: list[NDArray[np.float64]] = []
        self.latched_ua: list[float | None] = [None] * count

    def run(self, detectors: Nanowires, light: Light, high_ua: float, tell: Tell) -> None:
        """Scan upwards until all are too dark, or have latched."""
        look_s = BRIGHT_LOOKS * detectors.measurement_period_ms / 1000
        for number in numbers():
            bias_ua = FIRST_UA + number * STEP_UA
            if bias_ua > high_ua or self._over():
                return
            tell(f"bias of {bias_ua:g} µA; at most {high_ua:g} µA")
            current = tuple(0.0 if latched else bias_ua for latched in self.latched_ua)
            detectors.bias_current_ua = current
            bright = _mean(detectors, light, BRIGHT_LOOKS)
            light.block(dark=True)
            dark = _mean(detectors, light, DARK_LOOKS)
            light.block(dark=False)
            self._note(bias_ua, bright, dark, look_s)

    def of(self, detector: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Give bias, counts in light and counts in the dark of a detector, as far as it did not latch."""
        bias = np.array(self._bias_ua)
        good = bias < (self.latched_ua[detector] or np.inf)
        bright, dark = (np.array(each)[good, detector] for each in (self._bright, self._dark))
        return bias[good], bright, dark

    def picture(self, party: Role) -> Picture:
        """Draw it."""
        lines: dict[str, list[float | None]] = {}
        for i in range(len(self.latched_ua)):
            lines[f"detector {i + 1}, light"] = [float(each[i]) for each in self._bright]
        lines["dark, all"] = [float(each.sum()) for each in self._dark]
        title = f"Counts by bias at {party.capitalize()}"
        return Picture(title, "bias (µA)", "counts per second", self._bias_ua, lines)

    def _note(
        self, bias_ua: float, bright: NDArray[np.float64], dark: NDArray[np.float64], look_s: float
    ) -> None:
        self._bias_ua.append(bias_ua)
        self._bright.append(bright)
        self._dark.append(dark)
        most = np.max(self._bright, axis=0)
        for i, rate in enumerate(bright):
            if self.latched_ua[i] is None and has_latched(rate, most[i], look_s):
                self.latched_ua[i] = bias_ua

    def _over(self) -> bool:
        if not self._bright:
            return False
        pairs = zip(self._bright[-1], self._dark[-1], self.latched_ua, strict=True)
        return all(latched is not None or dark > TOO_DARK * bright for bright, dark, latched in pairs)


def has_latched(rate_hz: float, most_hz: float, look_s: float) -> bool:
    """Say whether a detector counts so much less than the most it did that chance cannot be why."""
    lost = (most_hz - rate_hz) * look_s
    return rate_hz < LATCHED * most_hz and lost > SEEN_SIGMAS * float(np.sqrt(most_hz * look_s))


def _bias_anew(detectors: Nanowires, bias_ua: tuple[float, ...]) -> None:
    """Bias detectors, from no bias at all: a latched one comes back only from there."""
    detectors.bias_current_ua = (0.0,) * len(bias_ua)
    detectors.bias_current_ua = bias_ua


def _mean(detectors: Nanowires, light: Light, looks: int) -> NDArray[np.float64]:
    counts: NDArray[np.float64] = np.mean(
        [light.pass_time(detectors.count_rates_hz) for _ in range(looks)], axis=0
    )
    return counts


def best_bias(
    bias_ua: NDArray[np.float64],
    bright_hz: NDArray[np.float64],
    dark_hz: NDArray[np.float64],
    latched_ua: float | None,
    gated: float,
) -> float | None:
    """Choose a bias.

    Parameters
    ----------
    bias_ua, bright_hz, dark_hz : array of float64, shape (n,)
        A scan.
    latched_ua : float or None
    gated : float
        Share of the time in which clicks count.

    Returns
    -------
    float or None
        None where no light is seen.
    """
    light = bright_hz - dark_hz
    if not len(light) or light.max() <= SEEN_SIGMAS * np.sqrt(max(bright_hz.max(), 1.0)):
        return None
    fine = np.arange(bias_ua[0], min(bias_ua[-1], MARGIN * (latched_ua or np.inf)) + FINE_UA / 2, FINE_UA)
    dark = np.exp(np.polyval(_dark_line(bias_ua, dark_hz), fine)) * gated
    seen = np.maximum(_saturation(bias_ua, light)(fine), 1e-9)
    error = (ERROR * seen + dark / 2) / (seen + dark)
    key = (seen + dark) * np.maximum(1 - (1 + EFFICIENCY) * _entropy(error), 0.0)
    return round(float(fine[np.argmax(key)]), 1)


def _saturation(
    bias_ua: NDArray[np.float64], light_hz: NDArray[np.float64]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Fit what is seen of the light by an error function of the bias; where that fits badly, go by the points."""

    def curve(x: NDArray[np.float64], most: float, half: float, width: float) -> NDArray[np.float64]:
        rising: NDArray[np.float64] = most * (1 + erf((x - half) / width)) / 2
        return rising

    middle = float(bias_ua[np.argmax(light_hz > light_hz.max() / 2)])
    sigma = np.sqrt(np.maximum(light_hz, 1.0))
    try:
        found, _ = curve_fit(curve, bias_ua, light_hz, (light_hz.max(), middle, STEP_UA), sigma)
    except (RuntimeError, TypeError):  # it does not converge, or there are fewer points than unknowns
        return lambda x: np.interp(x, bias_ua, light_hz)
    if np.max(np.abs(curve(bias_ua, *found) - light_hz)) > BAD_FIT * light_hz.max():
        return lambda x: np.interp(x, bias_ua, light_hz)
    return lambda x: curve(x, *found)


def _dark_line(bias_ua: NDArray[np.float64], dark_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit the logarithm of the dark counts; a detector that has none is as good as dark."""
    seen = dark_hz > NOT_DARK
    if seen.sum() < 2:
        return np.array([0.0, np.log(NOT_DARK)])
    line: NDArray[np.float64] = np.polyfit(bias_ua[seen], np.log(dark_hz[seen]), 1, w=np.sqrt(dark_hz[seen]))
    return line


def _entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(p, 1e-12, 1 - 1e-12)
    result: NDArray[np.float64] = -inside * np.log2(inside) - (1 - inside) * np.log2(1 - inside)
    return result


def _gated(stand: Stand) -> float:
    """Share of the time in which a click counts."""
    parameters = stand.scenario.parameters
    if not isinstance(parameters, DecoyBb84):
        return 1.0
    return min(parameters.gate_ps * parameters.slot_hz / PICOSECONDS_PER_SECOND, 1.0)


ADVICE = (
    "Look whether its fibre is plugged in and the light on; a latched detector needs its bias off and on. Then "
    "calibrate the bias again."
)
