"""Polarisation on the bench: what fibres and wave plates do to states, as rotations of the Poincaré sphere.

The key basis lies along S1, the test basis along S2. A plate of retardance d with its fast axis at angle a
turns the sphere by d about (cos 2a, sin 2a, 0): E. Hecht, "Optics" (5th ed.), section 8.13; S. D. Poole and
R. E. Wagner, Electron. Lett. 22, 1029 (1986).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from drivers.emulation.bench.timeline import Timeline
from drivers.emulation.seams import Plate

#: Rows of a rotation matrix; hashable, so that what follows from it can be cached.
Turn = tuple[tuple[float, ...], ...]

STRAIGHT: Turn = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def through_fibre(angles_deg: tuple[float, float, float]) -> Turn:
    """Give what a fibre does: turns about S1, S2 and S3, one after the other."""
    return _turn(Rotation.from_euler("xyz", angles_deg, degrees=True))


def through_plates(plates: Sequence[Plate]) -> Turn:
    """Give what plates do, one after the other."""
    whole = Rotation.identity()
    for plate in plates:
        axis = np.deg2rad(2 * plate.axis_deg)
        whole = (
            Rotation.from_rotvec(
                np.deg2rad(plate.retardance_deg) * np.array([np.cos(axis), np.sin(axis), 0.0])
            )
            * whole
        )
    return _turn(whole)


def joined(first: Turn, then: Turn) -> Turn:
    """Give two turns, one after the other."""
    return first if then == STRAIGHT else _turn(Rotation.from_matrix(then) * Rotation.from_matrix(first))


def paths(error: float, turn: Turn) -> NDArray[np.float64]:
    """Probability of each detector for a photon that has come into its basis.

    Parameters
    ----------
    error : float
        Of light in the measured basis that is not turned.
    turn : Turn

    Returns
    -------
    array of float64, shape (4, 4)
        By the state that was prepared (key basis bit 0 and 1, test basis likewise), then by detector.
    """
    visibility = 1 - 2 * error
    # Stokes vectors of the four states, and of what the four detectors stand for.
    states = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], float)
    likeness = states @ (states @ np.array(turn)).T
    shares: NDArray[np.float64] = (1 + visibility * likeness) / 2
    return shares


def mean_error(error: float, turn: Turn) -> float:
    """Give the error rate of both bases together."""
    found = paths(error, turn)
    return float(np.mean([found[0, 1], found[1, 0], found[2, 3], found[3, 2]]))


class LivePolarisation:
    """A polarisation controller's place in the light; see :class:`~drivers.emulation.seams.PolarisationSeam`."""

    def __init__(self) -> None:
        self._turn: Timeline[Turn] = Timeline(STRAIGHT)

    def retard(self, now_s: float, plates: Sequence[Plate]) -> None:
        """See :class:`~drivers.emulation.seams.PolarisationSeam`."""
        self._turn.set(now_s, through_plates(plates))

    def turn(self, block: int) -> Turn:
        """Give what it does to the light in a block."""
        return self._turn.at(block)


def _turn(rotation: Rotation) -> Turn:
    return tuple(tuple(float(each) for each in row) for row in rotation.as_matrix())
