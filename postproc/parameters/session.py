"""A session whole: one class for each protocol."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Len, Lt

from postproc.parameters.receiver import Bases, Receiver
from postproc.parameters.security import DecoySecurity, Link, PairSecurity
from postproc.parameters.stages import Authentication, Clock, Pooling, Reconciliation
from postproc.parameters.strict import Strict
from postproc.sifting.observables import Watch

Probability = Annotated[float, Gt(0), Lt(1)]


@dataclass(frozen=True, kw_only=True)
class Bbm92(Strict):
    """An entanglement-based session.

    Attributes
    ----------
    block_s : float
        Length of a block. Blocks end by the clock.
    window_ps : int
        Full width of the coincidence window.
    bin_ps : int
        Width of the bins in which Bob publishes times.
    """

    protocol: Literal["bbm92"] = "bbm92"
    block_s: Annotated[float, Gt(0), Le(10**6)]
    window_ps: Annotated[int, Ge(10), Le(10**6)]
    bin_ps: Annotated[int, Ge(1), Le(10**6)]
    alice: Receiver
    bob: Receiver
    clock: Clock
    security: PairSecurity
    bases: Bases = Bases()
    link: Link = Link()
    reconciliation: Reconciliation = Reconciliation()
    authentication: Authentication = Authentication()
    pooling: Pooling = Pooling()

    def __post_init__(self) -> None:
        self.alice.check("Alice", self.bases)
        self.bob.check("Bob", self.bases)


@dataclass(frozen=True, kw_only=True)
class Intensity(Strict):
    """One setting of the transmitter: mean photon number of its pulses, and how often it is chosen.

    The true mean lies within ``mean * (1 +- spread)``; the proof's bounds hold for all of them.
    """

    mean: Annotated[float, Ge(0), Le(10)]
    probability: Probability
    spread: Annotated[float, Ge(0), Le(0.5)] = 0.0


@dataclass(frozen=True, kw_only=True)
class DecoyBb84(Strict):
    """A decoy-state session.

    Attributes
    ----------
    slot_hz : float
        Slots a second.
    slots_per_block : int
        Length of a block. Blocks end by the clock.
    gate_ps : int
        Full width around a slot's centre in which clicks count.
    intensities : tuple of Intensity
        Brightest first; two for one decoy, three for two.
    key_basis_probability : float
        How often Alice prepares in the key basis.
    """

    protocol: Literal["decoy-bb84"] = "decoy-bb84"
    slot_hz: Annotated[float, Ge(1e3), Le(1e11)]
    slots_per_block: Annotated[int, Ge(1), Lt(2**32)]
    gate_ps: Annotated[int, Ge(1), Le(10**9)]
    intensities: Annotated[tuple[Intensity, ...], Len(2, 3)]
    key_basis_probability: Probability
    bob: Receiver
    clock: Clock
    security: DecoySecurity
    bases: Bases = Bases()
    link: Link = Link()
    reconciliation: Reconciliation = Reconciliation()
    authentication: Authentication = Authentication()
    pooling: Pooling = Pooling()
    watch: Watch | None = None

    def __post_init__(self) -> None:
        self.bob.check("Bob", self.bases)
        if self.gate_ps > self.period_ps:
            raise ValueError(f"gate_ps is {self.gate_ps}, wider than a slot of {self.period_ps:.0f} ps")

    @property
    def period_ps(self) -> float:
        """Slot period."""
        return 1e12 / self.slot_hz

    @property
    def block_s(self) -> float:
        """Length of a block."""
        return self.slots_per_block / self.slot_hz


Session = Bbm92 | DecoyBb84


def agreed(session: Session) -> dict[str, Any]:
    """Give what both parties must have alike, as JSON has it: all but what each may set for itself."""
    figures = asdict(session)
    del figures["reconciliation"]["workers"]
    return figures
