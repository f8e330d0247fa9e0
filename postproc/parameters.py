"""What the two parties agree on before the light goes on.

These are the figures that a proof takes as given. They come from the scenario file, where pydantic holds
them against the bounds written here, and both parties compare them before anything else
(:mod:`postproc.conversation.agreement`). Times that reach into tags are picoseconds; durations a person
thinks of are seconds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Len, Lt

from postproc.estimation.parameters import STRICT, DecoyThresholds, DetectorSpread, EntanglementThresholds
from postproc.sifting.observables import Watch

Probability = Annotated[float, Gt(0), Lt(1)]
Epsilon = Annotated[float, Ge(1e-60), Le(1e-3)]


class _Strict:
    """Whoever validates outside input against these classes refuses unknown keys and infinities."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT


@dataclass(frozen=True)
class Detector(_Strict):
    """One single-photon detector and what its click means.

    Attributes
    ----------
    channel : int
        Logical channel of its tags.
    basis : str
        Name of the basis it measures.
    bit : {0, 1}
        The bit its click stands for.
    delay_ps : int
        Known electrical delay, taken off before anything else.
    """

    channel: Annotated[int, Ge(0), Le(255)]
    basis: Annotated[str, Len(1, 16)]
    bit: Annotated[int, Ge(0), Le(1)]
    delay_ps: Annotated[int, Ge(-1_000_000), Le(1_000_000)] = 0


@dataclass(frozen=True)
class Bases(_Strict):
    """Names of the two bases and their roles, fixed before the run."""

    key: Annotated[str, Len(1, 16)] = "Z"
    test: Annotated[str, Len(1, 16)] = "X"

    def __post_init__(self) -> None:
        if self.key == self.test:
            raise ValueError(f"the key basis and the test basis are both {self.key!r}")


@dataclass(frozen=True)
class Receiver(_Strict):
    """A party's detectors.

    Attributes
    ----------
    detectors : tuple of Detector
    hold_off_ps : int
        After a click, all detectors of the party are ignored for this long: it covers dead time and
        echoes, alike for all, so that the missing clicks tell nothing.
    double_click_ps : int
        Clicks of different detectors this close belong to one event; its bit is drawn at random.
    """

    detectors: Annotated[tuple[Detector, ...], Len(2, 16)]
    hold_off_ps: Annotated[int, Ge(0), Le(10**9)]
    double_click_ps: Annotated[int, Ge(0), Le(10**6)]

    def __post_init__(self) -> None:
        channels = [detector.channel for detector in self.detectors]
        if twice := [channel for channel in channels if channels.count(channel) > 1]:
            raise ValueError(f"channel {twice[0]} is given to two detectors")

    def check(self, party: str, bases: Bases) -> None:
        """Raise ValueError unless the detectors tell both bits of both bases."""
        outcomes = {(detector.basis, detector.bit) for detector in self.detectors}
        for basis in (bases.key, bases.test):
            for bit in (0, 1):
                if (basis, bit) not in outcomes:
                    raise ValueError(f"{party} has no detector for bit {bit} of basis {basis!r}")
        if odd := sorted({basis for basis, _ in outcomes} - {bases.key, bases.test}):
            raise ValueError(
                f"a detector of {party} measures basis {odd[0]!r}, and the bases are {bases.key!r} and "
                f"{bases.test!r}"
            )


@dataclass(frozen=True)
class Clock(_Strict):
    """How the clocks are found.

    Attributes
    ----------
    preamble_s : float
        Length of the stretch that Alice publishes, and that is spent, to lock the clocks.
    attempts : int
        How many such stretches are tried, one after another.
    max_offset_s : float
        Largest difference between the clocks.
    max_drift_ppm : float
        Largest difference of their rates.
    false_lock : float
        Acceptable probability of locking onto nothing.
    estimate_delays : bool
        Find the detectors' delays in the preamble; false where `delay_ps` is calibrated.
    max_delay_ps : int
        How far delays may lie apart.
    """

    preamble_s: Annotated[float, Gt(0), Le(100)]
    attempts: Annotated[int, Ge(1), Le(1000)] = 4
    max_offset_s: Annotated[float, Gt(0), Le(100)] = 2.0
    max_drift_ppm: Annotated[float, Gt(0), Le(1000)] = 25.0
    false_lock: Annotated[float, Gt(0), Le(1e-3)] = 1e-9
    estimate_delays: bool = True
    max_delay_ps: Annotated[int, Ge(1000), Le(1_000_000)] = 25_000


@dataclass(frozen=True)
class Reconciliation(_Strict):
    """How errors are corrected.

    Attributes
    ----------
    method : {"auto", "ldpc", "cascade"}
        LDPC for long round trips and where both directions are charged, Cascade for short ones; "auto" chooses block by
        block what is charged least of what is fast enough.
    profile : {"auto", "efficient", "fast"}
        Fewest bits, or less time; "auto" as with the method.
    expected_qber : float or None
        Error rate to prepare for; it tunes the first try and decides nothing about security. None takes
        that of the test basis, block by block.
    round_trip_ms : float
        Of the classical channel, as ping shows it; only "auto" asks for it.
    workers : int or None
        Threads of this party that correct errors; none takes all its cores. Each party may have its own number.
    """

    method: Literal["auto", "ldpc", "cascade"] = "auto"
    profile: Literal["auto", "efficient", "fast"] = "auto"
    expected_qber: Annotated[float, Ge(0), Lt(0.5)] | None = None
    round_trip_ms: Annotated[float, Ge(0), Le(10**5)] = 1.0
    workers: Annotated[int, Ge(1), Le(1024)] | None = None


@dataclass(frozen=True)
class Authentication(_Strict):
    """How the conversation is authenticated.

    Attributes
    ----------
    reserve_tags : int
        No session starts with fewer one-time keys a direction.
    rotate_tags : int
        A hash key serves for so many tags at most, then the next block brings another; every block does where this
        is less than what the pool keeps.
    rotate_s : float
        A hash key older than this gets no further one-time keys: the next block brings another.
    epsilon_budget : float
        All keys made since the pre-shared key may fail by so much together; then both parties need a new one.
    """

    reserve_tags: Annotated[int, Ge(4), Le(10**6)] = 16
    rotate_tags: Annotated[int, Ge(32), Le(2**32)] = 2**20
    rotate_s: Annotated[float, Ge(1), Le(10**8)] = 86_400.0
    epsilon_budget: Annotated[float, Gt(0), Le(1)] = 1e-3


@dataclass(frozen=True)
class Pooling(_Strict):
    """How many blocks make one key together, such as those of several passes of a satellite.

    Counts are added up before anything is tested; which blocks belong together follows from their numbers.

    Attributes
    ----------
    passes : int
        So many recordings, each with clocks of its own.
    blocks_per_pass : int
        So many blocks of each; what a recording has beyond is not used where there are several passes.
    """

    passes: Annotated[int, Ge(1), Le(1000)] = 1
    blocks_per_pass: Annotated[int, Ge(1), Le(60)] = 1

    @property
    def size(self) -> int:
        """Blocks that make one key."""
        return self.passes * self.blocks_per_pass


@dataclass(frozen=True)
class Link(_Strict):
    """Facts about the link that a proof may assume, as far as they are known.

    The scenario states them honestly; what the stages themselves see to (double clicks, where blocks end,
    what is charged) is not asked for. See :class:`postproc.estimation.assumptions.Assumption`.
    """

    basis_choice: Literal["active", "passive", "unknown"] = "unknown"
    detector_efficiencies: Literal["equal", "unequal", "unknown"] = "unknown"
    detections: Literal["independent", "correlated", "unknown"] = "unknown"
    published_times: Literal["silent", "informative", "unknown"] = "unknown"
    alice_measures: Literal["qubits", "modes", "unknown"] = "unknown"
    pulse_phases: Literal["random", "fixed", "unknown"] = "unknown"
    intensities: Literal["exact", "interval", "unknown"] = "unknown"
    prepared_states: Literal["ideal", "imperfect", "unknown"] = "unknown"
    states: Literal[4, 3, "unknown"] = 4


@dataclass(frozen=True, kw_only=True)
class _Security(_Strict):
    """The proof that a session stands on.

    Attributes
    ----------
    proof : str
        Name of the proof.
    eps_sec, eps_cor : float
        Secrecy and correctness of each block's key.
    waived : tuple of str
        Assumptions of the proof that the link does not fulfil and that this scenario lets pass, by name;
        keys are then a demonstration.
    """

    proof: str
    eps_sec: Epsilon
    eps_cor: Epsilon
    waived: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PairSecurity(_Security):
    """The proof of a BBM92 session."""

    preparation_quality: Annotated[float, Gt(0), Le(1)] = 1.0
    thresholds: EntanglementThresholds | None = None


@dataclass(frozen=True, kw_only=True)
class DecoySecurity(_Security):
    """The proof of a decoy-state session."""

    strict_sampling: bool = False
    thresholds: DecoyThresholds | None = None
    detector_spread: DetectorSpread | None = None


@dataclass(frozen=True, kw_only=True)
class Bbm92(_Strict):
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
class Intensity(_Strict):
    """One setting of the transmitter: mean photon number of its pulses, and how often it is chosen.

    The true mean lies within ``mean * (1 +- spread)``; the proof's bounds hold for all of them.
    """

    mean: Annotated[float, Ge(0), Le(10)]
    probability: Probability
    spread: Annotated[float, Ge(0), Le(0.5)] = 0.0


@dataclass(frozen=True, kw_only=True)
class DecoyBb84(_Strict):
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
