"""What Bob's clicks betray of attacks that no proof covers: arrivals and the noise between the pulses.

Both are looked at before Bob says a word about the block, and against figures calibrated beforehand:

=====================  ==========================================  =============================================
observable             what it sees                                test
=====================  ==========================================  =============================================
``arrival-histogram``  pulses that were moved in time, which       the spread of the arrivals around the slots'
                       makes detectors of one bit see worse        centres, against the calibrated one
``noise-floor``        blinded detectors: they have no dark        clicks outside the gates, against the least
                       counts                                      calibrated rate
=====================  ==========================================  =============================================

One block may be too short to miss its dark counts, so the last 2, 4, 8, ... blocks are looked at together too; each
doubling gets half of the false-alarm rate that is left (:class:`Memory`).

Neither is part of a proof. A block that fails is refused; one that passes is not proven innocent. How likely an
attack of a given strength is noticed: :func:`noise_detection`, :func:`arrival_detection`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, lgamma, log, log2, sqrt
from statistics import NormalDist
from typing import Annotated, Any, ClassVar, NamedTuple

from annotated_types import Gt, Interval

from postproc.errors import BlockRefused

ARRIVALS, NOISE = "arrival-histogram", "noise-floor"

MEMORY_BLOCKS = 4096


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What Bob's clicks look like when nobody is on the line, as calibrated.

    Attributes
    ----------
    arrival_rms_ps : float
        Spread of the arrivals inside the gate.
    arrival_tolerance : float
        By which share the spread may be larger than calibrated, beside statistics.
    noise_hz : float
        Least rate of events outside the gates, for a gate that is always shut.
    false_alarm : float
        Probability, for both tests together, that an honest block is refused.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}

    arrival_rms_ps: Annotated[float, Gt(0)]
    noise_hz: Annotated[float, Gt(0)]
    arrival_tolerance: Annotated[float, Interval(ge=0, le=1)] = 0.05
    false_alarm: Annotated[float, Interval(gt=0, le=0.01)] = 1e-9


class Seen(NamedTuple):
    """What a block showed.

    Attributes
    ----------
    arrivals : int
        Detections inside the gates.
    arrival_rms_ps : float
        Their spread.
    noise : int
        Events outside the gates.
    dark_s : float
        How long the receiver was live with the gates shut.
    """

    arrivals: int
    arrival_rms_ps: float
    noise: int
    dark_s: float


class Memory:
    """The noise of the blocks before, as far back as is worth it."""

    def __init__(self) -> None:
        self._noise: deque[tuple[int, float]] = deque(maxlen=MEMORY_BLOCKS)

    def windows(self, noise: int, dark_s: float) -> Iterator[tuple[int, int, float]]:
        """Take a block; give the last 1, 2, 4, ... blocks: how many, their noise, and how long they were live."""
        self._noise.appendleft((noise, dark_s))
        blocks, count, live_s = 1, 0, 0.0
        for number, (events, seconds) in enumerate(self._noise, start=1):
            count, live_s = count + events, live_s + seconds
            if number == blocks:
                yield blocks, count, live_s
                blocks *= 2


def noise_false_alarm(watch: Watch, blocks: int) -> float:
    """The part of the false-alarm rate that belongs to the noise of so many blocks: half, a quarter, ... of it."""
    return watch.false_alarm / 2 / 2 ** (log2(blocks) + 1)


def check(watch: Watch, seen: Seen, memory: Memory | None = None) -> None:
    """Raise BlockRefused if a block looks as no honest one does, but for the false-alarm rate."""
    windows = list((memory or Memory()).windows(seen.noise, seen.dark_s))
    widest = widest_spread(watch, seen.arrivals)
    if seen.arrival_rms_ps > widest:
        raise BlockRefused(
            f"{ARRIVALS}: detections spread by {seen.arrival_rms_ps:.0f} ps around their slots, and calibrated "
            f"are {watch.arrival_rms_ps:.0f} ps (refused above {widest:.0f} ps): somebody may move pulses to "
            "where detectors differ; check the clocks and the gates, and who is on the fibre"
        )
    for blocks, noise, dark_s in windows:
        due = watch.noise_hz * dark_s
        if not is_noisy(noise, due, noise_false_alarm(watch, blocks)):
            within = f" in the last {blocks} blocks" if blocks > 1 else ""
            raise BlockRefused(
                f"{NOISE}: {noise} events between the gates where {due:.0f} are due{within}: detectors that are "
                "blinded have no dark counts; check the detectors, and for light on the fibre that is not Alice's"
            )


def widest_spread(watch: Watch, arrivals: int) -> float:
    """Give the spread in ps above which a block is refused.

    The variance of n Gaussian arrivals has the relative standard deviation ``sqrt(2 / n)``.
    """
    sigmas = -NormalDist().inv_cdf(watch.false_alarm / 2)
    room = 1 + sigmas * sqrt(2 / max(arrivals, 1))
    return watch.arrival_rms_ps * (1 + watch.arrival_tolerance) * sqrt(room)


def is_noisy(count: int, due: float, false_alarm: float) -> bool:
    r"""Whether a Poisson count of mean `due` may be so small.

    :math:`\Pr[N \le k] \le e^{-(\lambda - k + k\ln(k/\lambda))}` for k below the mean (Chernoff).
    """
    if count >= due:
        return True
    exponent = due - count + (count * log(count / due) if count else 0.0)
    return exponent <= log(1 / false_alarm)


def noise_detection(watch: Watch, dark_s: float, blinded: float, blocks: int = 1) -> float:
    """Probability that so many blocks together are refused when detectors are blinded for this share of the time.

    Parameters
    ----------
    dark_s : float
        How long the receiver is live with the gates shut, in one block.
    blocks : int
        A power of two.
    """
    due, allowed = watch.noise_hz * dark_s * blocks, noise_false_alarm(watch, blocks)
    refused = bisect_left(range(int(due) + 1), True, key=lambda count: is_noisy(count, due, allowed))
    mean = due * (1 - blinded)
    if not refused or mean == 0:
        return float(bool(refused))
    return min(sum(exp(n * log(mean) - mean - lgamma(n + 1)) for n in range(refused)), 1.0)


def blocks_until_noticed(watch: Watch, dark_s: float, blinded: float, sure: float = 0.99) -> int | None:
    """How many blocks, a power of two, it takes to notice blinding almost surely; None beyond all memory."""
    blocks = 1
    while blocks <= MEMORY_BLOCKS:
        if noise_detection(watch, dark_s, blinded, blocks) >= sure:
            return blocks
        blocks *= 2
    return None


def arrival_detection(watch: Watch, arrivals: int, shifted: float, shift_ps: float) -> float:
    """Probability that a block is refused when this share of its pulses is moved by `shift_ps`, either way."""
    variance = watch.arrival_rms_ps**2 + shifted * shift_ps**2
    # Variance of a square: Gaussian, shifted one time in so many.
    spread = 2 * watch.arrival_rms_ps**4 + 4 * watch.arrival_rms_ps**2 * shifted * shift_ps**2
    spread += shifted * (1 - shifted) * shift_ps**4
    away = (widest_spread(watch, arrivals) ** 2 - variance) / sqrt(spread / max(arrivals, 1))
    return 1 - NormalDist().cdf(away)
