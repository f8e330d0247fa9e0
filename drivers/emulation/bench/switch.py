"""A receiver's fast switch: which basis it measures in which slot, from private random bits."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.detection import Gate, Times
from drivers.emulation.bench.parameters import DETECTOR_NAMES, Receiver
from drivers.emulation.bench.seeds import word
from drivers.emulation.bench.split_mix import SplitMix

#: Positions of an active switch.
KEY, TEST = 0, 1


class BasisSwitch:
    """The choices of a receiver, slot by slot; a beam splitter has one position only.

    Parameters
    ----------
    receiver : Receiver
    seed : int
        Of the scene.
    *name : str or int
        Key of the random bits: party, run.
    """

    def __init__(self, receiver: Receiver, seed: int, *name: str | int) -> None:
        self.active = receiver.basis_choice == "active"
        self._random = SplitMix(word(seed, "switch", *name))
        self._key_below = round(receiver.key_basis_probability * 2**32)

    def at(self, slots: NDArray[np.int64]) -> NDArray[np.intp]:
        """Give the switch's position in slots, shape (n,): an index into `Receiver.shares`."""
        if not self.active:
            return np.zeros(len(slots), np.intp)
        return np.where(self._random.at(slots) < self._key_below, KEY, TEST).astype(np.intp)

    def gate(self, detector: int, period_ps: Fraction, start_ps: int = 0) -> Gate:
        """Tell when a detector's gate is open: in slots of its basis, each centred on its pulse."""
        position = TEST if detector >= len(DETECTOR_NAMES) // 2 else KEY

        def is_open(times: Times) -> NDArray[np.bool_]:
            if not self.active:
                return np.ones(len(times), bool)
            slots = np.rint((times - start_ps) / float(period_ps)).astype(np.int64)
            chosen: NDArray[np.bool_] = self.at(slots) == position
            return chosen

        return is_open
