"""Alice's side of Cascade: she answers, and keeps no state but what she has told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from postproc.bits import Bits
from postproc.errors import InputError, ProtocolViolation
from postproc.kernels import CascadeTeller, permute, subset_parity
from postproc.reconciliation.cascade.messages import CutParities, CutsWanted, PassesOpened
from postproc.reconciliation.cascade.schedule import Step
from postproc.reconciliation.randomised import in_whole_words, subset_mask


class Teller:
    """Alice's key and everything she has told about it.

    Parameters
    ----------
    key : Bits
        Her key.
    """

    def __init__(self, key: Bits) -> None:
        self._key = in_whole_words(key)
        self._teller = CascadeTeller(len(self._key))
        self._passes = 0
        self._subsets: dict[int, Callable[[], Bits]] = {}
        self._last_told = 0

    def open(self, step: Step, seed: bytes) -> PassesOpened:
        """Open the passes of a step."""
        random = step.random(seed)
        if step.kind == "chosen":
            return PassesOpened(seed, self._open_subsets([int(row[0]) for row in random]))
        shuffled = step.kind == "shuffled"
        bits = permute(random[0], self._key) if shuffled else self._key
        self._teller.open(self._passes, bits, total_known=shuffled)
        parities = self._teller.tell_ends(self._passes, step.block_bits, step.blocks_told(len(self._key)))
        self._passes += 1
        self._last_told = len(parities)
        return PassesOpened(seed, parities)

    def answer(self, wanted: CutsWanted, *, charged: bool) -> CutParities:
        """Give the parities at cuts.

        Raises
        ------
        ProtocolViolation
            If the request repeats a cut, leaves the block, or miscounts what Bob has compared.
        """
        self._check(wanted, charged)
        for number in [p for p in self._subsets if wanted.counts[p]]:
            self._teller.open(number, self._subsets.pop(number)(), total_known=True)
        try:
            parities = self._teller.tell(wanted.counts, wanted.cuts)
        except InputError as error:
            raise ProtocolViolation(f"Bob {error}: the block ends here") from None
        self._last_told = told = wanted.count
        return CutParities(told, parities)

    def close(self, wanted: CutsWanted, *, charged: bool) -> None:
        """Take note that Bob asks for nothing more of the passes open.

        Raises
        ------
        ProtocolViolation
            If he sends cuts all the same, speaks of other passes, or miscounts what he has compared.
        """
        self._check(wanted, charged)
        if wanted.cuts:
            raise ProtocolViolation(f"Bob sent {len(wanted.cuts)} bytes of cuts and counted none")

    def _check(self, wanted: CutsWanted, charged: bool) -> None:
        """Hold what Bob says against the rules, but for the cuts themselves."""
        if len(wanted.counts) != self._passes:
            raise ProtocolViolation(f"Bob asked in {len(wanted.counts)} passes where {self._passes} are open")
        if wanted.compared != self._last_told or wanted.charged != charged:
            raise ProtocolViolation(
                f"Bob says that he compared {wanted.compared} parities (charged: {wanted.charged}), "
                f"Alice told {self._last_told} (charged: {charged})"
            )

    def _open_subsets(self, words: list[int]) -> Bits:
        """Tell the subsets' parities; what else there is to know of one is prepared when somebody asks."""
        for word in words:
            self._subsets[self._passes] = partial(self._subset, word)
            self._passes += 1
        self._last_told = len(words)
        return Bits.from_array(np.array([subset_parity(word, self._key) for word in words]))

    def _subset(self, word: int) -> Bits:
        masked = self._key.packed.view(np.uint64) & subset_mask(word, len(self._key) // 64)
        return Bits(masked.view(np.uint8), len(self._key))
