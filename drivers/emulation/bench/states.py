"""Alice's prepared states, at any slot and in any order, without a stream to run through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.parameters import DecoySource
from drivers.emulation.bench.seeds import word
from drivers.emulation.bench.split_mix import SplitMix
from postproc.timetags.types import StateChunk

#: Fields of a state, as `StateChunk` has them.
TEST_BASIS, BIT, INTENSITY_SHIFT = 1, 2, 2

_SLOTS_PER_CHUNK = 2**18

States = NDArray[np.uint8]


class PreparedStates:
    """The states of a source: a function of the slot's number.

    Each slot has 32 random bits: the lowest is the bit, the other 31 choose intensity and basis.

    Parameters
    ----------
    intensity_probabilities : sequence of float
        How often each intensity is sent, brightest first.
    key_basis_probability : float
        How often the key basis is sent.
    key : uint64
        Of the random sequence.
    """

    def __init__(
        self, intensity_probabilities: Sequence[float], key_basis_probability: float, key: np.uint64
    ) -> None:
        self._random = SplitMix(key)
        split = np.array([key_basis_probability, 1 - key_basis_probability])
        shares = np.outer(intensity_probabilities, split).ravel()
        edges = np.round(np.cumsum(shares)[:-1] * 2**31).astype(np.int64) << 1
        # From the key basis to the test basis the code grows by 1, and from there to the next intensity by 3.
        steps = np.resize(np.array([TEST_BASIS, (1 << INTENSITY_SHIFT) - TEST_BASIS], np.uint8), len(edges))
        self._edges = [(np.uint32(e), s) for e, s in zip(edges.tolist(), steps, strict=True) if e < 2**32]

    @classmethod
    def of(cls, source: DecoySource, seed: int) -> PreparedStates:
        """Give those of a source under a scene's seed."""
        key = word(seed, "alice", "states")
        return cls(source.intensity_probabilities, source.key_basis_probability, key)

    def at(self, slots: NDArray[np.int64]) -> States:
        """Give the states of slots, shape (n,), as :class:`~postproc.timetags.types.StateChunk` encodes them."""
        return self._states(self._random.at(slots))

    def run(self, first_slot: int, n_slots: int) -> States:
        """Give the states of consecutive slots, shape (n_slots,)."""
        states = np.empty(n_slots, np.uint8)
        for begin, random in self._random.runs(first_slot, n_slots):
            states[begin : begin + len(random)] = self._states(random)
        return states

    def chunks(self, n_slots: int) -> Iterator[StateChunk]:
        """Give the states of all slots from 0 on, in order."""
        for first in range(0, n_slots, _SLOTS_PER_CHUNK):
            yield StateChunk(first, self.run(first, min(_SLOTS_PER_CHUNK, n_slots - first)))

    def _states(self, random: NDArray[np.uint32]) -> States:
        states = (random & np.uint32(1)).astype(np.uint8) * np.uint8(BIT)
        for edge, step in self._edges:
            states += (random >= edge).view(np.uint8) * step
        return states
