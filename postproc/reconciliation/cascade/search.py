"""Bob's side of Cascade: in every pass at once, halve the odd intervals until the wrong bits stand alone."""

from __future__ import annotations

from postproc.bits import Bits
from postproc.errors import InputError, ProtocolViolation
from postproc.kernels import CascadeSearch, subset_parity
from postproc.reconciliation.cascade.messages import CutParities, CutsWanted, PassesOpened
from postproc.reconciliation.cascade.schedule import Step
from postproc.reconciliation.randomised import SEED_BYTES, in_whole_words, without_filling


class Search:
    """Bob's key as far as it is corrected, and his view of the open passes.

    Parameters
    ----------
    key : Bits
        His key.
    spare_cuts : int
        How many cuts he may ask for in vain in one round.
    charged : bool
        Whether the session charges what his messages tell.
    """

    def __init__(self, key: Bits, spare_cuts: int, *, charged: bool) -> None:
        self._n = len(key)
        self._search = CascadeSearch(in_whole_words(key))
        self._places = -(-len(key) // 64) * 64
        self._spare = spare_cuts
        self._charged = charged
        self._last_compared = 0
        self._passes_without_views = 0

    @property
    def key(self) -> Bits:
        """The key as far as it is corrected."""
        return without_filling(self._search.key, self._n)

    def open(self, step: Step, opened: PassesOpened) -> None:
        """Take the parities with which Alice opens the passes of a step.

        Raises
        ------
        ProtocolViolation
            If they are too many or too few, or the seed has the wrong length.
        """
        if len(opened.seed) != SEED_BYTES:
            raise ProtocolViolation(f"Alice's seed has {len(opened.seed)} bytes instead of {SEED_BYTES}")
        if step.kind == "chosen":
            self._open_subsets(step, opened)
        else:
            self._expect(len(opened.parities), step.blocks_told(self._places))
            self._search.open(step.kind, step.random(opened.seed)[0], step.block_bits, opened.parities)

    def want(self) -> CutsWanted:
        """Correct what is found, then ask for cuts that halve the odd intervals; none if all are even.

        Raises
        ------
        ProtocolViolation
            If Alice's parities contradict each other.
        """
        try:
            cuts, counts = self._search.choose(self._spare)
        except InputError as error:
            raise ProtocolViolation(f"Alice's {error}: the block ends here") from None
        return CutsWanted(
            counts + (0,) * self._passes_without_views, cuts, self._last_compared, self._charged
        )

    def take(self, asked: int, answer: CutParities) -> None:
        """Take Alice's parities at the cuts last asked for, so many.

        Raises
        ------
        ProtocolViolation
            If they are too many or too few.
        """
        self._expect(answer.count, asked)
        try:
            self._search.take(answer.parities)
        except InputError as error:
            raise ProtocolViolation(f"in Alice's answer, {error}") from None

    def _expect(self, told: int, due: int) -> None:
        if told != due:
            raise ProtocolViolation(f"Alice told {told} parities where {due} were due")
        self._last_compared = due

    def _open_subsets(self, step: Step, opened: PassesOpened) -> None:
        """Compare whole subsets; only where one differs, its bits are looked at, and those of all others."""
        self._expect(len(opened.parities), step.passes)
        key, random = self._search.key, step.random(opened.seed)
        ours = [subset_parity(int(row[0]), key) for row in random]
        told = opened.parities.to_array().tolist()
        if ours == told:
            self._passes_without_views = step.passes
            return
        for row, parity in zip(random, told, strict=True):
            self._search.open("chosen", row, self._places, Bits.from_bytes(bytes([parity]), 1))
