"""How the stages of the pipeline go about their work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from postproc.parameters.strict import Strict


@dataclass(frozen=True)
class Clock(Strict):
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
class Reconciliation(Strict):
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
        that of the block's test at first, and then that of the keys of earlier blocks.
    round_trip_ms : float
        Of the classical channel, as ping shows it; only "auto" asks for it.
    workers : int or None
        Threads of this party that correct errors; None takes all its cores. Each party may have its own number.
    """

    method: Literal["auto", "ldpc", "cascade"] = "auto"
    profile: Literal["auto", "efficient", "fast"] = "auto"
    expected_qber: Annotated[float, Ge(0), Lt(0.5)] | None = None
    round_trip_ms: Annotated[float, Ge(0), Le(10**5)] = 1.0
    workers: Annotated[int, Ge(1), Le(1024)] | None = None


@dataclass(frozen=True)
class Authentication(Strict):
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
class Pooling(Strict):
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
