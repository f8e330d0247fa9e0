"""Error correction that chooses its way block by block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from postproc.bits import Bits
from postproc.conversation.dialogue import Dialogue, note
from postproc.entropy import Stream
from postproc.reconciliation.choice import Way, choose
from postproc.reconciliation.profile import Method, Profile, Reconciler


@dataclass(frozen=True, slots=True)
class ChosenReconciler:
    """Both parties choose alike, from figures that both have; nothing is said about it.

    Parameters
    ----------
    make : callable (Method, Profile) -> Reconciler
    method, profile : str or None
        What is not left to choose.
    charge_both_directions : bool
        Whether Cascade's both sides are charged.
    block_s : float or None
        How long it takes until the next block comes; None where time does not matter.
    round_trip_s : float
        Of the line between the parties.
    """

    make: Callable[[Method, Profile], Reconciler]
    method: Method | None
    profile: Profile | None
    charge_both_directions: bool
    block_s: float | None
    round_trip_s: float
    name: str = "chosen"

    def alice(self, key: Bits, qber: float, entropy: Stream) -> Dialogue[None]:
        """See :class:`~postproc.reconciliation.profile.Reconciler`."""
        way = self.way(len(key), qber)
        yield from note(reconciliation_way=f"{way.method} {way.profile}")
        yield from self.make(way.method, way.profile).alice(key, qber, entropy)

    def bob(self, key: Bits, qber: float, entropy: Stream) -> Dialogue[Bits]:
        """See :class:`~postproc.reconciliation.profile.Reconciler`."""
        way = self.way(len(key), qber)
        yield from note(reconciliation_way=f"{way.method} {way.profile}")
        return (yield from self.make(way.method, way.profile).bob(key, qber, entropy))

    def way(self, n_bits: int, qber: float) -> Way:
        """Choose for a block."""
        return choose(
            qber,
            bits_per_s=n_bits / self.block_s if self.block_s else 0.0,
            round_trip_s=self.round_trip_s,
            charge_both_directions=self.charge_both_directions,
            method=self.method,
            profile=self.profile,
        )
