"""Finding the positions of a controller at which a noisy measurement is least.

First one stage after the other is scanned over its whole range, because errors depend on each as on an angle: a
search that only goes downhill ends in the first dip. Then all stages together go downhill by J. A. Nelder and
R. Mead's simplex (Computer Journal 7, 308 (1965)), which needs no slopes and bears noise. Last, a parabola through all
that was measured near the bottom averages the noise out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from qkdctl.calibration.stand import Tell, silent

Position = tuple[float, ...]
Cost = Callable[[Position, int], float]

SCANNED = 13
"""Positions that are tried of each stage."""

ROUNDS = 3
"""The stages are gone through so often at most."""

NEAR = 0.03
"""Cost below which scanning ends."""

STEPS = (0.03, 0.015)
"""First steps of the simplex, as shares of a stage's range: noise can flatten one too soon, so another follows."""

POLISHES = 55
"""Measurements of each."""

POSITION_TOLERANCE, COST_TOLERANCE = 2e-3, 3e-4

BOTTOM = 0.01
"""What costs no more than this above the best lies near the bottom."""

RIDGE = 1e-6
CARE, LAST_CARE = 3, 10
"""Near the end, a measurement is worth so much more care than in the scans."""


class Search:
    """A search; it remembers all that was tried.

    Parameters
    ----------
    cost : callable
        Measures at positions from 0 to 1, with so much care: 1 is a first look.
    tell : callable, optional
        Given a few words after each measurement.

    Attributes
    ----------
    tried : list of (tuple of float, float)
    """

    def __init__(self, cost: Cost, tell: Tell = silent) -> None:
        self._cost, self._tell = cost, tell
        self.tried: list[tuple[Position, float]] = []
        self._first_careful = 0

    @property
    def best(self) -> tuple[Position, float]:
        """The positions with the least cost so far, as it was measured last."""
        return min(self.tried[self._first_careful :], key=lambda each: each[1])

    def run(self, start: Position) -> Position:
        """Search from a position; give the best one."""
        self._at(np.array(start))
        for _ in range(ROUNDS):
            for stage in range(len(start)):
                if self.best[1] < NEAR:
                    break
                self._scan(stage)
        # What the scans found by good luck no longer counts.
        start, self._first_careful = self.best[0], len(self.tried)
        for step in STEPS:
            self._polish(np.array(start), step)
            start = self.best[0]
        self._fit()
        return self.best[0]

    def _scan(self, stage: int) -> None:
        """Try a stage's whole range, the others standing at their best; then between the best neighbours."""
        best = np.array(self.best[0])
        grid = np.linspace(0, 1, SCANNED)
        costs = [self._at(_with(best, stage, value)) for value in grid]
        place = int(np.clip(np.argmin(costs), 1, SCANNED - 2))
        self._at(_with(best, stage, _dip(grid[place - 1 : place + 2], costs[place - 1 : place + 2])))

    def _polish(self, start: NDArray[np.float64], step: float) -> None:
        """Go downhill."""
        corners = [_with(start, stage, _inward(start[stage], step)) for stage in range(len(start))]
        minimize(
            lambda position: self._at(position, CARE),
            start,
            method="Nelder-Mead",
            bounds=[(0.0, 1.0)] * len(start),
            options={
                "initial_simplex": np.array([start, *corners]),
                "maxfev": POLISHES,
                "xatol": POSITION_TOLERANCE,
                "fatol": COST_TOLERANCE,
            },
        )

    def _fit(self) -> None:
        """Fit a parabola to what was measured near the bottom, and measure at its lowest point: that decides."""
        near = [each for each in self.tried[self._first_careful :] if each[1] < self.best[1] + BOTTOM]
        places, costs = np.array([place for place, _ in near]), np.array([cost for _, cost in near])
        if len(near) < 2 * _terms(places).shape[1]:
            candidates = [self.best[0]]
        else:
            middle, width = places.mean(axis=0), max(float(np.ptp(places, axis=0).max()), 1e-6)
            known = _terms((places - middle) / width)
            # The ridge settles directions along which nothing changes: there are more stages than needed.
            weights = np.linalg.solve(known.T @ known + RIDGE * np.eye(known.shape[1]), known.T @ costs)
            box = _reach(places, middle, width)
            lowest = minimize(
                lambda x: float((_terms(x[None]) @ weights)[0]), np.zeros(len(middle)), bounds=box
            )
            candidates = [self.best[0], tuple(lowest.x * width + middle)]
        self._first_careful = len(self.tried)
        for place in candidates:
            self._at(np.array(place), LAST_CARE)

    def _at(self, position: NDArray[np.float64], care: int = 1) -> float:
        place = tuple(float(each) for each in np.clip(position, 0.0, 1.0))
        cost = self._cost(place, care)
        self.tried.append((place, cost))
        most = at_most(len(place))
        self._tell(f"position {len(self.tried)} of at most {most}; fewest errors so far {self.best[1]:.2%}")
        return cost


def at_most(stages: int) -> int:
    """Say how many positions a search tries at most."""
    return 1 + ROUNDS * stages * (SCANNED + 1) + len(STEPS) * POLISHES + 2


def _reach(places: NDArray[np.float64], middle: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Give how far the measured places lie apart in each direction, shape (stages, 2)."""
    return np.stack([places.min(axis=0) - middle, places.max(axis=0) - middle], axis=1) / width


def _terms(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the terms of a parabola, shape (points, 1 + stages + stages * (stages + 1) / 2)."""
    stages = x.shape[1]
    squares = [x[:, i] * x[:, j] for i in range(stages) for j in range(i, stages)]
    return np.stack([np.ones(len(x)), *x.T, *squares], axis=1)


def _with(position: NDArray[np.float64], stage: int, value: float) -> NDArray[np.float64]:
    moved = position.copy()
    moved[stage] = value
    return moved


def _inward(value: float, step: float) -> float:
    return value + step if value + step <= 1 else value - step


def _dip(x: NDArray[np.float64], y: list[float]) -> float:
    """Where a parabola through three points is lowest, within them."""
    curvature = y[0] - 2 * y[1] + y[2]
    if curvature <= 0:
        return float(x[int(np.argmin(y))])
    return float(np.clip(x[1] + (x[1] - x[0]) * (y[0] - y[2]) / (2 * curvature), x[0], x[2]))
